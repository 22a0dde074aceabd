import LakeModel

/// Accepted rows on their way to key resolution: with derived columns, split by partition, each row's place known.
struct PreparedRows: Sendable {
    /// Declared columns, then derived ones.
    let batch: ColumnBatch
    /// The same rows by partition.
    let parts: [PartitionScatter.Part]
    let places: RowPlaces
    /// Of the rows' keys when they are looked up by hash (``KeyShape/codes(_:)``), so that it is done on the crew's threads.
    var codes: [UInt64]?
}

/// Where rows stand in their file or batch, for stages that reject them later.
enum RowPlaces: Sendable {
    /// Nobody will ask: the table's conflict action rejects nothing.
    case none
    case known([Place])

    struct Place: Sendable {
        let line: Int
        let byteOffset: Int
        let raw: [UInt8]
        /// 0-based position in its batch; `nil` for a row of a file.
        var index: Int?
    }

    subscript(row: Int) -> Place? {
        switch self {
        case .none: nil
        case .known(let places): places[row]
        }
    }
}
