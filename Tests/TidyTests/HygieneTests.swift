import Foundation
import Testing

@Suite struct HygieneTests {
    let tree: SourceTree

    init() throws { tree = try SourceTree.current.get() }

    /// Every line that `matches`, as `path:line`.
    private func places(_ matches: (String) -> Bool) -> [String] {
        tree.files.flatMap { file in
            file.lines.enumerated().compactMap { matches($1) ? "\(file.path):\($0 + 1)" : nil }
        }
    }

    @Test func `no word marks unfinished work`() {
        // Put together here, so that this file does not find itself.
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        let found = places { line in
            words.contains { word in
                line.ranges(of: word).contains { range in
                    let before = range.lowerBound == line.startIndex ? " " : line[line.index(before: range.lowerBound)]
                    let after = range.upperBound == line.endIndex ? " " : line[range.upperBound]
                    return !before.isLetter && !after.isLetter && before != "_" && after != "_"
                }
            }
        }
        #expect(found == [])
    }

    @Test func `no path of one machine is written down`() {
        let parts = ["/ro" + "ot/", "/Us" + "ers/", "/wo" + "rk/"]
        var paths = parts + [tree.root.path + "/"]
        if let home = ProcessInfo.processInfo.environment["HOME"], home.count > 3 { paths.append(home + "/") }
        let found = places { line in
            paths.contains { path in
                line.ranges(of: path).contains { range in
                    guard range.lowerBound != line.startIndex else { return true }
                    let before = line[line.index(before: range.lowerBound)]
                    // A longer path or address that only ends so, as in `$FOLDER/…` or `https://host/…`.
                    return !before.isLetter && !before.isNumber && !"_}).-*".contains(before)
                }
            }
        }
        #expect(found == [])
    }

    @Test func `no package registry is named by its host`() {
        let hosts = ["py" + "pi.org", "python" + "hosted", "deb." + "debian.org", "npm" + "js.org", "repo1.ma" + "ven"]
        #expect(places { line in hosts.contains { line.contains($0) } } == [])
    }

    @Test func `what the compiler takes on trust is justified beside it`() {
        let marks = ["@unchecked" + " Sendable", "nonisolated" + "(unsafe)"]
        for file in tree.swiftFiles {
            for (index, line) in file.lines.enumerated() where marks.contains(where: line.contains) {
                let isComment = line.drop { $0 == " " }.hasPrefix("//")
                let above = file.lines[max(0, index - 3)..<index]
                let isJustified = line.contains("//") || above.contains { $0.drop { $0 == " " }.hasPrefix("//") }
                #expect(isComment || isJustified, "\(file):\(index + 1) says nothing about why this is safe")
            }
        }
    }

    @Test func `resolved packages are not tracked`() throws {
        let resolved = "Package" + ".resolved"
        #expect(tree.text(of: ".gitignore")?.split(separator: "\n").contains(Substring(resolved)) == true)
        guard FileManager.default.fileExists(atPath: tree.root.path + "/.git") else { return }
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "-C", tree.root.path, "ls-files", "--error-unmatch", resolved]
        git.standardOutput = FileHandle.nullDevice
        git.standardError = FileHandle.nullDevice
        try git.run()
        git.waitUntilExit()
        #expect(git.terminationStatus != 0, "\(resolved) is tracked")
    }
}
