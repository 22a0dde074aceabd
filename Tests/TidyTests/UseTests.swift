import Foundation
import Testing

/// Every folder has its purpose and every file its use.
@Suite struct UseTests {
    static let rooms: Set<String> = [
        "Sources", "Tests", "IntegrationTests", "Benchmarks", "Fuzz", "spark", "deploy", "console", "docs", "bin",
        ".ci",
    ]
    static let topFiles: Set<String> = [
        "Package.swift", "Package.resolved", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE",
        "NOTICE", ".gitignore", ".gitattributes", ".swift-format", ".editorconfig", ".dockerignore", ".git",
        "Dockerfile", "compose.yaml",
    ]

    let tree: SourceTree

    init() throws { tree = try SourceTree.current.get() }

    @Test func `the top of the tree holds what the architecture names`() {
        for file in tree.files {
            let isAtTop = !file.path.contains("/")
            #expect(
                isAtTop ? Self.topFiles.contains(file.path) : Self.rooms.contains(file.room),
                "\(file) lies where the architecture has no place for it")
        }
    }

    @Test func `every folder of sources and tests is a target`() throws {
        // A long call breaks behind its parenthesis.
        let manifest = try #require(tree.text(of: "Package.swift"))
            .replacing(/\(\s+"/, with: "(\"")
        for target in tree.targets(in: "Sources") {
            #expect(manifest.contains("\"\(target)\""), "Package.swift does not name Sources/\(target)")
        }
        for target in tree.targets(in: "Tests") {
            let tested = target.hasSuffix("Tests") ? String(target.dropLast(5)) : target
            let isNamed = manifest.contains("tests(\"\(tested)\"") || manifest.contains("\"\(target)\"")
            #expect(isNamed, "Package.swift does not name Tests/\(target)")
        }
    }

    @Test func `every fixture of a test is named by that test`() {
        for target in tree.targets(in: "Tests") {
            let prefix = "Tests/\(target)/"
            let code = tree.swiftFiles.filter { $0.path.hasPrefix(prefix) }.flatMap(\.lines).joined(separator: "\n")
            for file in tree.files where file.path.hasPrefix(prefix) && !file.path.hasSuffix(".swift") {
                let parts = file.path.dropFirst(prefix.count).split(separator: "/")
                let isNamed = parts.contains { part in
                    code.contains(part) || code.contains(part.prefix { $0 != "." })
                }
                #expect(isNamed || file.path.hasSuffix(".md"), "no test of \(target) names \(file)")
            }
        }
    }

    @Test func `every helper script is used by another one`() {
        let scripts = tree.files.filter {
            ["bin", "IntegrationTests", ".ci", "spark", "deploy"].contains($0.room)
        }
        for file in scripts {
            let name = String(file.path.split(separator: "/").last ?? "")
            let stem = String(name.prefix { $0 != "." })
            let isHelper =
                file.path.hasPrefix("bin/lib/")
                || (file.path.hasPrefix("IntegrationTests/") && name.hasSuffix(".py") && !name.hasPrefix("test_")
                    && !name.hasPrefix("check_") && name != "conftest.py" && name != "__init__.py")
            guard isHelper else { continue }
            // Golden files are made anew by a script that the test of them names.
            let isUsed = (scripts + tree.swiftFiles).contains { other in
                other.path != file.path && other.lines.contains { $0.contains(stem) }
            }
            #expect(isUsed, "nothing uses \(file)")
        }
    }

    @Test func `every page of the documentation is linked`() {
        let pages = tree.files.filter { $0.path.hasSuffix(".md") }
        for page in pages where page.room == "docs" {
            let name = String(page.path.split(separator: "/").last ?? "")
            let isLinked = pages.contains { other in
                other.path != page.path && other.lines.contains { $0.contains(name + ")") || $0.contains(name + "#") }
            }
            #expect(isLinked, "no other page links to \(page)")
        }
    }

    @Test func `links between pages lead somewhere`() throws {
        let link = try NSRegularExpression(pattern: #"\]\(([^)#:\s]+)(#[^)]*)?\)"#)
        for page in tree.files where page.path.hasSuffix(".md") {
            let text = page.lines.joined(separator: "\n")
            let folder = tree.root.appendingPathComponent(page.path).deletingLastPathComponent()
            for match in link.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
                guard let range = Range(match.range(at: 1), in: text) else { continue }
                let target = folder.appendingPathComponent(String(text[range])).standardizedFileURL
                #expect(FileManager.default.fileExists(atPath: target.path), "\(page) links to \(text[range])")
            }
        }
    }
}
