package import LakeModel

/// Where bronze objects, data files and table metadata lie: a local directory or an S3 bucket.
///
/// Keys are `/`-separated relative paths without empty, `.` or `..` parts. An object is visible under its key whole or
/// not at all, and once a call that creates it has returned, it survives power loss.
package protocol ObjectStore: Sendable {
    /// The URI prefix of every object, without a trailing `/`, for example `file:///data/lake`. `prefix/key` is what
    /// Iceberg metadata calls a location.
    var locationPrefix: String { get }

    /// Stores a small object.
    /// - Parameter ifAbsent: fail with `object-exists` rather than replace.
    func put(_ key: String, bytes: [UInt8], ifAbsent: Bool) async throws

    /// Stores a small object under a key that nobody knows before this returns, because a part of it is random. Until then it may be
    /// seen in part, after a power loss too; nothing refers to it.
    /// - Throws: `object-exists`.
    func putNew(_ key: String, bytes: [UInt8]) async throws

    /// Starts a large object. Nothing is visible until ``ObjectWriter/finish()`` returns.
    func makeWriter(_ key: String) async throws -> any ObjectWriter

    /// The same for an object that gets its name when it is finished, which `key` stands in for until then. Stores that
    /// know no renaming keep it aside.
    func makeDraft(_ key: String) async throws -> any ObjectWriter

    /// Reads a whole object.
    /// - Throws: `object-missing`; `object-too-large` past `bytesMax`.
    func get(_ key: String, bytesMax: Int) async throws -> [UInt8]

    /// Opens an object for ranged reads.
    func open(_ key: String) async throws -> any RandomAccessSource

    /// Size and modification time; `nil` when there is no such object.
    func info(_ key: String) async throws -> ObjectInfo?

    /// Removes an object; one that is not there is no error.
    func delete(_ key: String) async throws

    /// Objects whose key starts with `prefix`, in key order, `after` excluded, at most `limit`.
    func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo]
}

extension ObjectStore {
    package func makeDraft(_ key: String) async throws -> any ObjectWriter { try await makeWriter(key) }

    package func putNew(_ key: String, bytes: [UInt8]) async throws {
        try await put(key, bytes: bytes, ifAbsent: true)
    }
}

/// One object's bytes on their way in. Used from one task or thread at a time; ``write(_:)`` may block.
package protocol ObjectWriter: AnyObject, Sendable {
    func write(_ bytes: RawSpan) throws
    /// Waits until ``write(_:)`` can take some megabytes without blocking, for callers on Swift's cooperative pool.
    func ready() async
    /// Makes the object durable, then visible under `key` (the one given at the start unless another is named: content
    /// addressed objects learn their name at the end). With `ifAbsent`, an object already there is kept and ours dropped.
    /// - Returns: whether this writer's bytes became the object.
    @discardableResult func finish(as key: String?, ifAbsent: Bool) async throws -> Bool
    /// Drops what was written.
    func abort() async
}

extension ObjectWriter {
    package func ready() async {}
}

package struct ObjectInfo: Sendable, Hashable {
    package var key: String
    package var byteCount: Int
    /// Microseconds since 1970 UTC.
    package var modifiedMicroseconds: Int64

    package init(key: String, byteCount: Int, modifiedMicroseconds: Int64) {
        self.key = key
        self.byteCount = byteCount
        self.modifiedMicroseconds = modifiedMicroseconds
    }
}
