import LakeModel

/// Computes a table's derived columns, in UTC.
struct DerivedColumns: Sendable {
    private struct Source: Sendable {
        let column: Int
        let part: DerivedColumn.Part
    }

    private let sources: [Source]

    init(_ table: TableDeclaration) {
        sources = table.derived.compactMap { derived in
            table.columns.firstIndex { $0.name == derived.source }.map { Source(column: $0, part: derived.part) }
        }
    }

    /// The batch with the derived columns behind its own.
    func appended(to batch: ColumnBatch) -> ColumnBatch {
        var columns = batch.columns
        var days: [Int: DayNumbers] = [:]
        for source in sources {
            let column = batch.columns[source.column]
            let numbers = days[source.column] ?? DayNumbers(column)
            days[source.column] = numbers
            columns.append(
                ColumnVector(type: .int, storage: .int32(numbers.parts(source.part)), validity: column.validity))
        }
        return ColumnBatch(columns: columns, rowCount: batch.rowCount)
    }
}
