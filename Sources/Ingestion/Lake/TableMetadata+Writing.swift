import Iceberg
import LakeModel

extension TableMetadata {
    /// The table as files are written to it: under the schema and the partition spec that it was made with, which it keeps
    /// when another engine adds, renames, widens or drops columns or partition fields. Readers match columns by id, so a
    /// file without a newer column reads as null there.
    /// - Throws: ``IngestionError`` `model-changed` when the table never had this schema or spec.
    func written(as declared: Schema, partition: [String], name: String) throws -> TableMetadata {
        guard let schema = schemas.first(where: { $0.holdsColumns(of: declared) }) else {
            let names = self.schema.fields.map(\.name).joined(separator: ", ")
            throw IngestionError(
                code: "model-changed",
                message: "the model declares other columns for \(name) than the table has (\(names))",
                remedy: "take the change back, or declare the table under a new silver name and load it again")
        }
        let wanted = try PartitionSpec.identity(partition, in: schema).fields
        let spec = partitionSpecs.first { spec in
            spec.fields.count == wanted.count
                && zip(spec.fields, wanted).allSatisfy { $0.sourceID == $1.sourceID && $0.transform == $1.transform }
        }
        guard let spec else {
            throw IngestionError(
                code: "model-changed",
                message:
                    "the model partitions \(name) by \(partition.joined(separator: ", ")), which the table never was",
                remedy: "take the change back, or declare the table under a new silver name and load it again")
        }
        var view = self
        view.currentSchemaID = schema.id
        view.defaultSpecID = spec.id
        return view
    }

    /// The same table with the schema and the spec that `other` has as current ones.
    func current(as other: TableMetadata) -> TableMetadata {
        var table = self
        table.currentSchemaID = other.currentSchemaID
        table.defaultSpecID = other.defaultSpecID
        return table
    }
}

extension Schema {
    fileprivate func holdsColumns(of other: Schema) -> Bool {
        fields.count == other.fields.count
            && zip(fields, other.fields).allSatisfy { $0.name == $1.name && $0.type == $1.type }
    }
}
