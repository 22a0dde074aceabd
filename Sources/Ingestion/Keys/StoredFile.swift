import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// A data file in which keys are looked up: a committed one with its deletes, or one that the load itself has written.
struct StoredFile: Sendable {
    let dataFile: DataFile
    let deleteFiles: [DataFile]
    let isPending: Bool
}

/// An open data file, whoever wrote it.
struct StoredFileReader: Sendable {
    private let reader: ParquetFileReader
    private let resolution: ParquetColumnResolution
    private let firstRows: [Int64]

    /// - Throws: ``IngestionError`` `file-format-unsupported` for files that are no Parquet.
    static func open(_ file: DataFile, context: TableContext) async throws -> StoredFileReader {
        guard file.format.uppercased() == "PARQUET" else {
            throw IngestionError(
                code: "file-format-unsupported",
                message: "\(file.location) is of the format \(file.format), which Dipper does not read",
                remedy:
                    "rewrite the table's files as Parquet with the engine that wrote them, then it goes on by itself",
                isRetryable: true)
        }
        let source = try await context.tables.objects.open(context.tables.io.key(file.location))
        return try StoredFileReader(ParquetFileReader(source), context.silver)
    }

    private init(_ reader: ParquetFileReader, _ metadata: TableMetadata) throws {
        self.reader = reader
        if reader.metadata.hasFieldIDs {
            resolution = .fieldID
        } else {
            let mapping = try NameMapping(metadata) ?? NameMapping(schema: metadata.schema)
            let names = mapping.fields.compactMap { field in field.fieldID.map { ($0, field.names) } }
            resolution = .mapping(Dictionary(names, uniquingKeysWith: { $0 + $1 }))
        }
        var firstRows: [Int64] = []
        var next: Int64 = 0
        for group in reader.metadata.rowGroups {
            firstRows.append(next)
            next += Int64(group.rowCount)
        }
        self.firstRows = firstRows
    }

    var rowGroupCount: Int { firstRows.count }

    /// Position in the file of a row group's first row.
    func firstRow(_ group: Int) -> Int64 { firstRows[group] }

    /// Columns of a row group in the declared types.
    func read(_ group: Int, _ fields: [SchemaField]) throws -> NarrowedColumns {
        try NarrowedColumns(reader, rowGroup: group, fields: fields, resolution: resolution)
    }

    /// What the footer says of a field in a row group.
    func bounds(_ group: Int, _ field: SchemaField) -> (lower: Datum?, upper: Datum?) {
        guard let column = reader.column(for: field, resolution) else { return (nil, nil) }
        let info = reader.metadata.rowGroups[group].columns.first {
            $0.name == column.name && $0.fieldID == column.fieldID
        }
        return (info?.lower, info?.upper)
    }
}
