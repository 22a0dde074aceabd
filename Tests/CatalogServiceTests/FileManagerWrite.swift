import Foundation

/// Writes a file, for tests of what is found on a disk.
enum FileManagerWrite {
    static func text(_ text: String, to path: String) -> Bool {
        FileManager.default.createFile(atPath: path, contents: Data(text.utf8))
    }
}
