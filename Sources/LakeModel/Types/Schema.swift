/// The type of a field: a primitive, or one of Iceberg's nested types.
///
/// Dipper writes flat tables; nested types are carried so that tables of other engines keep their metadata whole.
package indirect enum FieldType: Sendable, Hashable {
    case primitive(PrimitiveType)
    case structure([SchemaField])
    case list(elementID: Int, element: FieldType, elementRequired: Bool)
    case map(keyID: Int, key: FieldType, valueID: Int, value: FieldType, valueRequired: Bool)

    /// The primitive type, or `nil` for a nested one.
    package var primitive: PrimitiveType? {
        if case .primitive(let type) = self { type } else { nil }
    }
}

/// A column of a table, known by its field id through renames.
///
/// Source: Iceberg specification, "Schemas and Data Types".
package struct SchemaField: Sendable, Hashable {
    /// Unique in the table, never reused.
    package var id: Int
    package var name: String
    package var type: FieldType
    /// Whether the column refuses null.
    package var required: Bool
    package var doc: String?
    /// What rows hold that were written before the column was there, and what writers put where they are given nothing: JSON text,
    /// of Iceberg format version 3. `nil`: null.
    package var initialDefault: String?
    package var writeDefault: String?

    package init(id: Int, name: String, type: FieldType, required: Bool, doc: String? = nil) {
        self.id = id
        self.name = name
        self.type = type
        self.required = required
        self.doc = doc
    }

    package init(id: Int, name: String, type: PrimitiveType, required: Bool, doc: String? = nil) {
        self.init(id: id, name: name, type: .primitive(type), required: required, doc: doc)
    }
}

/// An Iceberg table schema.
package struct Schema: Sendable, Hashable {
    package var id: Int
    package var fields: [SchemaField]
    /// Field ids of the columns that identify a row.
    package var identifierFieldIDs: [Int]

    package init(id: Int, fields: [SchemaField], identifierFieldIDs: [Int] = []) {
        self.id = id
        self.fields = fields
        self.identifierFieldIDs = identifierFieldIDs
    }

    /// The top-level field with this id.
    /// - Complexity: O(number of fields).
    package func field(id: Int) -> SchemaField? { fields.first { $0.id == id } }

    /// The top-level field with this exact name.
    /// - Complexity: O(number of fields).
    package func field(named name: String) -> SchemaField? { fields.first { $0.name == name } }
}
