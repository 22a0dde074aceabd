package import AvroFormat
import LakeModel

extension TableUpdate {
    /// The JSON form of the Iceberg REST catalog.
    package var json: JSONValue {
        func update(_ action: String, _ members: (String, JSONValue)...) -> JSONValue {
            .object(JSONObject([("action", .string(action))] + members))
        }
        func integers(_ values: [Int]) -> JSONValue { .array(values.map { JSONValue($0) }) }
        switch self {
        case .assignUUID(let uuid): return update("assign-uuid", ("uuid", .string(uuid)))
        case .upgradeFormatVersion(let version):
            return update("upgrade-format-version", ("format-version", JSONValue(version)))
        case .addSchema(let schema):
            return update(
                "add-schema", ("schema", SchemaJSON.json(schema)), ("last-column-id", JSONValue(schema.highestFieldID)))
        case .setCurrentSchema(let id): return update("set-current-schema", ("schema-id", JSONValue(id)))
        case .addPartitionSpec(let spec): return update("add-spec", ("spec", spec.json))
        case .setDefaultSpec(let id): return update("set-default-spec", ("spec-id", JSONValue(id)))
        case .addSortOrder(let order): return update("add-sort-order", ("sort-order", order.json))
        case .setDefaultSortOrder(let id):
            return update("set-default-sort-order", ("sort-order-id", JSONValue(id)))
        case .addSnapshot(let snapshot): return update("add-snapshot", ("snapshot", snapshot.json))
        case .setSnapshotRef(let name, let reference):
            return .object(
                JSONObject(
                    [("action", "set-snapshot-ref"), ("ref-name", .string(name))] + reference.jsonMembers))
        case .removeSnapshots(let ids):
            return update("remove-snapshots", ("snapshot-ids", .array(ids.map { .integer($0) })))
        case .removeSnapshotRef(let name): return update("remove-snapshot-ref", ("ref-name", .string(name)))
        case .setLocation(let location): return update("set-location", ("location", .string(location)))
        case .setProperties(let properties): return update("set-properties", ("updates", JSONValue(properties)))
        case .removeProperties(let keys):
            return update("remove-properties", ("removals", .array(keys.map { .string($0) })))
        case .setStatistics(let file): return update("set-statistics", ("statistics", file))
        case .removeStatistics(let id): return update("remove-statistics", ("snapshot-id", .integer(id)))
        case .setPartitionStatistics(let file):
            return update("set-partition-statistics", ("partition-statistics", file))
        case .removePartitionStatistics(let id):
            return update("remove-partition-statistics", ("snapshot-id", .integer(id)))
        case .removePartitionSpecs(let ids): return update("remove-partition-specs", ("spec-ids", integers(ids)))
        case .removeSchemas(let ids): return update("remove-schemas", ("schema-ids", integers(ids)))
        }
    }

    /// Reads the JSON form.
    /// - Throws: ``IcebergError`` `table-metadata-invalid`; `iceberg-unsupported` for updates of later versions.
    package static func parse(_ json: JSONValue) throws -> TableUpdate {
        let reader = try MetadataObject(json, "table update")
        switch try reader.text("action") {
        case "assign-uuid": return .assignUUID(try reader.text("uuid"))
        case "upgrade-format-version": return .upgradeFormatVersion(try reader.int("format-version"))
        case "add-schema": return .addSchema(try SchemaJSON.parse(try reader.value("schema")))
        case "set-current-schema": return .setCurrentSchema(try reader.int("schema-id"))
        case "add-spec": return .addPartitionSpec(try PartitionSpec.parse(try reader.value("spec")))
        case "set-default-spec": return .setDefaultSpec(try reader.int("spec-id"))
        case "add-sort-order": return .addSortOrder(try SortOrder.parse(try reader.value("sort-order")))
        case "set-default-sort-order": return .setDefaultSortOrder(try reader.int("sort-order-id"))
        case "add-snapshot": return .addSnapshot(try Snapshot.parse(try reader.value("snapshot")))
        case "set-snapshot-ref":
            return .setSnapshotRef(name: try reader.text("ref-name"), try SnapshotReference.parse(json))
        case "remove-snapshots":
            guard let ids = try reader.optionalLongs("snapshot-ids") else { throw reader.invalid("snapshot-ids") }
            return .removeSnapshots(ids)
        case "remove-snapshot-ref": return .removeSnapshotRef(try reader.text("ref-name"))
        case "set-location": return .setLocation(try reader.text("location"))
        case "set-properties":
            // "updated" is what early clients sent.
            guard let properties = try reader.optionalTextMap("updates") ?? reader.optionalTextMap("updated") else {
                throw reader.invalid("updates")
            }
            return .setProperties(properties)
        case "remove-properties":
            guard let keys = try reader.optionalTexts("removals") ?? reader.optionalTexts("removed") else {
                throw reader.invalid("removals")
            }
            return .removeProperties(keys)
        default: return try parseRare(reader)
        }
    }

