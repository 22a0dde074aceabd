import LakeModel

/// Splits batches by the values of their partition columns.
///
/// 1. Each row gets a code: the values' distances from their columns' least, as the digits of one number. Columns that
///    are no integers, or spread too far, get codes from a dictionary instead.
/// 2. Codes are numbered as partitions in the order in which they appear.
/// 3. The rows of each partition are gathered.
struct PartitionScatter: Sendable {
    /// Rows of one partition.
    struct Part: Sendable {
        let values: [Datum?]
        let batch: ColumnBatch
        /// Where the rows stood in the batch that was split; `nil` when it is whole.
        var rows: [Int32]?
    }

    /// Indexes into the silver columns.
    let columns: [Int]

    init(_ table: TableDeclaration) {
        let names = table.silverSchema.fields.map(\.name)
        columns = table.partition.compactMap { name in names.firstIndex(of: name) }
    }

    /// - Parameter batch: with the derived columns.
    func split(_ batch: ColumnBatch) -> [Part] {
        if batch.rowCount == 0 { return [] }
        if columns.isEmpty { return [Part(values: [], batch: batch)] }
        var codes = PartitionCodes(rowCount: batch.rowCount)
        for column in columns { codes.add(batch.columns[column]) }
        let groups = codes.groups()
        let values = groups.firstRows.map { row in columns.map { batch.columns[$0].datum(row) } }
        if values.count == 1 { return [Part(values: values[0], batch: batch)] }
        return values.indices.map { group in
            let rows = groups.rows.span.extracting(groups.ranges[group])
            var parts: [ColumnVector] = []
            parts.reserveCapacity(batch.columns.count)
            for (index, column) in batch.columns.enumerated() {
                // All rows of a partition have the same value there.
                let same = columns.firstIndex(of: index).flatMap {
                    column.repeated(values[group][$0], count: rows.count)
                }
                parts.append(same ?? column.gather(rows))
            }
            return Part(
                values: values[group], batch: ColumnBatch(columns: parts, rowCount: rows.count),
                rows: Array(groups.rows[groups.ranges[group]]))
        }
    }
}

extension ColumnVector {
    /// A column of one integer, `nil` for other types and nulls.
    fileprivate func repeated(_ value: Datum?, count: Int) -> ColumnVector? {
        switch value {
        case .int(let number): ColumnVector(type: type, storage: .int32([Int32](repeating: number, count: count)))
        case .long(let number): ColumnVector(type: type, storage: .int64([Int64](repeating: number, count: count)))
        default: nil
        }
    }
}
