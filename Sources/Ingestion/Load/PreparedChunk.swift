import CSVFormat
import LakeModel

/// A chunk of a file, ready for key resolution.
struct PreparedChunk: Sendable {
    let rows: PreparedRows
    let rejects: RejectColumns
    /// Byte offsets of the rejects whose reference leads nowhere.
    let withoutReference: [Int]
    let read: Int
    let blank: Int
    /// For each reference of the table the values that are not there.
    let missing: [References.Missing]

    init(
        rows: PreparedRows, rejects: RejectColumns, withoutReference: [Int], read: Int, blank: Int,
        missing: [References.Missing]
    ) {
        self.rows = rows
        self.rejects = rejects
        self.withoutReference = withoutReference
        self.read = read
        self.blank = blank
        self.missing = missing
    }

    /// Checks references, computes derived columns and splits by partition. Runs on the crew's threads.
    init(_ result: CSVChunkResult, _ chunk: CSVChunk, context: TableContext, references: References) {
        var batch = result.batch
        var missing: [References.Missing] = []
        var refused: [Int32: RejectedRow] = [:]
        for (target, found) in zip(references.targets, references.missingRows(batch)) {
            var summary = References.Missing(count: found.count)
            summary.example = found.first.flatMap { batch.columns[target.column].datum(Int($0)) }
            missing.append(summary)
            for row in found.rows where refused[row] == nil {
                refused[row] = RejectedRow(result, chunk, row: Int(row), missing: target, batch: batch)
            }
        }
        let refusedIndexes = refused.keys.sorted()
        let refusedRows = refusedIndexes.compactMap { refused[$0] }
        if !refused.isEmpty { batch = batch.removing(refusedIndexes) }
        var places = RowPlaces.none
        if context.declaration.conflict == .reject {
            places = .known(
                (0..<Int32(result.batch.rowCount)).filter { refused[$0] == nil }.map { row in
                    RowPlaces.Place(
                        line: result.positions.line(Int(row)), byteOffset: result.positions.byteOffset(Int(row)),
                        raw: Array(chunk.storage[result.positions.range(Int(row))]))
                })
        }
        rows = context.prepared(batch, places: places)
        rejects = RejectColumns(result.rejects).merged(with: refusedRows)
        withoutReference = refusedRows.map(\.byteOffset)
        read = result.rowsRead
        blank = result.blankRows
        self.missing = missing
    }
}

extension RejectedRow {
    /// A row whose reference leads nowhere.
    fileprivate init(
        _ result: CSVChunkResult, _ chunk: CSVChunk, row: Int, missing target: References.Target, batch: ColumnBatch
    ) {
        let column = batch.columns[target.column]
        self.init(
            line: result.positions.line(row), byteOffset: result.positions.byteOffset(row),
            column: target.reference.column, code: TableLoad.referenceMissing,
            message: target.reference.message(of: column.datum(row), type: column.type),
            raw: Array(chunk.storage[result.positions.range(row)]), isRawTruncated: false)
    }
}

extension Reference {
    func message(of value: Datum?, type: PrimitiveType) -> String {
        let text = value.map { ValueFormatter.text($0, type: type) } ?? "null"
        return "`\(column)` is \(text), which is no key of \(table)"
    }
}
