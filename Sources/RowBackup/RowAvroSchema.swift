package import AvroFormat
import Iceberg
package import LakeModel

/// The Avro schema of a table's rows, as Iceberg writes it into Avro data files: field ids, logical types, columns that
/// may be null as a union with null.
///
/// Source: Iceberg specification, Appendix A, "Avro".
package enum RowAvroSchema {
    /// The member that keeps a column's name where Avro does not allow it.
    static let nameAttribute = "iceberg-field-name"

    /// - Throws: ``BackupError`` `backup-unsupported` for a nested column.
    package static func make(_ fields: [SchemaField]) throws -> AvroSchema {
        var taken: Set<String> = []
        return .record(
            "table",
            try fields.map { field in
                guard let type = field.type.primitive else {
                    throw BackupError.unsupported("the column \(field.name) is nested, and such rows are not backed up")
                }
                var name = ManifestSchemas.avroName(field.name)
                if !taken.insert(name).inserted {
                    name += "_f\(field.id)"
                    taken.insert(name)
                }
                let schema = schema(type, id: field.id)
                var made: AvroField =
                    field.required
                    ? .required(field.id, name, schema, doc: field.doc)
                    : .optional(field.id, name, schema, doc: field.doc)
                if name != field.name { made.attributes.append(nameAttribute, .string(field.name)) }
                return made
            })
    }

    /// Named types are defined once a file, so each column's has a name of its own.
    private static func schema(_ type: PrimitiveType, id: Int) -> AvroSchema {
        var schema = ManifestSchemas.avroType(type)
        if case .fixed(let name, let size) = schema.kind { schema.kind = .fixed(name: "\(name)_f\(id)", size: size) }
        return schema
    }

    /// The column's name that a field stands for.
    static func columnName(_ field: AvroField) -> String { field.attributes[nameAttribute]?.text ?? field.name }
}
