package import LakeModel

extension TableMetadata {
    /// Table property by which clients ask for a format version; it is not stored.
    package static let formatVersionKey = "format-version"
    package static let formatVersionDefault = 2
    /// Keys that stand for parts of the metadata and are never stored as properties.
    static let reservedProperties: Set<String> = [
        formatVersionKey, "uuid", "snapshot-count", "current-snapshot-id", "current-snapshot-summary",
        "current-snapshot-timestamp-ms", "current-schema", "default-partition-spec", "default-sort-order",
    ]

    /// The table that `updates` define from nothing, of the version that they name, or 2.
    /// - Throws: ``IcebergError`` `table-update-invalid`, `iceberg-unsupported`, `table-metadata-invalid`.
    package static func creating(_ updates: [TableUpdate], nowMilliseconds: Int64) throws -> TableMetadata {
        var version = formatVersionDefault
        for case .upgradeFormatVersion(let wanted) in updates {
            version = wanted
            break
        }
        guard (1...formatVersionMax).contains(version) else { throw IcebergError.unsupportedVersion(version) }
        var metadata = TableMetadata.new(
            uuid: "", location: "", schema: Schema(id: -1, fields: []), nowMilliseconds: 0)
        metadata.formatVersion = version
        metadata.nextRowID = version > 2 ? 0 : nil
        metadata.schemas = []
        metadata.currentSchemaID = -1
        metadata.partitionSpecs = []
        metadata.defaultSpecID = -1
        metadata.sortOrders = []
        metadata.defaultSortOrderID = -1
        // Clients that send no spec or order mean the empty ones.
        let addsSpec = updates.contains { if case .addPartitionSpec = $0 { true } else { false } }
        let addsOrder = updates.contains { if case .addSortOrder = $0 { true } else { false } }
        if !addsSpec { (metadata.partitionSpecs, metadata.defaultSpecID) = ([.unpartitioned], 0) }
        if !addsOrder { (metadata.sortOrders, metadata.defaultSortOrderID) = ([.unsorted], 0) }
        var created = try metadata.applying(updates, nowMilliseconds: nowMilliseconds)
        if created.tableUUID.isEmpty { created.tableUUID = RandomUUID.text() }
        guard !created.location.isEmpty else { throw IcebergError(.updateInvalid, "Invalid location: null") }
        return created
    }

    /// Metadata of a new, empty table as a client asked for it, with new ids for columns and partition fields.
    package static func creating(
        schema: Schema, partitionSpec: PartitionSpec?, sortOrder: SortOrder?, location: String,
        properties: [String: String], nowMilliseconds: Int64
    ) throws -> TableMetadata {
        var ids = FreshIDs()
        let fresh = ids.schema(schema)
        try fresh.checkNames()
        let map = ids.map
        func column(_ old: Int, _ what: String) throws -> Int {
            guard let new = map[old] else {
                throw IcebergError(.updateInvalid, "Cannot find source column for \(what): \(old)")
            }
            return new
        }
        let spec = PartitionSpec(
            id: 0,
            fields: try (partitionSpec?.fields ?? []).enumerated().map { index, field in
                PartitionField(
                    sourceID: try column(field.sourceID, "partition field \(field.name)"),
                    fieldID: PartitionSpec.fieldIDFirst + index, name: field.name, transform: field.transform)
            })
        let sortFields = try (sortOrder?.fields ?? []).map { field in
            var field = field
            field.sourceID = try column(field.sourceID, "sort field")
            return field
        }
        let order = SortOrder(id: sortFields.isEmpty ? 0 : 1, fields: sortFields)
        let version = try properties[formatVersionKey].map { text in
            guard let version = Int(text) else { throw IcebergError(.updateInvalid, "format-version \(text)") }
            return version
        }
        return try creating(
            [
                .upgradeFormatVersion(version ?? formatVersionDefault), .addSchema(fresh), .setCurrentSchema(-1),
                .addPartitionSpec(spec), .setDefaultSpec(-1), .addSortOrder(order), .setDefaultSortOrder(-1),
                .setLocation(location), .setProperties(properties.filter { !reservedProperties.contains($0.key) }),
            ], nowMilliseconds: nowMilliseconds)
    }
}

extension IcebergError {
    /// A version that a table can't be made of, or carried to.
    static func unsupportedVersion(_ version: Int) -> IcebergError {
        IcebergError(
            .unsupported,
            "Unsupported format version: \(version) (versions 1 to \(TableMetadata.formatVersionMax) are supported)",
            remedy: "ask for format-version 2")
    }
}

extension Schema {
    /// Refuses two columns of one name at one level.
    func checkNames() throws { try Self.checkNames(fields) }

    private static func checkNames(_ fields: [SchemaField]) throws {
        var names: Set<String> = []
        for field in fields {
            guard names.insert(field.name).inserted else {
                throw IcebergError(.updateInvalid, "Invalid schema: multiple fields for name \(field.name)")
            }
            try checkNames(field.type)
        }
    }

    private static func checkNames(_ type: FieldType) throws {
        switch type {
        case .primitive: return
        case .structure(let fields): try checkNames(fields)
        case .list(_, let element, _): try checkNames(element)
        case .map(_, let key, _, let value, _):
            try checkNames(key)
            try checkNames(value)
        }
    }
}
