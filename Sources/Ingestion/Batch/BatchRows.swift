import LakeModel

/// The rows of a batch after validation. `rowsRead == accepted.rowCount + (deletes?.rowCount ?? 0) + refused.count +
/// blankRows`, always.
struct BatchRows: Sendable {
    /// Where a row stands in the body that brought it.
    struct Place: Sendable, Hashable {
        /// 0-based position in the batch.
        var index: Int
        var byteOffset: Int
        /// 1-based line of the body that the row starts on.
        var line: Int
    }

    struct Refused: Sendable, Hashable {
        var verdict: RowVerdict
        var place: Place
        /// The row's bytes, the first ``IngestionLimits/rejectBytesKept`` of them.
        var raw: [UInt8]
        var isRawTruncated = false
    }

    /// An accepted row as it came, for stages that may refuse it later.
    struct Origin: Sendable, Hashable {
        var place: Place
        var raw: [UInt8]
    }

    /// The declared columns in declared order.
    var accepted: ColumnBatch
    /// One an accepted row; empty for tables where nothing behind the validation refuses a row.
    var origins: [Origin] = []
    var refused: [Refused] = []
    /// Keys whose rows are to go: the declared columns, only those of the key filled. A batch brings rows or deletes.
    var deletes: ColumnBatch?
    var rowsRead = 0
    /// The rejects that accepted rows mend.
    var replays: [RejectIdentity] = []
    /// Empty lines of an NDJSON body.
    var blankRows = 0

    /// Rows that are neither refused nor blank.
    var acceptedCount: Int { accepted.rowCount + (deletes?.rowCount ?? 0) }

    /// The first row's verdicts, up to `limit`.
    func verdicts(_ limit: Int) -> [RowVerdict] { refused.prefix(limit).map(\.verdict) }
}

extension TableDeclaration {
    /// The keys of a batch of deletes, a value a key column.
    func keys(of deletes: ColumnBatch?) -> [[Datum]] {
        guard let deletes else { return [] }
        return (0..<deletes.rowCount).map { row in keyColumns.compactMap { deletes.columns[$0].datum(row) } }
    }

    /// Whether the lake itself may refuse rows of this table that are valid by themselves.
    var mayRefuseLater: Bool { conflict == .reject || references.contains { $0.action == .reject } }
}
