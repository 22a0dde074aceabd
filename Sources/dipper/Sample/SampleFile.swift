import Foundation
import LakeModel

/// One CSV file of a sample on its way to disk: written under a name of its own and renamed when it is whole, so that
/// a generator that was stopped leaves no file that looks finished.
struct SampleFile: ~Copyable {
    let path: String
    private let partialPath: String
    private let handle: FileHandle
    private(set) var byteCount = 0

    /// - Throws: ``SampleError`` `sample-file-unwritable`.
    init(path: String) throws {
        self.path = path
        partialPath = path + ".part"
        guard FileManager.default.createFile(atPath: partialPath, contents: nil),
            let handle = FileHandle(forWritingAtPath: partialPath)
        else {
            throw SampleError(
                code: "sample-file-unwritable", message: "cannot create \(partialPath)",
                remedy: "check that the folder exists and that this user may write to it",
                place: Place(source: partialPath))
        }
        self.handle = handle
    }

    /// Writes the first `count` of `bytes`.
    /// - Throws: ``SampleError`` `sample-file-unwritable`, for example for a full disk.
    mutating func write(_ block: borrowing SampleBytes) throws {
        do {
            try handle.write(contentsOf: block.bytes[..<block.count])
        } catch {
            throw SampleError(
                code: "sample-file-unwritable", message: "cannot write at byte \(byteCount) of \(partialPath)",
                remedy: "check the free space of the disk",
                place: Place(source: partialPath, byteOffset: byteCount), cause: error)
        }
        byteCount += block.count
    }

    /// Closes the file and gives it its name. Returns its size in bytes.
    consuming func finish() throws -> Int {
        do {
            try handle.close()
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
            try FileManager.default.moveItem(atPath: partialPath, toPath: path)
        } catch {
            throw SampleError(
                code: "sample-file-unwritable", message: "cannot finish \(path)",
                remedy: "check the folder and the free space of the disk", place: Place(source: path), cause: error)
        }
        return byteCount
    }
}
