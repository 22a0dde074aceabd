import AvroFormat
import LakeModel

extension TableMetadata {
    /// Table property: how many earlier metadata files the metadata log keeps.
    package static let previousVersionsMaxKey = "write.metadata.previous-versions-max"
    package static let previousVersionsMaxDefault = 100

    /// The metadata after `updates`, in order. Without any this is the same metadata.
    ///
    /// The file that this metadata came from joins the metadata log; `last-updated-ms` moves on, never back.
    /// - Throws: ``IcebergError`` `table-update-invalid`, `iceberg-unsupported`.
    package func applying(_ updates: [TableUpdate], nowMilliseconds: Int64) throws -> TableMetadata {
        if updates.isEmpty { return self }
        var change = MetadataChange(metadata: self, nowMilliseconds: max(nowMilliseconds, lastUpdatedMilliseconds))
        for update in updates { try change.apply(update) }
        var result = change.metadata
        result.lastUpdatedMilliseconds = change.nowMilliseconds
        if let metadataLocation {
            result.metadataLog.append(
                MetadataLogEntry(timestampMilliseconds: lastUpdatedMilliseconds, location: metadataLocation))
            result.metadataLocation = nil
        }
        let logMax = result.integerProperty(
            Self.previousVersionsMaxKey, default: Self.previousVersionsMaxDefault, minimum: 1)
        if result.metadataLog.count > logMax { result.metadataLog.removeFirst(result.metadataLog.count - logMax) }
        try result.validate(after: updates.allSatisfy(\.keepsSnapshots) ? self : nil)
        return result
    }
}

extension TableUpdate {
    /// Whether the snapshots that are there stay in their place, so that new ones can only stand behind them.
    package var keepsSnapshots: Bool {
        switch self {
        case .removeSnapshots, .upgradeFormatVersion: false
        default: true
        }
    }
}

/// Metadata on its way through a list of updates.
private struct MetadataChange {
    var metadata: TableMetadata
    var nowMilliseconds: Int64
    var lastAddedSchemaID: Int?
    var lastAddedSpecID: Int?
    var lastAddedSortOrderID: Int?
    /// Snapshots added by this list: those a branch only passed through do not enter the snapshot log.
    var addedSnapshotIDs: Set<Int64> = []

    init(metadata: TableMetadata, nowMilliseconds: Int64) {
        self.metadata = metadata
        self.nowMilliseconds = nowMilliseconds
    }

    private func invalid(_ message: String) -> IcebergError { IcebergError(.updateInvalid, message) }

    mutating func apply(_ update: TableUpdate) throws {
        switch update {
        case .assignUUID(let uuid):
            guard metadata.tableUUID.isEmpty || metadata.tableUUID == uuid else {
                throw invalid("the table's UUID is \(metadata.tableUUID) and cannot become another")
            }
            metadata.tableUUID = uuid
        case .upgradeFormatVersion(let version): try upgrade(to: version)
        case .addSchema(let schema): try add(schema)
        case .setCurrentSchema(let id):
            let id = try resolve(id, last: lastAddedSchemaID, what: "schema")
            guard metadata.schema(id: id) != nil else { throw invalid("there is no schema \(id)") }
            metadata.currentSchemaID = id
        case .addPartitionSpec(let spec): try add(spec)
        case .setDefaultSpec(let id):
            let id = try resolve(id, last: lastAddedSpecID, what: "partition spec")
            guard metadata.partitionSpec(id: id) != nil else { throw invalid("there is no partition spec \(id)") }
            metadata.defaultSpecID = id
        case .addSortOrder(let order): try add(order)
        case .setDefaultSortOrder(let id):
            let id = try resolve(id, last: lastAddedSortOrderID, what: "sort order")
            guard metadata.sortOrders.contains(where: { $0.id == id }) else {
                throw invalid("there is no sort order \(id)")
            }
            metadata.defaultSortOrderID = id
        case .addSnapshot(let snapshot): try add(snapshot)
        case .setSnapshotRef(let name, let reference): try set(name, reference)
        case .removeSnapshots(let ids): removeSnapshots(Set(ids))
        case .removeSnapshotRef(let name):
            metadata.refs[name] = nil
            if name == SnapshotReference.mainBranch { metadata.currentSnapshotID = nil }
        case .setLocation(let location): metadata.location = TableMetadata.trimmed(location)
        case .setProperties(let properties):
            metadata.properties.merge(properties) { _, new in new }
        case .removeProperties(let keys):
            for key in keys { metadata.properties[key] = nil }
        case .setStatistics(let file):
            let id = try MetadataObject(file, "statistics file").long("snapshot-id")
            metadata.statistics.removeAll { $0["snapshot-id"]?.integer == id }
            metadata.statistics.append(file)
        case .removeStatistics(let id): metadata.statistics.removeAll { $0["snapshot-id"]?.integer == id }
        case .setPartitionStatistics(let file):
            let id = try MetadataObject(file, "partition statistics file").long("snapshot-id")
            metadata.partitionStatistics.removeAll { $0["snapshot-id"]?.integer == id }
            metadata.partitionStatistics.append(file)
        case .removePartitionStatistics(let id):
            metadata.partitionStatistics.removeAll { $0["snapshot-id"]?.integer == id }
        case .removePartitionSpecs(let ids):
            guard !ids.contains(metadata.defaultSpecID) else { throw invalid("the default spec cannot be removed") }
            metadata.partitionSpecs.removeAll { ids.contains($0.id) }
        case .removeSchemas(let ids):
            guard !ids.contains(metadata.currentSchemaID) else { throw invalid("the current schema cannot be removed") }
            metadata.schemas.removeAll { ids.contains($0.id) }
        }
    }

