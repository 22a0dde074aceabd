import Testing

/// The scanner that the other tidy tests stand on.
@Suite struct SwiftTextTests {
    @Test func `braces and words in comments and strings are not code`() {
        let source = #"""
            // func a() {
            /* { /* nested { */ func b() { */
            let text = "func c() { \(map { "}" + "{" }) \" {"
            let raw = ##"func "d"# { \(x) "##
            func `init of e`() { }
            """#
        let text = SwiftText(source)
        #expect(text.isBalanced)
        #expect(text.functions() == [SwiftText.Function(line: 5, length: 1)])
    }

    @Test func `a multi-line string ends at three quotes`() {
        let quotes = "\"\"\""
        let text = SwiftText("let a = \(quotes)\n{ \"x\" func f() {\n\(quotes)\nfunc g() {\n}\n")
        #expect(text.functions() == [SwiftText.Function(line: 4, length: 2)])
    }

    @Test func `requirements without a body are no functions`() {
        let text = SwiftText(
            "protocol P {\nfunc a(b: () -> Void)\ninit()\nvar c: Int { get }\n}\nfunc d() { self.init() }")
        #expect(text.functions() == [SwiftText.Function(line: 6, length: 1)])
    }

    @Test func `a closure as default argument does not end the declaration`() {
        let text = SwiftText("func a(\n  b: () -> Void = { },\n  c: Int\n) -> Int {\n  c\n}\n")
        #expect(text.functions() == [SwiftText.Function(line: 1, length: 6)])
    }

    @Test func `imports are read with their modifiers`() {
        let source = """
            package import LakeModel
            @testable import Iceberg
            import struct Foundation.Data
            // import Nothing
            import NIOCore
            """
        #expect(SwiftText(source).imports() == ["LakeModel", "Iceberg", "Foundation", "NIOCore"])
    }
}
