import ByteKernels
import Iceberg
import LakeModel

/// Rows whose key is stored already, or was brought before by the same load, in their order, with the rows of each key
/// chained together.
///
/// A row is known by its number, a key by the number of its group. Rows stay in the columns that they came in.
struct ContestedRows: Sendable {
    let shape: KeyShape
    private(set) var batches: [ColumnBatch] = []
    private(set) var byteCount = 0
    /// Whether some rows repeat a key that the same load has brought, so that its own files must be looked at.
    var hasRepeats = false
    /// Partitions of the rows, when the key decides about them.
    private(set) var partitions: Set<PartitionKey>?

    /// By row.
    private var codes: [UInt64] = []
    private var batchOf: [Int32] = []
    private var rowOf: [Int32] = []
    private var records: [Int32] = []
    private var nexts: [Int32] = []
    private var places: [Int32: RowPlaces.Place] = [:]
    /// Rows that ask for the key's row to go; of their values only the key counts.
    private var deletes: Set<Int32> = []
    /// Keys that such a row is of.
    private var deletedGroups: Set<Int32> = []
    /// By group: the first row, the last row of the record that the first one is of, and the last of all.
    private var firsts: [Int32] = []
    private var finals: [Int32] = []
    private var lasts: [Int32] = []
    /// Group numbers and one, 0 for a free slot, by the hash of the key with linear probing.
    private var slots: [Int32]

    /// Bytes that a row takes beside its values: its numbers here, its slot, and what is kept of the stored row that is
    /// found for it.
    static let rowOverheadBytes = 84
    private static let slotCountMin = 64
    /// Slots are at most half full.
    private static let slotsPerGroup = 2

    /// - Parameter partitions: an empty set when the key decides about the partition, `nil` when it doesn't.
    init(shape: KeyShape, partitions: Set<PartitionKey>? = nil) {
        self.shape = shape
        self.partitions = partitions
        slots = [Int32](repeating: 0, count: Self.slotCountMin)
    }

    var isEmpty: Bool { codes.isEmpty }
    var rowCount: Int { codes.count }
    /// The number of keys.
    var groupCount: Int { firsts.count }

    // MARK: Taking rows

    mutating func append(_ prepared: PreparedRows, rows indexes: [Int32], record: Int, areDeletes: Bool = false) {
        let isWhole = indexes.count == prepared.batch.rowCount
        let batch = isWhole ? prepared.batch : prepared.batch.gather(indexes)
        let number = Int32(batches.count)
        batches.append(batch)
        let first = codes.count
        let added = shape.codes(batch)
        codes += added
        batchOf += repeatElement(number, count: added.count)
        rowOf += 0..<Int32(added.count)
        records += repeatElement(Int32(record), count: added.count)
        nexts += repeatElement(-1, count: added.count)
        if case .known = prepared.places {
            for (offset, index) in indexes.enumerated() {
                guard let place = prepared.places[Int(index)] else { continue }
                byteCount += place.raw.count + MemoryLayout<RowPlaces.Place>.stride
                places[Int32(first + offset)] = place
            }
        }
        if areDeletes { deletes.formUnion(Int32(first)..<Int32(codes.count)) }
        for row in first..<codes.count { chain(Int32(row)) }
        byteCount += batch.byteCount + added.count * Self.rowOverheadBytes
    }

    /// Takes note of the partitions of rows that are appended.
    mutating func insert(partitions keys: some Sequence<PartitionKey>) { partitions?.formUnion(keys) }

    /// Integers that follow each other share a cache line of slots, whose place is hashed.
    private func home(_ code: UInt64) -> Int {
        let mask = slots.count - 1
        guard shape.isInteger else { return Int(truncatingIfNeeded: code >> 20) & mask }
        let line = Int(truncatingIfNeeded: KeyShape.hash(integer: code >> 4) << 4)
        return (line | Int(truncatingIfNeeded: code & 15)) & mask
    }

