import Foundation
import Synchronization

/// A file that is loaded, read block by block. Every error names it.
final class SourceFile: Sendable {
    private static let blockBytes = 1 << 20

    /// The size at the start, of a file that has one: a pipe has none. Another size at its end is an error.
    let byteCount: Int64?
    private let path: String
    private let handle: FileHandle
    private let bytesRead = Mutex<Int64>(0)

    /// - Throws: ``ClientError`` `file-unreadable`.
    init(_ path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ClientError(
                code: "file-unreadable", message: "\(path) cannot be read", remedy: "check the path and its rights")
        }
        self.path = path
        self.handle = handle
        guard let size = try? handle.seekToEnd() else {
            byteCount = nil
            return
        }
        byteCount = Int64(size)
        do {
            try handle.seek(toOffset: 0)
        } catch {
            throw Self.unreadable(path, error)
        }
    }

    /// The next block; `nil` at the end.
    /// - Throws: ``ClientError`` `file-unreadable`, `file-changed`.
    func next() throws -> Data? {
        let data: Data?
        do {
            data = try handle.read(upToCount: Self.blockBytes)
        } catch {
            throw Self.unreadable(path, error)
        }
        let done = bytesRead.withLock { count in
            count += Int64(data?.count ?? 0)
            return count
        }
        guard let data, !data.isEmpty else {
            if let byteCount, done != byteCount { throw changed(from: byteCount, to: done) }
            return nil
        }
        if let byteCount, done > byteCount { throw changed(from: byteCount, to: done) }
        return data
    }

    func close() { try? handle.close() }

    private func changed(from before: Int64, to now: Int64) -> ClientError {
        ClientError(
            code: "file-changed", message: "\(path) had \(before) bytes and now has \(now): it was written meanwhile",
            remedy: "load it when nobody writes to it; nothing of it was loaded")
    }

    private static func unreadable(_ path: String, _ error: any Error) -> ClientError {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return ClientError(
            code: "file-unreadable",
            message: "\(path) cannot be read to its end: \((cause ?? error as NSError).localizedDescription)",
            remedy: "check the disk that it lies on; nothing of it was loaded")
    }
}
