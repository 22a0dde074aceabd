package import AvroFormat
package import LakeModel

/// How the rows of data files are sorted.
///
/// Source: Iceberg specification, "Sorting" and Appendix C, "Sort Orders".
package struct SortOrder: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        package var sourceID: Int
        package var transform: Transform
        package var isDescending: Bool
        package var nullsFirst: Bool

        package init(
            sourceID: Int, transform: Transform = .identity, isDescending: Bool = false, nullsFirst: Bool = true
        ) {
            self.sourceID = sourceID
            self.transform = transform
            self.isDescending = isDescending
            self.nullsFirst = nullsFirst
        }
    }

    /// 0 is the order without fields.
    package var id: Int
    package var fields: [Field]

    package init(id: Int, fields: [Field]) {
        self.id = id
        self.fields = fields
    }

    package static let unsorted = SortOrder(id: 0, fields: [])

    /// Ascending, nulls first, over the named columns; ``unsorted`` without any.
    /// - Throws: ``IcebergError`` `table-metadata-invalid` for a column that `schema` does not have.
    package static func ascending(_ columns: [String], in schema: Schema, id: Int = 1) throws -> SortOrder {
        if columns.isEmpty { return .unsorted }
        return SortOrder(
            id: id,
            fields: try columns.map { column in
                guard let field = schema.field(named: column) else {
                    throw IcebergError(.metadataInvalid, "sort column \(column) is not in the schema")
                }
                return Field(sourceID: field.id)
            })
    }

    package var json: JSONValue {
        [
            "order-id": JSONValue(id),
            "fields": .array(
                fields.map { field in
                    [
                        "transform": .string(field.transform.name), "source-id": JSONValue(field.sourceID),
                        "direction": field.isDescending ? "desc" : "asc",
                        "null-order": field.nullsFirst ? "nulls-first" : "nulls-last",
                    ]
                }),
        ]
    }

    package static func parse(_ json: JSONValue) throws -> SortOrder {
        let reader = try MetadataObject(json, "sort order")
        let fields = try reader.array("fields").map { json in
            let reader = try MetadataObject(json, "sort field")
            let direction = try reader.text("direction")
            let nullOrder = try reader.text("null-order")
            guard ["asc", "desc"].contains(direction) else { throw reader.invalid("direction") }
            guard ["nulls-first", "nulls-last"].contains(nullOrder) else { throw reader.invalid("null-order") }
            return Field(
                sourceID: try reader.int("source-id"), transform: Transform(try reader.text("transform")),
                isDescending: direction == "desc", nullsFirst: nullOrder == "nulls-first")
        }
        return SortOrder(id: try reader.int("order-id"), fields: fields)
    }
}
