import Foundation
import Iceberg
import Synchronization

/// Files in memory, which counts reads and fails on demand.
final class MemoryFileIO: FileIO {
    struct State {
        var files: [String: [UInt8]] = [:]
        var readCount = 0
        var writeCount = 0
        /// Writes left until one fails; `nil` never fails.
        var writesUntilFailure: Int?
    }

    struct Failure: Error {}

    let state = Mutex(State())

    var locations: Set<String> { state.withLock { Set($0.files.keys) } }
    var readCount: Int { state.withLock { $0.readCount } }

    func read(_ location: String) async throws -> [UInt8] {
        try state.withLock { state in
            state.readCount += 1
            guard let bytes = state.files[location] else {
                throw IcebergError(.fileMissing, "there is no such file", location: location)
            }
            return bytes
        }
    }

    func write(_ location: String, _ bytes: [UInt8]) async throws {
        try state.withLock { state in
            if let left = state.writesUntilFailure {
                if left == 0 { throw Failure() }
                state.writesUntilFailure = left - 1
            }
            guard state.files[location] == nil else {
                throw IcebergError(.fileExists, "the file exists already", location: location)
            }
            state.writeCount += 1
            state.files[location] = bytes
        }
    }

    func delete(_ location: String) async throws { _ = state.withLock { $0.files.removeValue(forKey: location) } }

    func exists(_ location: String) async throws -> Bool { state.withLock { $0.files[location] != nil } }
}

/// Files under `file://` locations, whose path is taken as it stands: other engines write `%` into names and mean it.
struct LocalFileIO: FileIO {
    private func url(_ location: String) throws -> URL {
        guard location.hasPrefix("file:///") else {
            throw IcebergError(.unsupported, "no file location", location: location)
        }
        return URL(fileURLWithPath: String(location.dropFirst(7)))
    }

    func read(_ location: String) async throws -> [UInt8] { Array(try Data(contentsOf: try url(location))) }

    func write(_ location: String, _ bytes: [UInt8]) async throws {
        let url = try url(location)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url, options: .withoutOverwriting)
    }

    func delete(_ location: String) async throws { try? FileManager.default.removeItem(at: try url(location)) }

    func exists(_ location: String) async throws -> Bool {
        FileManager.default.fileExists(atPath: try url(location).path)
    }
}
