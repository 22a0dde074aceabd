import Iceberg
import LakeModel
import ParquetFormat

/// A sorted run that is read row group by row group.
///
/// `@unchecked Sendable`: the merge that it belongs to is its only user.
final class RunCursor: @unchecked Sendable {
    private let reader: ParquetFileReader
    private let fields: [SchemaField]
    private let order: RowOrder
    private var rowGroup = 0
    private(set) var rows: PlacedRows?
    fileprivate var keys = ByteVector()
    /// The next row, and the first that the merge has not handed on.
    fileprivate var row = 0
    fileprivate var first = 0

    /// - Parameter fields: the table's, and the places of rows behind them.
    init(_ source: any RandomAccessSource, fields: [SchemaField], order: RowOrder) throws {
        reader = try ParquetFileReader(source)
        self.fields = fields
        self.order = order
        try load()
    }

    /// Reads the next row group; ``rows`` is `nil` behind the last.
    fileprivate func load() throws {
        rows = nil
        row = 0
        first = 0
        while rows == nil, rowGroup < reader.metadata.rowGroups.count {
            let batch = try reader.read(rowGroup: rowGroup, fields: fields)
            rowGroup += 1
            guard batch.rowCount > 0, case .int64(let origins)? = batch.columns.last?.storage else { continue }
            let columns = Array(batch.columns.dropLast())
            let read = PlacedRows(batch: ColumnBatch(columns: columns, rowCount: batch.rowCount), origins: origins)
            keys = order.keys(read.batch)
            rows = read
        }
    }

    fileprivate var isAtEndOfRowGroup: Bool { row == rows?.origins.count ?? 0 }
}

/// Merges sorted runs. Equal rows come in the order of their runs.
///
/// A heap holds the runs by their next rows. Rows are picked until a run's row group is used up; the picked rows of each
/// run lie one behind the other, so they are copied together and put in order with one gather.
///
/// `@unchecked Sendable`: one task at a time uses it.
final class RunMerge: @unchecked Sendable {
    /// Rows handed on together at most.
    private static let rowsMax = 1 << 16

    private let cursors: [RunCursor]
    /// Indexes of runs that have rows left, the one with the lowest next row first.
    private var heap: [Int] = []

    init(_ cursors: [RunCursor]) {
        self.cursors = cursors
        for index in cursors.indices where cursors[index].rows != nil { push(index) }
    }

    /// The next rows, in order; `nil` at the end. Blocks while it reads.
    func next() throws -> PlacedRows? {
        var picks: [Int] = []
        while let index = heap.first, picks.count < Self.rowsMax {
            picks.append(index)
            cursors[index].row += 1
            if cursors[index].isAtEndOfRowGroup {
                let rows = taken(picks)
                try cursors[index].load()
                if cursors[index].rows == nil { removeFirst() } else { siftDown(0) }
                return rows
            }
            siftDown(0)
        }
        return picks.isEmpty ? nil : taken(picks)
    }

    /// The picked rows in their order.
    private func taken(_ picks: [Int]) -> PlacedRows? {
        var parts: [PlacedRows] = []
        var next = [Int32](repeating: 0, count: cursors.count)
        var base: Int32 = 0
        for (index, cursor) in cursors.enumerated() where cursor.row > cursor.first {
            guard let rows = cursor.rows else { continue }
            parts.append(rows.slice(cursor.first..<cursor.row))
            next[index] = base
            base += Int32(cursor.row - cursor.first)
            cursor.first = cursor.row
        }
        var indexes: [Int32] = []
        indexes.reserveCapacity(picks.count)
        for index in picks {
            indexes.append(next[index])
            next[index] += 1
        }
        return PlacedRows.concatenate(parts)?.gather(indexes)
    }

    // MARK: Heap

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let order = SortKey.compare(
            cursors[left].keys, cursors[left].row, cursors[right].keys, cursors[right].row)
        return order == 0 ? left < right : order < 0
    }

    private func push(_ index: Int) {
        heap.append(index)
        var place = heap.count - 1
        while place > 0, precedes(heap[place], heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    private func siftDown(_ start: Int) {
        var place = start
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && precedes(heap[child], heap[least]) {
                least = child
            }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
