import AvroFormat
package import Iceberg
import LakeModel
import Synchronization

/// Tables and views as the Iceberg REST catalog knows them, over a ``CatalogStore``: what a request means, without HTTP.
///
/// Names are checked here, whoever asks. Every change is one ``CatalogStore/commit(_:)``, with the idempotency key of the
/// request in it.
package final class LakehouseCatalog: Sendable {
    /// Levels of a namespace, and bytes of one name.
    package static let namespaceLevelsMax = 16
    package static let nameBytesMax = 255
    /// How often a change is applied anew to what another commit has made of a table, before the client is told.
    package static let rebasesMax = 20

    package let store: any CatalogStore
    package let locations: LocationPolicy
    package let io: any FileIO
    /// Tells of every commit of a table that this catalog has made.
    package let signals = CommitSignals()
    /// The latest format version that a table may have: of those that Dipper writes itself, the one that it writes.
    let versionMax: @Sendable (TableIdentifier) -> Int
    let now: @Sendable () -> Int64
    let cache = MetadataCache()
    let locks = RelationLocks()
    let queues = CommitQueues()
    let refusals = RefusalPace()
    let plans = ScanPlans()
    private let pointerReads = JoinedReads<TableIdentifier, String>()
    private let existenceReads = JoinedReads<String, Bool>()

    /// - Parameters:
    ///   - io: reads and writes below the locations that `locations` allows; gets them in their canonical form.
    ///   - nowMilliseconds: since 1970 UTC.
    package init(
        store: any CatalogStore, io: any FileIO, locations: LocationPolicy,
        versionMax: @escaping @Sendable (TableIdentifier) -> Int = { _ in TableMetadata.formatVersionMax },
        nowMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.io = CanonicalFileIO(io: io)
        self.locations = locations
        self.versionMax = versionMax
        now = nowMilliseconds
    }

    // MARK: Names

    /// The stored name of a namespace.
    /// - Throws: ``CatalogError`` `name-invalid`.
    package static func namespaceName(_ levels: [String]) throws -> String {
        guard (1...namespaceLevelsMax).contains(levels.count) else {
            throw CatalogError(
                code: "name-invalid", message: "Invalid namespace: it has \(levels.count) levels",
                remedy: "use 1 to \(namespaceLevelsMax) levels")
        }
        for level in levels { try check(name: level) }
        return NamespaceName.joined(levels)
    }

    package static func check(name: String) throws {
        guard (1...nameBytesMax).contains(name.utf8.count), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw CatalogError(
                code: "name-invalid", message: "Invalid name: '\(name.prefix(64))'",
                remedy: "use 1 to \(nameBytesMax) bytes of UTF-8 without control characters")
        }
    }

    // MARK: Metadata

    func requireNamespace(_ namespace: String) async throws {
        guard try await store.namespaceProperties(namespace) != nil else {
            throw CatalogError.namespaceMissing(namespace)
        }
    }

    func requirePointer(_ kind: RelationKind, _ name: TableIdentifier) async throws -> TablePointer {
        let pointer = kind == .table ? try await store.pointer(name) : try await store.viewPointer(name)
        guard let pointer else { throw CatalogError.relationMissing(kind, name) }
        return pointer
    }

    /// The metadata file that a table has now, read once for all who ask at the same time.
    /// - Throws: `table-missing`.
    func loadedLocation(_ name: TableIdentifier) async throws -> String {
        try await pointerReads.value(of: name) { try await tableLocation(name) }
    }

    func isThere(_ location: String) async throws -> Bool {
        try await existenceReads.value(of: location) { try await io.exists(location) }
    }

    /// The bytes of a metadata file, unpacked.
    func readBytes(_ location: String) async throws -> [UInt8] {
        do {
            return try await MetadataFile.readBytes(location, io: io)
        } catch let error as any LakeError where error.code == "object-missing" {
            throw IcebergError(
                .fileMissing, "Failed to open input stream for file: \(location)", location: location,
                remedy: "restore the file from a copy", cause: error)
        }
    }

    func metadata(_ table: TableIdentifier, at location: String) async throws -> TableMetadata {
        var cached = cache.find(table, location: location) ?? CachedTable(location: location)
        if let metadata = cached.metadata { return metadata }
        let bytes: [UInt8]
        if let json = cached.json { bytes = json } else { bytes = try await readBytes(location) }
        let metadata = try MetadataFile.parse(bytes, from: location)
        cached.json = bytes
        cached.metadata = metadata
        cache.offer(table, cached)
        return metadata
    }

    /// The bytes of a table's metadata file, unpacked. They are not parsed: a long history takes longer to parse than
    /// to read.
    func json(_ table: TableIdentifier, at location: String) async throws -> [UInt8] {
        var cached = cache.find(table, location: location) ?? CachedTable(location: location)
        if let json = cached.json { return json }
        let bytes = try await readBytes(location)
        cached.json = bytes
        cache.offer(table, cached)
        return bytes
    }

    // MARK: Locations

    /// Where a new table or view lies that asks for no place: below its namespace's `location`, or the warehouse's folder
    /// of that name. The UUID keeps two tables apart that bear one name after each other.
    func defaultLocation(_ name: TableIdentifier) async throws -> String {
        let properties = try await store.namespaceProperties(name.namespace) ?? [:]
        var base = ([locations.warehouse] + NamespaceName.levels(name.namespace).map(Self.pathPart)).joined(
            separator: "/")
        if let wanted = properties["location"], locations.allows(wanted) { base = LocationPolicy.canonical(wanted) }
        return "\(base)/\(Self.pathPart(name.name))-\(RandomUUID.text())"
    }

    /// The folder of a namespace below the warehouse.
    package static func folder(ofNamespace levels: [String]) -> String {
        levels.map(pathPart).joined(separator: "/")
    }

    /// A name as a part of a path: what might mean something there becomes `_`.
    static func pathPart(_ name: String) -> String {
        let partBytesMax = 64
        let plain = name.unicodeScalars.map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-": Character(scalar)
            default: "_"
            }
        }
        return String(plain.prefix(partBytesMax))
    }

    /// The folder for metadata files: `write.metadata.path`, or `metadata` below the location.
    static func metadataFolder(location: String, properties: [String: String]) -> String {
        var folder = properties["write.metadata.path"] ?? "\(location)/metadata"
        while folder.hasSuffix("/") { folder.removeLast() }
        return folder
    }

    func check(_ metadata: TableMetadata, of table: TableIdentifier) throws {
        guard metadata.formatVersion <= versionMax(table) else {
            throw IcebergError(
                .unsupported,
                "Unsupported format version: \(metadata.formatVersion) (\(table) is written by the server itself)",
                remedy: "leave the table at format version \(versionMax(table))")
        }
        try check(metadata)
    }

    func check(_ metadata: TableMetadata) throws {
        try locations.check(metadata.location)
        try locations.check(Self.metadataFolder(location: metadata.location, properties: metadata.properties) + "/x")
    }

    /// Writes the next metadata file.
    /// - Returns: its JSON.
    func write(_ metadata: inout TableMetadata) async throws -> [UInt8] {
        var snapshots = SnapshotBytes()
        return try await write(&metadata, reusing: &snapshots)
    }

    func write(_ metadata: inout TableMetadata, reusing snapshots: inout SnapshotBytes) async throws -> [UInt8] {
        let encoded = try EncodedMetadata(metadata, reusing: &snapshots)
        let previous = metadata.metadataLog.last.flatMap { MetadataFile.version(of: $0.location) }
        let location = MetadataFile.location(
            folder: Self.metadataFolder(location: metadata.location, properties: metadata.properties),
            version: previous.map { $0 + 1 } ?? metadata.metadataLog.count, codec: encoded.codec)
        try await io.write(location, encoded.stored)
        metadata.metadataLocation = location
        return encoded.json
    }

    /// Removes a file that nothing refers to. That it stays is no failure of the request: orphan removal finds it.
    func discard(_ location: String?) async {
        if let location { try? await io.delete(location) }
    }
}