    private func resolve(_ id: Int, last: Int?, what: String) throws -> Int {
        if id != -1 { return id }
        guard let last else { throw invalid("-1 stands for the \(what) added last, and none was added") }
        return last
    }

    private mutating func upgrade(to version: Int) throws {
        guard version >= metadata.formatVersion else {
            throw invalid("format version \(metadata.formatVersion) cannot go back to \(version)")
        }
        guard version <= TableMetadata.formatVersionMax else { throw IcebergError.unsupportedVersion(version) }
        guard metadata.snapshots.allSatisfy({ $0.manifestList != nil }) || version == 1 else {
            throw IcebergError(.unsupported, "a snapshot without a manifest list cannot be carried to version 2")
        }
        if version > 2, metadata.nextRowID == nil { metadata.nextRowID = 0 }
        metadata.formatVersion = version
    }

    /// To leave an initial default out would change what old rows hold, and version 2 has no place for it.
    private func refuseDefaults(_ schema: Schema) throws {
        guard metadata.formatVersion < 3 else { return }
        if let field = schema.fields.lazy.compactMap(\.withInitialDefault).first {
            throw IcebergError(
                .unsupported,
                "Invalid initial default for \(field.name.prefix(128)): "
                    + "non-null defaults are not supported until format version 3")
        }
    }

    private mutating func add(_ schema: Schema) throws {
        try refuseDefaults(schema)
        var schema = schema
        if let same = metadata.schemas.first(where: {
            $0.fields == schema.fields && $0.identifierFieldIDs == schema.identifierFieldIDs
        }) {
            schema.id = same.id
        } else {
            if metadata.schema(id: schema.id) != nil || schema.id < 0 {
                schema.id = (metadata.schemas.map(\.id).max() ?? -1) + 1
            }
            metadata.schemas.append(schema)
        }
        metadata.lastColumnID = max(metadata.lastColumnID, schema.highestFieldID)
        lastAddedSchemaID = schema.id
    }

    private mutating func add(_ spec: PartitionSpec) throws {
        var spec = spec
        for field in spec.fields {
            guard let source = metadata.sourceType(ofID: field.sourceID) else {
                throw invalid("partition field \(field.name) has no primitive source column \(field.sourceID)")
            }
            guard field.transform.resultType(source) != nil else {
                throw invalid("the transform \(field.transform.name) does not take a column of type \(source)")
            }
        }
        if let same = metadata.partitionSpecs.first(where: { $0.fields == spec.fields }) {
            spec.id = same.id
        } else {
            if metadata.partitionSpec(id: spec.id) != nil || spec.id < 0 {
                spec.id = (metadata.partitionSpecs.map(\.id).max() ?? -1) + 1
            }
            metadata.partitionSpecs.append(spec)
        }
        metadata.lastPartitionID = max(metadata.lastPartitionID, spec.fields.map(\.fieldID).max() ?? 0)
        lastAddedSpecID = spec.id
    }

    private mutating func add(_ order: SortOrder) throws {
        var order = order
        for field in order.fields
        where !metadata.schemas.contains(where: { $0.type(ofID: field.sourceID) != nil }) {
            throw invalid("a sort order names the column \(field.sourceID), which the schema does not have")
        }
        if let same = metadata.sortOrders.first(where: { $0.fields == order.fields }) {
            order.id = same.id
        } else {
            if order.fields.isEmpty {
                order.id = 0
            } else if order.id < 1 || metadata.sortOrders.contains(where: { $0.id == order.id }) {
                order.id = max(0, metadata.sortOrders.map(\.id).max() ?? 0) + 1
            }
            metadata.sortOrders.append(order)
        }
        lastAddedSortOrderID = order.id
    }

    /// How far a snapshot's clock may lie behind the table's, in milliseconds, as other engines allow it.
    private static let clockSkewMillisecondsMax: Int64 = 60_000

