package import AvroFormat
package import LakeModel

/// The JSON form of schemas and types.
///
/// Source: Iceberg specification, Appendix C, "Schemas".
package enum SchemaJSON {
    /// Nesting that a schema may have.
    static let depthMax = 64

    /// The schema as table metadata, manifests and the Parquet key `iceberg.schema` hold it.
    package static func json(_ schema: Schema) -> JSONValue {
        var object = JSONObject([("type", "struct"), ("schema-id", JSONValue(schema.id))])
        if !schema.identifierFieldIDs.isEmpty {
            object.append("identifier-field-ids", .array(schema.identifierFieldIDs.map { JSONValue($0) }))
        }
        object.append("fields", .array(schema.fields.map(json)))
        return .object(object)
    }

    /// The JSON text of a schema, for the Parquet key-value entry `iceberg.schema`.
    package static func text(_ schema: Schema) -> String { json(schema).serializedText }

    static func json(_ field: SchemaField) -> JSONValue {
        var object = JSONObject([
            ("id", JSONValue(field.id)), ("name", .string(field.name)), ("required", .bool(field.required)),
            ("type", json(field.type)),
        ])
        if let doc = field.doc { object.append("doc", .string(doc)) }
        for (name, text) in [("initial-default", field.initialDefault), ("write-default", field.writeDefault)] {
            // The text came out of a parser, or was made by whoever made the field.
            if let value = text.flatMap({ try? JSONValue.parse($0) }) { object.append(name, value) }
        }
        return .object(object)
    }

    static func json(_ type: FieldType) -> JSONValue {
        switch type {
        case .primitive(let primitive): .string(primitive.description)
        case .structure(let fields): ["type": "struct", "fields": .array(fields.map(json))]
        case .list(let elementID, let element, let elementRequired):
            [
                "type": "list", "element-id": JSONValue(elementID), "element": json(element),
                "element-required": .bool(elementRequired),
            ]
        case .map(let keyID, let key, let valueID, let value, let valueRequired):
            [
                "type": "map", "key-id": JSONValue(keyID), "key": json(key), "value-id": JSONValue(valueID),
                "value": json(value), "value-required": .bool(valueRequired),
            ]
        }
    }

    /// Reads a schema; one without `schema-id` (format version 1) gets id 0.
    /// - Throws: ``IcebergError`` `table-metadata-invalid`, `iceberg-unsupported` for types of later versions.
    package static func parse(_ json: JSONValue) throws -> Schema {
        let reader = try MetadataObject(json, "schema")
        guard try reader.optionalText("type") ?? "struct" == "struct" else { throw reader.invalid("type") }
        let fields = try reader.array("fields").map { try field($0, depth: 0) }
        let schema = Schema(
            id: try reader.optionalInt("schema-id") ?? 0, fields: fields,
            identifierFieldIDs: try reader.optionalInts("identifier-field-ids") ?? [])
        let ids = fields.flatMap(\.allIDs)
        guard Set(ids).count == ids.count else {
            throw IcebergError(.metadataInvalid, "schema \(schema.id) uses a field id twice")
        }
        return schema
    }

    private static func field(_ json: JSONValue, depth: Int) throws -> SchemaField {
        let reader = try MetadataObject(json, "field")
        var field = SchemaField(
            id: try reader.int("id"), name: try reader.text("name"),
            type: try type(try reader.value("type"), depth: depth + 1), required: try reader.bool("required"),
            doc: try reader.optionalText("doc"))
        field.initialDefault = reader.optional("initial-default")?.serializedText
        field.writeDefault = reader.optional("write-default")?.serializedText
        return field
    }

    private static func type(_ json: JSONValue, depth: Int) throws -> FieldType {
        if depth > depthMax { throw IcebergError(.metadataInvalid, "a schema nested deeper than \(depthMax)") }
        if let name = json.text {
            guard let primitive = PrimitiveType(name) else {
                throw IcebergError(
                    .unsupported, "the column type \(name.prefix(64)) is not one of those that are known")
            }
            return .primitive(primitive)
        }
        let reader = try MetadataObject(json, "type")
        switch try reader.text("type") {
        case "struct": return .structure(try reader.array("fields").map { try field($0, depth: depth) })
        case "list":
            return .list(
                elementID: try reader.int("element-id"),
                element: try type(try reader.value("element"), depth: depth + 1),
                elementRequired: try reader.bool("element-required"))
        case "map":
            return .map(
                keyID: try reader.int("key-id"), key: try type(try reader.value("key"), depth: depth + 1),
                valueID: try reader.int("value-id"), value: try type(try reader.value("value"), depth: depth + 1),
                valueRequired: try reader.bool("value-required"))
        default: throw reader.invalid("type")
        }
    }
}

extension SchemaField {
    /// The ids of this field and everything inside it.
    package var allIDs: [Int] { [id] + type.nestedIDs }
}

extension FieldType {
    /// The field ids used inside this type.
    package var nestedIDs: [Int] {
        switch self {
        case .primitive: []
        case .structure(let fields): fields.flatMap(\.allIDs)
        case .list(let elementID, let element, _): [elementID] + element.nestedIDs
        case .map(let keyID, let key, let valueID, let value, _): [keyID] + key.nestedIDs + [valueID] + value.nestedIDs
        }
    }

    /// The type of the field with this id inside this type.
    func nested(id: Int) -> FieldType? {
        switch self {
        case .primitive: return nil
        case .structure(let fields):
            for field in fields {
                if field.id == id { return field.type }
                if let found = field.type.nested(id: id) { return found }
            }
            return nil
        case .list(let elementID, let element, _): return elementID == id ? element : element.nested(id: id)
        case .map(let keyID, let key, let valueID, let value, _):
            if keyID == id { return key }
            return valueID == id ? value : key.nested(id: id) ?? value.nested(id: id)
        }
    }
}

extension Schema {
    /// The type of the field with this id at any depth.
    package func type(ofID id: Int) -> FieldType? { FieldType.structure(fields).nested(id: id) }

    /// The highest field id at any depth, 0 without fields.
    package var highestFieldID: Int { fields.flatMap(\.allIDs).max() ?? 0 }
}