    private mutating func chain(_ row: Int32) {
        if (firsts.count + 1) * Self.slotsPerGroup > slots.count { growSlots() }
        let code = codes[Int(row)]
        var place = home(code)
        while slots[place] != 0 {
            let group = Int(slots[place] - 1)
            let other = firsts[group]
            if codes[Int(other)] == code, shape.isInteger || isSameKey(row, other) {
                let last = lasts[group]
                nexts[Int(last)] = row
                lasts[group] = row
                if deletes.contains(row) { deletedGroups.insert(Int32(group)) }
                if finals[group] == last, records[Int(last)] == records[Int(row)] { finals[group] = row }
                return
            }
            place = (place + 1) & (slots.count - 1)
        }
        firsts.append(row)
        finals.append(row)
        lasts.append(row)
        slots[place] = Int32(firsts.count)
        if deletes.contains(row) { deletedGroups.insert(Int32(firsts.count - 1)) }
    }

    private mutating func growSlots() {
        slots = [Int32](repeating: 0, count: slots.count * 2)
        for group in firsts.indices {
            var place = home(codes[Int(firsts[group])])
            while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
            slots[place] = Int32(group + 1)
        }
    }

    private func isSameKey(_ left: Int32, _ right: Int32) -> Bool {
        let mine = batches[Int(batchOf[Int(left)])]
        let theirs = batches[Int(batchOf[Int(right)])]
        return shape.columns.allSatisfy {
            mine.columns[$0].isValue(Int(rowOf[Int(left)]), equalTo: Int(rowOf[Int(right)]), of: theirs.columns[$0])
        }
    }

    // MARK: Rows and keys

    func first(_ group: Int32) -> Int32 { firsts[Int(group)] }
    /// Whether a row asks for its key's row to go.
    func isDelete(_ row: Int32) -> Bool { deletes.contains(row) }
    /// Whether one of the key's rows does.
    func hasDelete(_ group: Int32) -> Bool { deletedGroups.contains(group) }
    /// The last row of the record that the key's first row is of.
    func firstFinal(_ group: Int32) -> Int32 { finals[Int(group)] }
    func last(_ group: Int32) -> Int32 { lasts[Int(group)] }
    /// The next row of the same key, `nil` behind the last.
    func next(_ row: Int32) -> Int32? {
        let next = nexts[Int(row)]
        return next < 0 ? nil : next
    }
    /// Which record of the load brought a row.
    func record(_ row: Int32) -> Int { Int(records[Int(row)]) }
    func place(_ row: Int32) -> RowPlaces.Place? { places[row] }
    func key(_ row: Int32) -> RowKey { shape.key(batches[Int(batchOf[Int(row)])], row: Int(rowOf[Int(row)])) }

    /// Calls `body` with the row and group of each stored key that is contested.
    /// - Parameters:
    ///   - codes: of the stored rows.
    ///   - keys: their key columns, which `keyShape` is over.
    ///   - range: what integer keys lie in.
    func forEachMatch(
        _ codes: [UInt64], _ keys: ColumnBatch, _ keyShape: KeyShape, range: ClosedRange<Int64>?,
        _ body: (Int, Int32) -> Void
    ) {
        let values = codes.span
        let slots = slots.span
        for row in values.indices {
            let code = values[row]
            if let range, !range.contains(Int64(bitPattern: code)) { continue }
            var place = home(code)
            while slots[place] != 0 {
                let group = slots[place] - 1
                let first = Int(firsts[Int(group)])
                if self.codes[first] == code, shape.isInteger || isKey(first, equalTo: row, of: keys) {
                    body(row, group)
                    break
                }
                place = (place + 1) & (slots.count - 1)
            }
        }
    }

    private func isKey(_ row: Int, equalTo stored: Int, of keys: ColumnBatch) -> Bool {
        let batch = batches[Int(batchOf[row])]
        for (index, column) in shape.columns.enumerated()
        where !batch.columns[column].isValue(Int(rowOf[row]), equalTo: stored, of: keys.columns[index]) {
            return false
        }
        return true
    }

