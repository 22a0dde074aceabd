package import AvroFormat
package import LakeModel

/// One change of a table's metadata, in the vocabulary of the Iceberg REST catalog.
package enum TableUpdate: Sendable, Hashable {
    case assignUUID(String)
    case upgradeFormatVersion(Int)
    case addSchema(Schema)
    /// -1: the schema added last by the same list of updates.
    case setCurrentSchema(Int)
    case addPartitionSpec(PartitionSpec)
    /// -1: the spec added last by the same list of updates.
    case setDefaultSpec(Int)
    case addSortOrder(SortOrder)
    /// -1: the sort order added last by the same list of updates.
    case setDefaultSortOrder(Int)
    case addSnapshot(Snapshot)
    case setSnapshotRef(name: String, SnapshotReference)
    case removeSnapshots([Int64])
    case removeSnapshotRef(String)
    case setLocation(String)
    case setProperties([String: String])
    case removeProperties([String])
    /// A statistics file, in the JSON form of the specification.
    case setStatistics(JSONValue)
    case removeStatistics(snapshotID: Int64)
    case setPartitionStatistics(JSONValue)
    case removePartitionStatistics(snapshotID: Int64)
    case removePartitionSpecs([Int])
    case removeSchemas([Int])
}

/// What must hold of a table's metadata before updates are applied to it.
package enum TableRequirement: Sendable, Hashable {
    /// The table does not exist yet.
    case assertCreate
    case assertTableUUID(String)
    /// `nil`: the ref does not exist.
    case assertRefSnapshotID(ref: String, Int64?)
    case assertLastAssignedFieldID(Int)
    case assertCurrentSchemaID(Int)
    case assertLastAssignedPartitionID(Int)
    case assertDefaultSpecID(Int)
    case assertDefaultSortOrderID(Int)

    /// Checks this against the current metadata, `nil` when there is no table.
    /// - Throws: ``IcebergError`` `requirement-failed`.
    package func check(_ metadata: TableMetadata?) throws {
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
            if !condition {
                throw IcebergError(
                    .requirementFailed, message(), remedy: "load the table again and build the change on what it is now"
                )
            }
        }
        if case .assertCreate = self {
            return try require(metadata == nil, "the table exists already")
        }
        guard let metadata else { throw IcebergError(.requirementFailed, "the table does not exist") }
        switch self {
        case .assertCreate: return
        case .assertTableUUID(let uuid):
            try require(
                metadata.tableUUID.lowercased() == uuid.lowercased(),
                "the table's UUID is \(metadata.tableUUID), not \(uuid)")
        case .assertRefSnapshotID(let ref, let id):
            let current = metadata.refs[ref]?.snapshotID
            try require(
                current == id,
                "ref \(ref) is at \(current.map { "snapshot \($0)" } ?? "no snapshot"), "
                    + "not at \(id.map { String($0) } ?? "none")")
        case .assertLastAssignedFieldID(let id):
            try require(metadata.lastColumnID == id, "the last field id is \(metadata.lastColumnID), not \(id)")
        case .assertCurrentSchemaID(let id):
            try require(metadata.currentSchemaID == id, "the current schema is \(metadata.currentSchemaID), not \(id)")
        case .assertLastAssignedPartitionID(let id):
            try require(
                metadata.lastPartitionID == id, "the last partition field id is \(metadata.lastPartitionID), not \(id)")
        case .assertDefaultSpecID(let id):
            try require(metadata.defaultSpecID == id, "the default spec is \(metadata.defaultSpecID), not \(id)")
        case .assertDefaultSortOrderID(let id):
            try require(
                metadata.defaultSortOrderID == id, "the default sort order is \(metadata.defaultSortOrderID), not \(id)"
            )
        }
    }
}
