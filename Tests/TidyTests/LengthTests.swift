import Testing

@Suite struct LengthTests {
    static let fileLinesMax = 500
    static let functionLinesMax = 70
    static let codeEndings = [".swift", ".c", ".h", ".py", ".sh", ".js", ".css", ".html"]

    let tree: SourceTree

    init() throws { tree = try SourceTree.current.get() }

    @Test func `no file of code is longer than 500 lines`() {
        for file in tree.files
        where Self.codeEndings.contains(where: file.path.hasSuffix) || file.path.hasPrefix("bin/") {
            let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
            #expect(count <= Self.fileLinesMax, "\(file) has \(count) lines")
        }
    }

    @Test func `no function is longer than 70 lines`() {
        for file in tree.swiftFiles {
            guard let text = file.code else { continue }
            #expect(text.isBalanced, "\(file) cannot be scanned; does it hold a regular expression with a brace?")
            for function in text.functions() {
                #expect(
                    function.length <= Self.functionLinesMax, "\(file):\(function.line) has \(function.length) lines")
            }
        }
    }
}