    private static func parseRare(_ reader: MetadataObject) throws -> TableUpdate {
        switch try reader.text("action") {
        case "set-statistics": return .setStatistics(try reader.value("statistics"))
        case "remove-statistics": return .removeStatistics(snapshotID: try reader.long("snapshot-id"))
        case "set-partition-statistics": return .setPartitionStatistics(try reader.value("partition-statistics"))
        case "remove-partition-statistics":
            return .removePartitionStatistics(snapshotID: try reader.long("snapshot-id"))
        case "remove-partition-specs":
            guard let ids = try reader.optionalInts("spec-ids") else { throw reader.invalid("spec-ids") }
            return .removePartitionSpecs(ids)
        case "remove-schemas":
            guard let ids = try reader.optionalInts("schema-ids") else { throw reader.invalid("schema-ids") }
            return .removeSchemas(ids)
        case let action: throw IcebergError(.unsupported, "the table update \(action.prefix(64)) is not known")
        }
    }
}

extension TableRequirement {
    /// The JSON form of the Iceberg REST catalog.
    package var json: JSONValue {
        switch self {
        case .assertCreate: ["type": "assert-create"]
        case .assertTableUUID(let uuid): ["type": "assert-table-uuid", "uuid": .string(uuid)]
        case .assertRefSnapshotID(let ref, let id):
            [
                "type": "assert-ref-snapshot-id", "ref": .string(ref),
                "snapshot-id": id.map { .integer($0) } ?? .null,
            ]
        case .assertLastAssignedFieldID(let id):
            ["type": "assert-last-assigned-field-id", "last-assigned-field-id": JSONValue(id)]
        case .assertCurrentSchemaID(let id):
            ["type": "assert-current-schema-id", "current-schema-id": JSONValue(id)]
        case .assertLastAssignedPartitionID(let id):
            ["type": "assert-last-assigned-partition-id", "last-assigned-partition-id": JSONValue(id)]
        case .assertDefaultSpecID(let id): ["type": "assert-default-spec-id", "default-spec-id": JSONValue(id)]
        case .assertDefaultSortOrderID(let id):
            ["type": "assert-default-sort-order-id", "default-sort-order-id": JSONValue(id)]
        }
    }

    /// Reads the JSON form.
    /// - Throws: ``IcebergError`` `table-metadata-invalid`; `iceberg-unsupported` for requirements of later versions.
    package static func parse(_ json: JSONValue) throws -> TableRequirement {
        let reader = try MetadataObject(json, "table requirement")
        switch try reader.text("type") {
        case "assert-create": return .assertCreate
        case "assert-table-uuid": return .assertTableUUID(try reader.text("uuid"))
        case "assert-ref-snapshot-id":
            return .assertRefSnapshotID(ref: try reader.text("ref"), try reader.optionalLong("snapshot-id"))
        case "assert-last-assigned-field-id":
            return .assertLastAssignedFieldID(try reader.int("last-assigned-field-id"))
        case "assert-current-schema-id": return .assertCurrentSchemaID(try reader.int("current-schema-id"))
        case "assert-last-assigned-partition-id":
            return .assertLastAssignedPartitionID(try reader.int("last-assigned-partition-id"))
        case "assert-default-spec-id": return .assertDefaultSpecID(try reader.int("default-spec-id"))
        case "assert-default-sort-order-id":
            return .assertDefaultSortOrderID(try reader.int("default-sort-order-id"))
        case let type: throw IcebergError(.unsupported, "the table requirement \(type.prefix(64)) is not known")
        }
    }
}
