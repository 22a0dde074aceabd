/// Reads and writes whole metadata files by location (a URI such as `file:///lake/t/metadata/x.avro`).
package protocol FileIO: Sendable {
    func read(_ location: String) async throws -> [UInt8]
    /// Creates a file; on return it survives power loss.
    /// - Throws: when a file is there already, and on any failure of storage.
    func write(_ location: String, _ bytes: [UInt8]) async throws
    /// Removes a file; one that is not there is no error.
    func delete(_ location: String) async throws
    func exists(_ location: String) async throws -> Bool
}
