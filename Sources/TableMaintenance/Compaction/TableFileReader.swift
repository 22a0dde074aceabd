import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// Reads whole rows of a data file in the table's current schema, whoever wrote it.
struct TableFileReader: Sendable {
    let location: String
    private let reader: ParquetFileReader
    private let resolution: ParquetColumnResolution
    private let fields: [SchemaField]

    /// - Throws: ``MaintenanceError`` `file-unsupported` when rows cannot be told from the file alone, `rows-differ` when
    ///   it has others than its manifest entry says; ``ParquetError`` and storage errors.
    init(_ source: any RandomAccessSource, _ file: DataFile, _ metadata: TableMetadata) throws {
        location = file.location
        reader = try ParquetFileReader(source)
        fields = metadata.schema.fields
        if reader.metadata.hasFieldIDs {
            resolution = .fieldID
        } else {
            let mapping = try NameMapping(metadata) ?? NameMapping(schema: metadata.schema)
            let names = mapping.fields.compactMap { field in field.fieldID.map { ($0, field.names) } }
            resolution = .mapping(Dictionary(names, uniquingKeysWith: { $0 + $1 }))
        }
        guard reader.metadata.rowCount == Int(file.recordCount) else {
            throw MaintenanceError(
                code: "rows-differ",
                message: "the file has \(reader.metadata.rowCount) rows, its manifest entry says \(file.recordCount)",
                remedy: "check the table with the engine that wrote it; nothing was changed",
                place: Place(source: file.location))
        }
        // A file that came from elsewhere may lack the columns that its partition tells.
        let partitioned = metadata.partitionSpec(id: file.specID)?.fields ?? []
        for field in fields where reader.column(for: field, resolution) == nil {
            if field.required || partitioned.contains(where: { $0.sourceID == field.id }) {
                throw MaintenanceError.unsupported("the file has no column \(field.name)", location: file.location)
            }
        }
    }

    var rowGroupCount: Int { reader.metadata.rowGroups.count }

    func read(_ rowGroup: Int) throws -> ColumnBatch {
        try reader.read(rowGroup: rowGroup, fields: fields, resolution: resolution)
    }
}
