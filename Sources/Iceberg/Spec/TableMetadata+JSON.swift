package import AvroFormat
import LakeModel

extension TableMetadata {
    /// The bytes of a metadata file. Equal metadata gives equal bytes.
    package func json() -> [UInt8] {
        var snapshots = SnapshotBytes()
        return json(reusing: &snapshots)
    }

    /// The same, with the snapshots' bytes of an earlier state of this table: those that are there still are copied.
    /// - Complexity: O(bytes copied + snapshots added), where ``json()`` takes as long as writing all snapshots.
    package func json(reusing written: inout SnapshotBytes) -> [UInt8] {
        written.update(self)
        return MetadataText(self).json(written)
    }

    var leadingMembers: JSONObject {
        var object = JSONObject([
            ("format-version", JSONValue(formatVersion)), ("table-uuid", .string(tableUUID)),
            ("location", .string(location)),
        ])
        if formatVersion > 1 { object.append("last-sequence-number", .integer(lastSequenceNumber)) }
        object.append("last-updated-ms", .integer(lastUpdatedMilliseconds))
        object.append("last-column-id", JSONValue(lastColumnID))
        if formatVersion == 1 {
            object.append("schema", SchemaJSON.json(schema))
            object.append("partition-spec", partitionSpec.fieldsJSON)
        }
        object.append("current-schema-id", JSONValue(currentSchemaID))
        object.append("schemas", .array(schemas.map(SchemaJSON.json)))
        object.append("default-spec-id", JSONValue(defaultSpecID))
        object.append("partition-specs", .array(partitionSpecs.map(\.json)))
        object.append("last-partition-id", JSONValue(lastPartitionID))
        if let nextRowID { object.append("next-row-id", .integer(nextRowID)) }
        object.append("default-sort-order-id", JSONValue(defaultSortOrderID))
        object.append("sort-orders", .array(sortOrders.map(\.json)))
        object.append("properties", JSONValue(properties))
        if let currentSnapshotID { object.append("current-snapshot-id", .integer(currentSnapshotID)) }
        object.append(
            "refs", .object(JSONObject(refs.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) })))
        return object
    }

    var trailingMembers: JSONObject {
        var object = JSONObject([
            ("statistics", .array(statistics)), ("partition-statistics", .array(partitionStatistics)),
            (
                "metadata-log",
                .array(
                    metadataLog.map {
                        ["timestamp-ms": .integer($0.timestampMilliseconds), "metadata-file": .string($0.location)]
                    })
            ),
        ])
        for member in unknownMembers.members { object.append(member.key, member.value) }
        return object
    }

    static let knownMembers: Set<String> = [
        "format-version", "table-uuid", "location", "last-sequence-number", "last-updated-ms", "last-column-id",
        "schema", "partition-spec", "current-schema-id", "schemas", "default-spec-id", "partition-specs",
        "last-partition-id", "default-sort-order-id", "sort-orders", "properties", "current-snapshot-id", "refs",
        "snapshots", "next-row-id", "statistics", "partition-statistics", "snapshot-log", "metadata-log",
    ]

    /// Reads a metadata file of format version 1 to 3.
    /// - Parameter location: where the bytes came from, kept as ``metadataLocation``.
    /// - Throws: ``IcebergError`` `table-metadata-invalid`, `iceberg-unsupported`; ``AvroError`` `json-malformed`.
    package static func parse(_ bytes: [UInt8], from location: String? = nil) throws -> TableMetadata {
        try parse(try JSONValue.parse(bytes), from: location)
    }

    package static func parse(_ json: JSONValue, from location: String? = nil) throws -> TableMetadata {
        let reader = try MetadataObject(json, "table metadata")
        let version = try reader.int("format-version")
        guard (1...formatVersionMax).contains(version) else {
            throw IcebergError(
                .unsupported, "format version \(version); this build reads versions 1 to \(formatVersionMax)")
        }
        let schemas = try parseSchemas(reader, version: version)
        let specs = try parseSpecs(reader, version: version)
        let sortOrders = try reader.optionalArray("sort-orders")?.map(SortOrder.parse) ?? [.unsorted]
        if version > 1, reader.optional("sort-orders") == nil { throw reader.invalid("sort-orders") }
        let currentSnapshotID = try reader.optionalLong("current-snapshot-id").flatMap { $0 == -1 ? nil : $0 }

        let metadata = TableMetadata(
            formatVersion: version,
            tableUUID: version == 1 ? try reader.optionalText("table-uuid") ?? "" : try reader.text("table-uuid"),
            location: trimmed(try reader.text("location")),
            lastSequenceNumber: version == 1 ? 0 : try reader.long("last-sequence-number"),
            lastUpdatedMilliseconds: try reader.long("last-updated-ms"),
            lastColumnID: try reader.int("last-column-id"), schemas: schemas.list, currentSchemaID: schemas.current,
            partitionSpecs: specs.list, defaultSpecID: specs.current,
            lastPartitionID: try reader.optionalInt("last-partition-id")
                ?? specs.list.flatMap(\.fields).map(\.fieldID).max() ?? PartitionSpec.fieldIDFirst - 1,
            sortOrders: sortOrders,
            defaultSortOrderID: try reader.optionalInt("default-sort-order-id") ?? sortOrders.first?.id ?? 0,
            properties: try reader.optionalTextMap("properties") ?? [:], currentSnapshotID: currentSnapshotID,
            snapshots: try reader.optionalArray("snapshots")?.map(Snapshot.parse) ?? [],
            refs: try parseRefs(reader, currentSnapshotID: currentSnapshotID),
            snapshotLog: try reader.optionalArray("snapshot-log")?.map { json in
                let entry = try MetadataObject(json, "snapshot log entry")
                return SnapshotLogEntry(
                    timestampMilliseconds: try entry.long("timestamp-ms"), snapshotID: try entry.long("snapshot-id"))
            } ?? [],
            metadataLog: try reader.optionalArray("metadata-log")?.map { json in
                let entry = try MetadataObject(json, "metadata log entry")
                return MetadataLogEntry(
                    timestampMilliseconds: try entry.long("timestamp-ms"), location: try entry.text("metadata-file"))
            } ?? [],
            statistics: try reader.optionalArray("statistics") ?? [],
            partitionStatistics: try reader.optionalArray("partition-statistics") ?? [],
            unknownMembers: JSONObject(
                reader.object.members.filter { !knownMembers.contains($0.key) }.map { ($0.key, $0.value) }),
            metadataLocation: location,
            nextRowID: version > 2 ? try reader.long("next-row-id") : try reader.optionalLong("next-row-id"))
        try metadata.validate()
        return metadata
    }

    private static func parseSchemas(
        _ reader: MetadataObject, version: Int
    ) throws -> (list: [Schema], current: Int) {
        if let list = try reader.optionalArray("schemas") {
            return (try list.map(SchemaJSON.parse), try reader.int("current-schema-id"))
        }
        guard version == 1 else { throw reader.invalid("schemas") }
        let schema = try SchemaJSON.parse(try reader.value("schema"))
        return ([schema], schema.id)
    }

    private static func parseSpecs(
        _ reader: MetadataObject, version: Int
    ) throws -> (list: [PartitionSpec], current: Int) {
        if let list = try reader.optionalArray("partition-specs") {
            return (try list.map(PartitionSpec.parse), try reader.int("default-spec-id"))
        }
        guard version == 1 else { throw reader.invalid("partition-specs") }
        let fields = try PartitionSpec.parseFields(try reader.array("partition-spec"))
        return ([PartitionSpec(id: 0, fields: fields)], 0)
    }

    private static func parseRefs(
        _ reader: MetadataObject, currentSnapshotID: Int64?
    ) throws -> [String: SnapshotReference] {
        if let json = reader.optional("refs") {
            guard let members = json.object?.members else { throw reader.invalid("refs") }
            var refs: [String: SnapshotReference] = [:]
            for member in members { refs[member.key] = try SnapshotReference.parse(member.value) }
            if refs[SnapshotReference.mainBranch] != nil || currentSnapshotID == nil { return refs }
        }
        // "There is always a main branch reference pointing to the current-snapshot-id even if the refs map is null."
        return currentSnapshotID.map { [SnapshotReference.mainBranch: SnapshotReference(snapshotID: $0)] } ?? [:]
    }

    /// Checks what later steps rely on.
    func validate() throws { try validate(after: nil) }

    /// Checks what later steps rely on.
    /// - Parameter base: sound metadata whose snapshots this one begins with; only what is new is looked at then.
    /// - Complexity: O(snapshots), of those that are new where `base` is given.
    func validate(after base: TableMetadata?) throws {
        func check(_ condition: Bool, _ message: @autoclosure () -> String) throws {
            if !condition { throw IcebergError(.metadataInvalid, message(), location: metadataLocation) }
        }
        try check(schema(id: currentSchemaID) != nil, "there is no schema \(currentSchemaID), the current one")
        try check(partitionSpec(id: defaultSpecID) != nil, "there is no partition spec \(defaultSpecID), the default")
        try check(
            defaultSortOrderID == 0 || sortOrders.contains { $0.id == defaultSortOrderID },
            "there is no sort order \(defaultSortOrderID), the default")
        if base == nil {
            try check(Set(snapshots.map(\.id)).count == snapshots.count, "two snapshots have one id")
        }
        for (name, reference) in refs where base?.refs[name] != reference {
            try check(hasSnapshot(reference.snapshotID), "ref \(name) names a snapshot that is not there")
        }
        if let main = refs[SnapshotReference.mainBranch] {
            try check(
                main.snapshotID == currentSnapshotID,
                "current-snapshot-id \(currentSnapshotID ?? -1) is not that of branch main, \(main.snapshotID)")
        }
        if formatVersion > 1 {
            for snapshot in snapshots.dropFirst(base?.snapshots.count ?? 0) {
                try check(
                    snapshot.sequenceNumber <= lastSequenceNumber,
                    "snapshot \(snapshot.id) has sequence number \(snapshot.sequenceNumber), past the last one")
                try check(snapshot.manifestList != nil, "snapshot \(snapshot.id) has no manifest-list")
            }
        }
    }
}
