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
                    .requirementFailed, "Requirement failed: " + message(),
                    remedy: "load the table again and build the change on what it is now")
            }
        }
        func unchanged(_ what: String, _ expected: Int, _ found: Int) throws {
            try require(expected == found, "\(what) changed: expected id \(expected) != \(found)")
        }
        if case .assertCreate = self {
            return try require(metadata == nil, "table already exists")
        }
        guard let metadata else { return try require(false, "table does not exist") }
        switch self {
        case .assertCreate: return
        case .assertTableUUID(let uuid):
            try require(
                metadata.tableUUID.lowercased() == uuid.lowercased(),
                "UUID does not match: expected \(metadata.tableUUID) != \(uuid)")
        case .assertRefSnapshotID(let name, let id):
            guard let reference = metadata.refs[name] else {
                return try require(
                    id == nil, "branch or tag \(name) is missing, expected \(id.map { String($0) } ?? "none")")
            }
            let place = "\(reference.kind.rawValue) \(name)"
            guard let id else { return try require(false, "\(place) was created concurrently") }
            try require(
                id == reference.snapshotID, "\(place) has changed: expected id \(id) != \(reference.snapshotID)")
        case .assertLastAssignedFieldID(let id): try unchanged("last assigned field id", id, metadata.lastColumnID)
        case .assertCurrentSchemaID(let id): try unchanged("current schema", id, metadata.currentSchemaID)
        case .assertLastAssignedPartitionID(let id):
            try unchanged("last assigned partition id", id, metadata.lastPartitionID)
        case .assertDefaultSpecID(let id): try unchanged("default partition spec", id, metadata.defaultSpecID)
        case .assertDefaultSortOrderID(let id): try unchanged("default sort order", id, metadata.defaultSortOrderID)
        }
    }
}
