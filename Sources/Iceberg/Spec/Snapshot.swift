package import AvroFormat

/// The state of a table at one time.
///
/// Source: Iceberg specification, "Snapshots".
package struct Snapshot: Sendable, Hashable {
    package var id: Int64
    package var parentID: Int64?
    package var sequenceNumber: Int64
    package var timestampMilliseconds: Int64
    /// `nil` only in version 1, which may list manifests in place.
    package var manifestList: String?
    /// Locations of manifests, version 1 only.
    package var manifests: [String]
    /// `append`, `overwrite`, `delete` or `replace`; `nil` only in version 1.
    package var operation: String?
    /// Everything in the summary but the operation.
    package var summary: [String: String]
    package var schemaID: Int?
    /// Format version 3: the id of the first row that this snapshot adds, how many ids it takes, and the key that its manifest
    /// list is encrypted with.
    package var firstRowID: Int64?
    package var addedRows: Int64?
    package var keyID: String?

    package init(
        id: Int64, parentID: Int64?, sequenceNumber: Int64, timestampMilliseconds: Int64, manifestList: String?,
        operation: String?, summary: [String: String], schemaID: Int?
    ) {
        self.id = id
        self.parentID = parentID
        self.sequenceNumber = sequenceNumber
        self.timestampMilliseconds = timestampMilliseconds
        self.manifestList = manifestList
        self.manifests = []
        self.operation = operation
        self.summary = summary
        self.schemaID = schemaID
    }

    package var json: JSONValue { json(formatVersion: firstRowID == nil ? 2 : 3) }

    func json(formatVersion: Int) -> JSONValue {
        var object = JSONObject()
        if formatVersion > 1 { object.append("sequence-number", .integer(sequenceNumber)) }
        object.append("snapshot-id", .integer(id))
        if let parentID { object.append("parent-snapshot-id", .integer(parentID)) }
        object.append("timestamp-ms", .integer(timestampMilliseconds))
        if let operation {
            var members: [(String, JSONValue)] = [("operation", .string(operation))]
            members += summary.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }
            object.append("summary", .object(JSONObject(members)))
        }
        if let manifestList {
            object.append("manifest-list", .string(manifestList))
        } else {
            object.append("manifests", .array(manifests.map { .string($0) }))
        }
        if let schemaID { object.append("schema-id", JSONValue(schemaID)) }
        if formatVersion > 2 {
            if let firstRowID { object.append("first-row-id", .integer(firstRowID)) }
            if let addedRows { object.append("added-rows", .integer(addedRows)) }
            if let keyID { object.append("key-id", .string(keyID)) }
        }
        return .object(object)
    }

    package static func parse(_ json: JSONValue) throws -> Snapshot {
        let reader = try MetadataObject(json, "snapshot")
        var summary = try reader.optionalTextMap("summary") ?? [:]
        let operation = summary.removeValue(forKey: "operation")
        var snapshot = Snapshot(
            id: try reader.long("snapshot-id"), parentID: try reader.optionalLong("parent-snapshot-id"),
            sequenceNumber: try reader.optionalLong("sequence-number") ?? 0,
            timestampMilliseconds: try reader.long("timestamp-ms"),
            manifestList: try reader.optionalText("manifest-list"), operation: operation, summary: summary,
            schemaID: try reader.optionalInt("schema-id"))
        snapshot.firstRowID = try reader.optionalLong("first-row-id")
        snapshot.addedRows = try reader.optionalLong("added-rows")
        snapshot.keyID = try reader.optionalText("key-id")
        snapshot.manifests = try reader.optionalTexts("manifests") ?? []
        return snapshot
    }
}

/// A branch or tag.
///
/// Source: Iceberg specification, "Snapshot Reference".
package struct SnapshotReference: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable { case branch, tag }

    package static let mainBranch = "main"

    package var snapshotID: Int64
    package var kind: Kind
    package var minSnapshotsToKeep: Int?
    package var maxSnapshotAgeMilliseconds: Int64?
    package var maxRefAgeMilliseconds: Int64?

    package init(snapshotID: Int64, kind: Kind = .branch) {
        self.snapshotID = snapshotID
        self.kind = kind
    }

    package var json: JSONValue { .object(JSONObject(jsonMembers)) }

    var jsonMembers: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [("snapshot-id", .integer(snapshotID)), ("type", .string(kind.rawValue))]
        if let minSnapshotsToKeep { members.append(("min-snapshots-to-keep", JSONValue(minSnapshotsToKeep))) }
        if let maxSnapshotAgeMilliseconds {
            members.append(("max-snapshot-age-ms", .integer(maxSnapshotAgeMilliseconds)))
        }
        if let maxRefAgeMilliseconds { members.append(("max-ref-age-ms", .integer(maxRefAgeMilliseconds))) }
        return members
    }

    package static func parse(_ json: JSONValue) throws -> SnapshotReference {
        let reader = try MetadataObject(json, "snapshot reference")
        guard let kind = Kind(rawValue: try reader.text("type").lowercased()) else { throw reader.invalid("type") }
        var reference = SnapshotReference(snapshotID: try reader.long("snapshot-id"), kind: kind)
        reference.minSnapshotsToKeep = try reader.optionalInt("min-snapshots-to-keep")
        reference.maxSnapshotAgeMilliseconds = try reader.optionalLong("max-snapshot-age-ms")
        reference.maxRefAgeMilliseconds = try reader.optionalLong("max-ref-age-ms")
        return reference
    }
}
