import LakeModel

extension ViewMetadata {
    /// View property: how many versions a view keeps.
    package static let historySizeKey = "version.history.num-entries"
    package static let historySizeDefault = 10
    /// View property: whether a new version may lack an SQL dialect that the one before had.
    package static let dropsDialectsKey = "replace.drop-dialect.allowed"

    /// The view that `updates` define from nothing.
    package static func creating(_ updates: [ViewUpdate], nowMilliseconds: Int64) throws -> ViewMetadata {
        var change = ViewChange(metadata: .empty(), nowMilliseconds: nowMilliseconds)
        for update in updates { try change.apply(update) }
        if change.metadata.uuid.isEmpty { change.metadata.uuid = RandomUUID.text() }
        return try change.finished(previous: nil)
    }

    /// The metadata after `updates`, in order.
    /// - Throws: ``IcebergError`` `table-update-invalid`.
    package func applying(_ updates: [ViewUpdate], nowMilliseconds: Int64) throws -> ViewMetadata {
        if updates.isEmpty { return self }
        var change = ViewChange(metadata: self, nowMilliseconds: nowMilliseconds)
        for update in updates { try change.apply(update) }
        return try change.finished(previous: version(id: currentVersionID))
    }
}

/// View metadata on its way through a list of updates.
private struct ViewChange {
    var metadata: ViewMetadata
    let nowMilliseconds: Int64
    var lastAddedSchemaID: Int?
    var lastAddedVersionID: Int?
    var addedVersionIDs: Set<Int> = []
    /// A list of updates leaves one entry in the log, whatever it passed through.
    var logEntry: ViewMetadata.LogEntry?

    init(metadata: ViewMetadata, nowMilliseconds: Int64) {
        self.metadata = metadata
        self.nowMilliseconds = nowMilliseconds
    }

    private func invalid(_ message: String) -> IcebergError { IcebergError(.updateInvalid, message) }

    mutating func apply(_ update: ViewUpdate) throws {
        switch update {
        case .assignUUID(let uuid):
            guard metadata.uuid.isEmpty || metadata.uuid == uuid else { throw invalid("Cannot reassign uuid") }
            metadata.uuid = uuid
        case .upgradeFormatVersion(let version):
            guard version >= metadata.formatVersion else {
                throw invalid("Cannot downgrade v\(metadata.formatVersion) view to v\(version)")
            }
            guard version <= ViewMetadata.formatVersionMax else {
                throw IcebergError(.unsupported, "Unsupported format version: \(version)")
            }
            metadata.formatVersion = version
        case .addSchema(let schema): add(schema)
        case .setLocation(let location): metadata.location = TableMetadata.trimmed(location)
        case .setProperties(let properties): metadata.properties.merge(properties) { _, new in new }
        case .removeProperties(let keys): for key in keys { metadata.properties[key] = nil }
        case .addVersion(let version): try add(version)
        case .setCurrentVersion(let id): try setCurrent(id)
        }
    }

    private mutating func add(_ schema: Schema) {
        if let same = metadata.schemas.first(where: {
            $0.fields == schema.fields && $0.identifierFieldIDs == schema.identifierFieldIDs
        }) {
            lastAddedSchemaID = same.id
            return
        }
        var schema = schema
        schema.id = (metadata.schemas.map(\.id).max() ?? -1) + 1
        metadata.schemas.append(schema)
        lastAddedSchemaID = schema.id
    }

    private mutating func add(_ version: ViewMetadata.Version) throws {
        var version = version
        if version.schemaID == -1 {
            guard let lastAddedSchemaID else {
                throw invalid("Cannot set last added schema: no schema has been added")
            }
            version.schemaID = lastAddedSchemaID
        }
        guard metadata.schemas.contains(where: { $0.id == version.schemaID }) else {
            throw invalid("Cannot add version with unknown schema: \(version.schemaID)")
        }
        var dialects: Set<String> = []
        for dialect in version.dialects where !dialects.insert(dialect).inserted {
            throw invalid("Invalid view version: Cannot add multiple queries for dialect \(dialect)")
        }
        if let same = metadata.versions.first(where: { $0.isSame(as: version) }) {
            lastAddedVersionID = same.id
            return
        }
        version.id = max(version.id, (metadata.versions.map(\.id).max() ?? 0) + 1)
        metadata.versions.append(version)
        addedVersionIDs.insert(version.id)
        lastAddedVersionID = version.id
    }

    private mutating func setCurrent(_ id: Int) throws {
        var id = id
        if id == -1 {
            guard let lastAddedVersionID else {
                throw invalid("Cannot set last version id: no current version id has been set")
            }
            id = lastAddedVersionID
        }
        if id == metadata.currentVersionID { return }
        guard let version = metadata.version(id: id) else {
            throw invalid("Cannot set current version to unknown version: \(id)")
        }
        metadata.currentVersionID = id
        logEntry = ViewMetadata.LogEntry(
            timestampMilliseconds: addedVersionIDs.contains(id) ? version.timestampMilliseconds : nowMilliseconds,
            versionID: id)
    }

    func finished(previous: ViewMetadata.Version?) throws -> ViewMetadata {
        var metadata = metadata
        guard !metadata.location.isEmpty else { throw invalid("Invalid location: null") }
        guard let current = metadata.version(id: metadata.currentVersionID) else {
            throw invalid("Invalid view: no versions were added")
        }
        if let logEntry { metadata.log.append(logEntry) }
        if let previous, metadata.properties[ViewMetadata.dropsDialectsKey]?.lowercased() != "true" {
            let lost = Set(previous.dialects).subtracting(current.dialects)
            if !lost.isEmpty {
                throw invalid(
                    "Cannot replace view due to loss of view dialects (\(ViewMetadata.dropsDialectsKey)=false):\n"
                        + "Previous dialects: [\(previous.dialects.sorted().joined(separator: ", "))]\n"
                        + "New dialects: [\(current.dialects.sorted().joined(separator: ", "))]")
            }
        }
        try prune(&metadata)
        metadata.metadataLocation = nil
        return metadata
    }

    /// Keeps the current version, those added now, and the newest others up to the limit; log entries before a version
    /// that is gone go with it.
    private func prune(_ metadata: inout ViewMetadata) throws {
        let text = metadata.properties[ViewMetadata.historySizeKey]
        guard let limit = text.map({ Int($0) }) ?? ViewMetadata.historySizeDefault, limit > 0 else {
            throw invalid("\(ViewMetadata.historySizeKey) must be positive but was \(text ?? "")")
        }
        let count = max(limit, addedVersionIDs.union([metadata.currentVersionID]).count)
        guard metadata.versions.count > count else { return }
        let others = metadata.versions.map(\.id).filter { $0 != metadata.currentVersionID }.sorted(by: >)
        let kept = Set(others.prefix(count - 1) + [metadata.currentVersionID])
        metadata.versions.removeAll { !kept.contains($0.id) }
        if let last = metadata.log.lastIndex(where: { !kept.contains($0.versionID) }) {
            metadata.log.removeFirst(last + 1)
        }
    }
}
