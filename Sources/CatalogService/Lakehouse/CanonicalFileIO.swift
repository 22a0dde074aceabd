import Iceberg

/// Files by canonical location: clients spell a local one `file:/a` or `file:///a`, and both are the same file.
struct CanonicalFileIO: FileIO {
    let io: any FileIO

    func read(_ location: String) async throws -> [UInt8] { try await io.read(LocationPolicy.canonical(location)) }

    func write(_ location: String, _ bytes: [UInt8]) async throws {
        try await io.write(LocationPolicy.canonical(location), bytes)
    }

    func delete(_ location: String) async throws { try await io.delete(LocationPolicy.canonical(location)) }

    func exists(_ location: String) async throws -> Bool { try await io.exists(LocationPolicy.canonical(location)) }
}
