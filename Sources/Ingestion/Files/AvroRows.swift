import LakeModel
import RowBackup

/// The rows of an Avro file in bronze, in the columns that a table declares, read on the crew's threads.
///
/// `@unchecked Sendable`: one load reads at a time.
final class AvroRows: @unchecked Sendable {
    private var reader: RowAvroReader
    private let crew: ThreadExecutor
    private(set) var byteOffset = 0

    /// - Throws: ``BackupError``; storage errors.
    init(_ source: any RandomAccessSource, table: TableDeclaration, crew: ThreadExecutor) throws {
        reader = try RowAvroReader(source, table: table)
        self.crew = crew
    }

    /// The next rows, at least one; `nil` at the end.
    func next() async throws -> ColumnBatch? {
        try await Task(executorPreference: crew) { [self] in
            defer { byteOffset = reader.byteOffset }
            return try reader.next(rowsMax: IngestionLimits.avroRowsMax, bytesMax: IngestionLimits.avroBytesMax)
        }.value
    }
}

extension RowAvroReader {
    /// The declared columns; derived ones are computed anew.
    init(_ source: any RandomAccessSource, table: TableDeclaration) throws {
        try self.init(
            source,
            columns: table.columns.map { column in
                Column(
                    name: column.name, aliases: column.aliases, type: column.type,
                    isRequired: column.required || table.key.contains(column.name))
            }, ignoring: Set(table.derived.map(\.name)))
    }
}

/// An Avro file's rows on their way into the lake.
///
/// They were rows of a table, so references and ranges are not asked about them again.
struct AvroChunks: PreparedChunks {
    let rows: AvroRows
    let context: TableContext
    private let counter = RowCounter()

    init(rows: AvroRows, context: TableContext) {
        self.rows = rows
        self.context = context
    }

    func next() async throws -> FileChunks<PreparedChunk>.Element? {
        guard let batch = try await rows.next() else { return nil }
        let first = counter.advance(batch.rowCount)
        let context = context
        let chunk = await Task(executorPreference: context.crew) {
            PreparedChunk(restored: batch, firstRow: first, context: context)
        }.value
        return FileChunks<PreparedChunk>.Element(prepared: chunk, objectOffset: rows.byteOffset, next: nil)
    }

    func cancel() async {}
}

/// `@unchecked Sendable`: one load counts.
private final class RowCounter: @unchecked Sendable {
    private var count = 0

    func advance(_ added: Int) -> Int {
        defer { count += added }
        return count
    }
}

extension PreparedChunk {
    /// Rows of a backup. Their place is their number, because there is no text to be shown.
    init(restored batch: ColumnBatch, firstRow: Int, context: TableContext) {
        var places = RowPlaces.none
        if context.declaration.conflict == .reject {
            places = .known(
                (0..<batch.rowCount).map { row in
                    RowPlaces.Place(line: firstRow + row + 1, byteOffset: firstRow + row, raw: [])
                })
        }
        self.init(
            rows: context.prepared(batch, places: places), rejects: RejectColumns(), withoutReference: [],
            read: batch.rowCount, blank: 0, missing: [])
    }
}