    private mutating func add(_ snapshot: Snapshot) throws {
        guard !metadata.hasSnapshot(snapshot.id) else { throw invalid("snapshot \(snapshot.id) exists already") }
        if metadata.formatVersion > 1 {
            // A snapshot without parent starts a history of its own, as a table that is replaced does: of two replacements
            // at once the second comes with the number that the first has taken.
            guard snapshot.sequenceNumber > metadata.lastSequenceNumber || snapshot.parentID == nil else {
                throw IcebergError(
                    .requirementFailed,
                    "sequence number \(snapshot.sequenceNumber) is not past the table's last, "
                        + "\(metadata.lastSequenceNumber)")
            }
            guard snapshot.manifestList != nil else { throw invalid("a snapshot without a manifest list") }
        }
        guard snapshot.timestampMilliseconds >= metadata.lastUpdatedMilliseconds - Self.clockSkewMillisecondsMax else {
            throw invalid("snapshot \(snapshot.id) is older than the table's last update")
        }
        if metadata.formatVersion > 2 { try takeRowIDs(snapshot) }
        metadata.snapshots.append(snapshot)
        metadata.lastSequenceNumber = max(metadata.lastSequenceNumber, snapshot.sequenceNumber)
        nowMilliseconds = max(nowMilliseconds, snapshot.timestampMilliseconds)
        addedSnapshotIDs.insert(snapshot.id)
    }

    /// Rows have ids from version 3 on, and no two get the same.
    private mutating func takeRowIDs(_ snapshot: Snapshot) throws {
        guard let first = snapshot.firstRowID, let count = snapshot.addedRows, first >= 0, count >= 0 else {
            throw invalid("Cannot add a snapshot: first-row-id is null")
        }
        let next = metadata.nextRowID ?? 0
        guard first >= next else {
            throw IcebergError(
                .requirementFailed,
                "Cannot add a snapshot, first-row-id is behind table next-row-id: \(first) < \(next)")
        }
        let (end, overflows) = first.addingReportingOverflow(count)
        guard !overflows else { throw invalid("Cannot add a snapshot: its row ids pass the largest number") }
        metadata.nextRowID = end
    }

    private mutating func set(_ name: String, _ reference: SnapshotReference) throws {
        guard let snapshot = metadata.snapshot(id: reference.snapshotID) else {
            throw invalid("ref \(name) cannot name snapshot \(reference.snapshotID), which is not there")
        }
        guard name == SnapshotReference.mainBranch else {
            metadata.refs[name] = reference
            return
        }
        guard reference.kind == .branch else { throw invalid("main is a branch") }
        let changed = metadata.currentSnapshotID != snapshot.id
        metadata.refs[name] = reference
        metadata.currentSnapshotID = snapshot.id
        guard changed else { return }
        if let last = metadata.snapshotLog.last, addedSnapshotIDs.contains(last.snapshotID) {
            metadata.snapshotLog.removeLast()
        }
        // A snapshot made now enters with its own time, one that is set again with the time of the change.
        let time = addedSnapshotIDs.contains(snapshot.id) ? snapshot.timestampMilliseconds : nowMilliseconds
        let last = metadata.snapshotLog.last?.timestampMilliseconds ?? time
        metadata.snapshotLog.append(
            TableMetadata.SnapshotLogEntry(timestampMilliseconds: max(time, last), snapshotID: snapshot.id))
    }

    /// "When snapshots are expired from the list of valid snapshots, all entries before a snapshot that has expired
    /// should be removed" from the snapshot log.
    private mutating func removeSnapshots(_ ids: Set<Int64>) {
        metadata.snapshots.removeAll { ids.contains($0.id) }
        for (name, reference) in metadata.refs where ids.contains(reference.snapshotID) { metadata.refs[name] = nil }
        if let current = metadata.currentSnapshotID, ids.contains(current) { metadata.currentSnapshotID = nil }
        metadata.statistics.removeAll { $0["snapshot-id"]?.integer.map { ids.contains($0) } ?? false }
        metadata.partitionStatistics.removeAll { $0["snapshot-id"]?.integer.map { ids.contains($0) } ?? false }
        if let last = metadata.snapshotLog.lastIndex(where: { ids.contains($0.snapshotID) }) {
            metadata.snapshotLog.removeFirst(last + 1)
        }
    }
}

extension SchemaField {
    /// This field, or one inside it, that has an initial default.
    fileprivate var withInitialDefault: SchemaField? {
        initialDefault == nil ? type.fieldWithInitialDefault : self
    }
}

extension FieldType {
    fileprivate var fieldWithInitialDefault: SchemaField? {
        switch self {
        case .primitive: nil
        case .structure(let fields): fields.lazy.compactMap(\.withInitialDefault).first
        case .list(_, let element, _): element.fieldWithInitialDefault
        case .map(_, let key, _, let value, _): key.fieldWithInitialDefault ?? value.fieldWithInitialDefault
        }
    }
}
