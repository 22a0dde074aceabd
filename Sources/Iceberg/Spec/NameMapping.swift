import AvroFormat
package import LakeModel

/// Field ids by name, for data files that carry none.
///
/// Source: Iceberg specification, "Column Projection" and Appendix C, "Name Mapping Serialization".
package struct NameMapping: Sendable, Hashable {
    /// The table property that holds the JSON form.
    package static let propertyKey = "schema.name-mapping.default"
    static let depthMax = 64

    package struct Field: Sendable, Hashable {
        package var fieldID: Int?
        package var names: [String]
        package var fields: [Field]

        package init(fieldID: Int?, names: [String], fields: [Field] = []) {
            self.fieldID = fieldID
            self.names = names
            self.fields = fields
        }
    }

    package var fields: [Field]

    package init(fields: [Field]) { self.fields = fields }

    /// The mapping by a schema's own names; list elements and map entries go by `element`, `key` and `value`.
    package init(schema: Schema) { fields = schema.fields.map(Self.field) }

    private static func field(_ field: SchemaField) -> Field {
        Field(fieldID: field.id, names: [field.name], fields: children(field.type))
    }

    private static func children(_ type: FieldType) -> [Field] {
        switch type {
        case .primitive: []
        case .structure(let fields): fields.map(field)
        case .list(let id, let element, _): [Field(fieldID: id, names: ["element"], fields: children(element))]
        case .map(let keyID, let key, let valueID, let value, _):
            [
                Field(fieldID: keyID, names: ["key"], fields: children(key)),
                Field(fieldID: valueID, names: ["value"], fields: children(value)),
            ]
        }
    }

    /// The mapping in a table's properties, `nil` when it has none.
    /// - Throws: ``IcebergError`` `table-metadata-invalid`, ``AvroError`` `json-malformed`.
    package init?(_ metadata: TableMetadata) throws {
        guard let text = metadata.properties[Self.propertyKey] else { return nil }
        self = try Self.parse(text)
    }

    package static func parse(_ text: String) throws -> NameMapping {
        guard let list = try JSONValue.parse(text).array else {
            throw IcebergError(.metadataInvalid, "a name mapping is no list")
        }
        return NameMapping(fields: try list.map { try parse($0, depth: 0) })
    }

    private static func parse(_ json: JSONValue, depth: Int) throws -> Field {
        guard depth < depthMax else { throw IcebergError(.metadataInvalid, "a name mapping nested too deep") }
        let reader = try MetadataObject(json, "name mapping")
        return Field(
            fieldID: try reader.optionalInt("field-id"), names: try reader.optionalTexts("names") ?? [],
            fields: try reader.optionalArray("fields")?.map { try parse($0, depth: depth + 1) } ?? [])
    }

    /// The JSON form.
    package var text: String { JSONValue.array(fields.map(Self.json)).serializedText }

    private static func json(_ field: Field) -> JSONValue {
        var object = JSONObject()
        if let fieldID = field.fieldID { object.append("field-id", JSONValue(fieldID)) }
        object.append("names", .array(field.names.map { .string($0) }))
        if !field.fields.isEmpty { object.append("fields", .array(field.fields.map(json))) }
        return .object(object)
    }

    /// The id of a field by its path of names.
    package func fieldID(path: [String]) -> Int? {
        var fields = fields
        var found: Field?
        for name in path {
            found = fields.first { $0.names.contains(name) }
            fields = found?.fields ?? []
        }
        return found?.fieldID
    }
}
