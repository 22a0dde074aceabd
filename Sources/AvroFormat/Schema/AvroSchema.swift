/// An Avro schema with everything its JSON form says.
///
/// Source: Avro 1.11 specification, "Schema Declaration".
package struct AvroSchema: Sendable, Hashable {
    package indirect enum Kind: Sendable, Hashable {
        case null, boolean, int, long, float, double, bytes, string
        case record(name: String, fields: [AvroField])
        case enumeration(name: String, symbols: [String])
        case array(items: AvroSchema)
        case map(values: AvroSchema)
        case union([AvroSchema])
        case fixed(name: String, size: Int)
        /// A named type that was defined before, or that is being defined around this place.
        case reference(name: String)
    }

    package var kind: Kind
    /// Members of the JSON form beside those that `kind` holds: `logicalType`, `element-id`, `doc` and the like.
    package var attributes: JSONObject

    package init(_ kind: Kind, attributes: JSONObject = JSONObject()) {
        self.kind = kind
        self.attributes = attributes
    }

    package static let null = AvroSchema(.null)
    package static let boolean = AvroSchema(.boolean)
    package static let int = AvroSchema(.int)
    package static let long = AvroSchema(.long)
    package static let float = AvroSchema(.float)
    package static let double = AvroSchema(.double)
    package static let bytes = AvroSchema(.bytes)
    package static let string = AvroSchema(.string)

    /// `["null", schema]`, the only union that Iceberg knows.
    package static func optional(_ schema: AvroSchema) -> AvroSchema { AvroSchema(.union([.null, schema])) }

    package static func record(_ name: String, _ fields: [AvroField]) -> AvroSchema {
        AvroSchema(.record(name: name, fields: fields))
    }

    package var logicalType: String? { attributes["logicalType"]?.text }

    /// Fields when this is a record.
    package var fields: [AvroField]? { if case .record(_, let fields) = kind { fields } else { nil } }
}

/// A field of a record.
package struct AvroField: Sendable, Hashable {
    package var name: String
    package var schema: AvroSchema
    /// The JSON form of the default; `nil` when there is none (a default of null is `.null`).
    package var defaultValue: JSONValue?
    /// Members beside name, type and default: `field-id`, `doc`, `aliases`, `order`.
    package var attributes: JSONObject

    package init(
        _ name: String, _ schema: AvroSchema, defaultValue: JSONValue? = nil, attributes: JSONObject = JSONObject()
    ) {
        self.name = name
        self.schema = schema
        self.defaultValue = defaultValue
        self.attributes = attributes
    }

    /// A required field with an Iceberg field id.
    package static func required(_ id: Int, _ name: String, _ schema: AvroSchema, doc: String? = nil) -> AvroField {
        AvroField(name, schema, attributes: attributes(id: id, doc: doc))
    }

    /// A field that may be null, which its default is, with an Iceberg field id.
    package static func optional(_ id: Int, _ name: String, _ schema: AvroSchema, doc: String? = nil) -> AvroField {
        AvroField(name, .optional(schema), defaultValue: .null, attributes: attributes(id: id, doc: doc))
    }

    private static func attributes(id: Int, doc: String?) -> JSONObject {
        var attributes = JSONObject()
        if let doc { attributes.append("doc", .string(doc)) }
        attributes.append("field-id", JSONValue(id))
        return attributes
    }

    /// The Iceberg field id, when the field carries one.
    package var fieldID: Int? { attributes["field-id"]?.integer.flatMap { Int(exactly: $0) } }
}