    /// The least and greatest integer key, `nil` without rows.
    var integerRange: ClosedRange<Int64>? {
        guard shape.isInteger, !codes.isEmpty else { return nil }
        var least = Int64.max
        var greatest = Int64.min
        for code in codes {
            least = min(least, Int64(bitPattern: code))
            greatest = max(greatest, Int64(bitPattern: code))
        }
        return least...greatest
    }

    /// The least and greatest key by its bytes, for keys of one text column.
    var textRange: (lower: [UInt8], upper: [UInt8])? {
        guard case .hashed(let columns) = shape, columns.count == 1, let column = columns.first else { return nil }
        var range: (lower: [UInt8], upper: [UInt8])?
        for batch in batches where batch.rowCount > 0 {
            guard batch.columns[column].type == .string, case .bytes(let values) = batch.columns[column].storage else {
                return nil
            }
            var (lower, upper) = (values[0], values[0])
            for row in 1..<max(1, values.count) {
                let value = values[row]
                if value.lexicographicallyPrecedes(lower) { lower = value }
                if upper.lexicographicallyPrecedes(value) { upper = value }
            }
            guard let known = range else {
                range = (Array(lower), Array(upper))
                continue
            }
            if lower.lexicographicallyPrecedes(known.lower) { range?.lower = Array(lower) }
            if known.upper.lexicographicallyPrecedes(upper) { range?.upper = Array(upper) }
        }
        return range
    }

    // MARK: Values

    /// Which of `chosen` hold the values of the stored rows beside them.
    /// - Parameters:
    ///   - columns: that are compared, in the order of `stored`.
    ///   - stored: these columns of a row group.
    ///   - rows: rows of `stored`, one for each of `chosen`.
    func compare(_ chosen: [Int32], columns: [Int], to stored: ColumnBatch, rows: [Int32]) -> [Bool] {
        var equal = [Bool](repeating: true, count: chosen.count)
        // By batch, so that a column is looked into once and its values compared in a row.
        var byBatch: [Int32: [Int32]] = [:]
        for (index, row) in chosen.enumerated() { byBatch[batchOf[Int(row)], default: []].append(Int32(index)) }
        for (number, indexes) in byBatch {
            let batch = batches[Int(number)]
            let mine = indexes.map { rowOf[Int(chosen[Int($0)])] }
            let theirs = indexes.map { rows[Int($0)] }
            var isSame = [Bool](repeating: true, count: indexes.count)
            for (position, column) in columns.enumerated() {
                batch.columns[column].compare(mine, to: stored.columns[position], theirs, into: &isSame)
            }
            for (offset, index) in indexes.enumerated() { equal[Int(index)] = isSame[offset] }
        }
        return equal
    }

    func isEqual(_ chosen: Int32, columns: [Int], to stored: ColumnBatch, row: Int) -> Bool {
        let batch = batches[Int(batchOf[Int(chosen)])]
        for (position, column) in columns.enumerated()
        where !batch.columns[column].isValue(Int(rowOf[Int(chosen)]), equalTo: row, of: stored.columns[position]) {
            return false
        }
        return true
    }

    func isEqual(_ left: Int32, _ right: Int32, columnCount: Int) -> Bool {
        batches[Int(batchOf[Int(left)])].isRow(
            Int(rowOf[Int(left)]), equalTo: Int(rowOf[Int(right)]), of: batches[Int(batchOf[Int(right)])],
            columnCount: columnCount)
    }

    /// The chosen rows, batch by batch in the order in which they came.
    func gather(_ chosen: [Int32]) -> [ColumnBatch] {
        var byBatch: [Int32: [Int32]] = [:]
        for row in chosen { byBatch[batchOf[Int(row)], default: []].append(rowOf[Int(row)]) }
        return byBatch.keys.sorted().map { batches[Int($0)].gather(byBatch[$0] ?? []) }
    }
}
