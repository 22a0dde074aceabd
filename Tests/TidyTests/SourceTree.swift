import Foundation

/// The files of this repository as the tidy tests read them.
struct SourceTree: Sendable {
    /// A tracked or trackable text file.
    struct File: Sendable, CustomStringConvertible {
        /// From the root of the repository, for example `Sources/Iceberg/Spec/Snapshot.swift`.
        let path: String
        let lines: [String]
        /// Of Swift files, the code without comments and literals.
        let code: SwiftText?

        init(path: String, text: String) {
            self.path = path
            lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            code = path.hasSuffix(".swift") ? SwiftText(text) : nil
        }

        var description: String { path }
        /// The first folder, or the file's own name at the top.
        var room: String { String(path.split(separator: "/").first ?? "") }
    }

    /// What a build or a run leaves behind, and what git keeps for itself.
    static let ignoredFolders: Set<String> = [
        ".git", ".build", ".deps", ".dipper", ".venv", "__pycache__", ".pytest_cache", ".swiftpm", "node_modules",
    ]

    /// The tree that these tests lie in, read once.
    static let current = Result { try SourceTree() }

    let root: URL
    let files: [File]

    /// Reads the tree that this source file lies in.
    init(sourceFile: String = #filePath) throws {
        root = URL(fileURLWithPath: sourceFile).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var files: [File] = []
        try Self.walk(root, prefix: "", into: &files)
        self.files = files.sorted { $0.path < $1.path }
    }

    /// Swift files under one of the folders of targets.
    var swiftFiles: [File] {
        files.filter { $0.path.hasSuffix(".swift") && ["Sources", "Tests", "Fuzz"].contains($0.room) }
    }

    /// Folders directly under `room`: the targets.
    func targets(in room: String) -> Set<String> {
        Set(
            files.filter { $0.room == room }.compactMap { file in
                let parts = file.path.split(separator: "/")
                return parts.count > 2 ? String(parts[1]) : nil
            })
    }

    func text(of path: String) -> String? {
        files.first { $0.path == path }?.lines.joined(separator: "\n")
    }

    private static func walk(_ folder: URL, prefix: String, into files: inout [File]) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        for name in names where !ignoredFolders.contains(name) && !name.hasPrefix(".build") {
            let url = folder.appendingPathComponent(name)
            let kind = try url.resourceValues(forKeys: [.isDirectoryKey, .isRegularFileKey])
            if kind.isDirectory == true {
                try walk(url, prefix: prefix + name + "/", into: &files)
            } else if kind.isRegularFile == true, let text = String(data: try Data(contentsOf: url), encoding: .utf8) {
                files.append(File(path: prefix + name, text: text))
            }
        }
    }
}
