package import AvroFormat
package import LakeModel

/// A field of a partition spec.
package struct PartitionField: Sendable, Hashable {
    package var sourceID: Int
    /// From 1000 upwards, never reused in a table.
    package var fieldID: Int
    package var name: String
    package var transform: Transform

    package init(sourceID: Int, fieldID: Int, name: String, transform: Transform = .identity) {
        self.sourceID = sourceID
        self.fieldID = fieldID
        self.name = name
        self.transform = transform
    }
}

/// How files are partitioned.
///
/// Source: Iceberg specification, "Partitioning" and Appendix C, "Partition Specs".
package struct PartitionSpec: Sendable, Hashable {
    /// The first partition field id, and the "last" one of a table without partition fields plus one.
    package static let fieldIDFirst = 1000

    package var id: Int
    package var fields: [PartitionField]

    package init(id: Int, fields: [PartitionField]) {
        self.id = id
        self.fields = fields
    }

    package static let unpartitioned = PartitionSpec(id: 0, fields: [])

    /// Identity fields over the named columns, field ids from 1000.
    /// - Throws: ``IcebergError`` `table-metadata-invalid` for a column that `schema` does not have.
    package static func identity(_ columns: [String], in schema: Schema, id: Int = 0) throws -> PartitionSpec {
        PartitionSpec(
            id: id,
            fields: try columns.enumerated().map { index, column in
                guard let field = schema.field(named: column) else {
                    throw IcebergError(.metadataInvalid, "partition column \(column) is not in the schema")
                }
                return PartitionField(sourceID: field.id, fieldID: fieldIDFirst + index, name: column)
            })
    }

    /// Whether all files lie in one partition: no fields, or void ones only.
    package var isUnpartitioned: Bool { fields.allSatisfy { $0.transform == .void } }

    /// The type of each field's values; `nil` where the source column is gone or not primitive.
    package func partitionTypes(_ metadata: TableMetadata) -> [PrimitiveType?] {
        fields.map { field in
            metadata.sourceType(ofID: field.sourceID).flatMap { field.transform.resultType($0) }
        }
    }

    package var json: JSONValue { ["spec-id": JSONValue(id), "fields": fieldsJSON] }

    /// The fields alone, as manifests and version 1 metadata hold them.
    package var fieldsJSON: JSONValue {
        .array(
            fields.map { field in
                [
                    "source-id": JSONValue(field.sourceID), "field-id": JSONValue(field.fieldID),
                    "name": .string(field.name), "transform": .string(field.transform.name),
                ]
            })
    }

    /// Reads the object form.
    package static func parse(_ json: JSONValue) throws -> PartitionSpec {
        let reader = try MetadataObject(json, "partition spec")
        return PartitionSpec(
            id: try reader.optionalInt("spec-id") ?? 0, fields: try parseFields(try reader.array("fields")))
    }

    /// Reads a list of fields. In version 1 fields have no ids and get them in their order.
    package static func parseFields(_ list: [JSONValue]) throws -> [PartitionField] {
        let fields = try list.enumerated().map { index, json in
            let reader = try MetadataObject(json, "partition field")
            return PartitionField(
                sourceID: try reader.int("source-id"),
                fieldID: try reader.optionalInt("field-id") ?? fieldIDFirst + index,
                name: try reader.text("name"), transform: Transform(try reader.text("transform")))
        }
        guard Set(fields.map(\.fieldID)).count == fields.count, Set(fields.map(\.name)).count == fields.count else {
            throw IcebergError(.metadataInvalid, "a partition spec uses a field id or name twice")
        }
        return fields
    }
}
