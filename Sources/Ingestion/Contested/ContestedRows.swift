import Iceberg
import LakeModel

/// Rows whose key is stored already, or was brought before by the same load, in their order, with the rows of each key
/// chained together.
///
/// A row is known by its number. Rows lie in pieces, as they came: where all of a chunk is contested, one for each of its
/// partitions, so that they lie as the stored rows do that they repeat. The numbers of a chunk then follow its pieces;
/// ``isBefore(_:_:)`` tells how the rows stood in it. A key is known by its group, the number of one of its rows.
///
/// Rows are appended, then ``seal()`` makes them ready to be looked up.
struct ContestedRows: Sendable {
    /// Rows that came together.
    struct Piece: Sendable {
        let batch: ColumnBatch
        /// Where all of the rows belong, if it is known.
        let partition: [Datum?]?
        /// Their numbers.
        let rows: Range<Int>
        /// Which record of the load brought them.
        let record: Int
        /// Which ``ContestedRows/append(_:rows:record:areDeletes:)`` brought them, and where they stood in its batch.
        fileprivate let append: Int
        fileprivate let origins: [Int32]?
    }

    let shape: KeyShape
    private(set) var pieces: [Piece] = []
    private(set) var byteCount = 0
    /// Whether some rows repeat a key that the same load has brought, so that its own files must be looked at.
    var hasRepeats = false
    /// Partitions of the rows, when the key decides about them.
    private(set) var partitions: Set<PartitionKey>?

    /// By row.
    private(set) var codes: [UInt64] = []
    private var pieceOf: [Int32] = []
    private var places: [Int32: RowPlaces.Place] = [:]
    /// Rows that ask for the key's row to go; of their values only the key counts.
    private var deletes: Set<Int32> = []
    /// Keys that such a row is of.
    private var deletedGroups: Set<Int32> = []
    /// Columns that are kept of the rows: others come from them.
    private let columnCount: Int
    private var appendCount = 0
    private(set) var slots: KeySlots
    /// `nil` while no key is of several rows.
    private var chains: KeyChains?

    /// Bytes that a row takes beside its values: its numbers here, its slot, and what is kept of the stored row that is
    /// found for it.
    static let rowOverheadBytes = 32 + KeySlots.bytesPerKey

    /// - Parameters:
    ///   - columnCount: of the rows, how many columns are kept.
    ///   - partitions: an empty set when the key decides about the partition, `nil` when it doesn't.
    init(shape: KeyShape, columnCount: Int = .max, partitions: Set<PartitionKey>? = nil) {
        self.shape = shape
        self.columnCount = columnCount
        self.partitions = partitions
        slots = KeySlots([], isInteger: shape.isInteger, isSameKey: { _, _ in false }, meets: { _, _ in })
    }

    var isEmpty: Bool { codes.isEmpty }
    var rowCount: Int { codes.count }
    /// The number of keys.
    var groupCount: Int { codes.count - (chains?.repeatCount ?? 0) }

    // MARK: Taking rows

    /// - Parameter indexes: those of the rows that are taken, rising.
    mutating func append(_ prepared: PreparedRows, rows indexes: [Int32], record: Int, areDeletes: Bool = false) {
        let first = codes.count
        let isWhole = indexes.count == prepared.batch.rowCount
        if prepared.parts.isEmpty {
            append(
                isWhole ? prepared.batch : prepared.batch.gather(indexes), nil, prepared.codes, record,
                origins: isWhole ? nil : indexes)
        } else if isWhole {
            for part in prepared.parts { append(part.batch, part.values, prepared.codes, record, origins: part.rows) }
        } else {
            append(prepared, some: indexes, record)
        }
        appendCount += 1
        if areDeletes { deletes.formUnion(Int32(first)..<Int32(codes.count)) }
        guard case .known = prepared.places else { return }
        for row in first..<codes.count {
            guard let place = prepared.places[origin(Int32(row))] else { continue }
            byteCount += place.raw.count + MemoryLayout<RowPlaces.Place>.stride
            places[Int32(row)] = place
        }
    }

    private mutating func append(_ prepared: PreparedRows, some indexes: [Int32], _ record: Int) {
        var isTaken = [Bool](repeating: false, count: prepared.batch.rowCount)
        for index in indexes { isTaken[Int(index)] = true }
        for part in prepared.parts {
            var rows: [Int32] = []
            var origins: [Int32] = []
            for row in 0..<Int32(part.batch.rowCount) {
                let origin = part.rows.map { $0[Int(row)] } ?? row
                guard isTaken[Int(origin)] else { continue }
                rows.append(row)
                origins.append(origin)
            }
            if rows.isEmpty { continue }
            append(part.batch.gather(rows), part.values, prepared.codes, record, origins: origins)
        }
    }

    private mutating func append(
        _ batch: ColumnBatch, _ partition: [Datum?]?, _ known: [UInt64]?, _ record: Int, origins: [Int32]?
    ) {
        let first = codes.count
        codes += known.map { known in origins.map { $0.map { known[Int($0)] } } ?? known } ?? shape.codes(batch)
        pieceOf += repeatElement(Int32(pieces.count), count: batch.rowCount)
        let kept = ColumnBatch(columns: Array(batch.columns.prefix(columnCount)), rowCount: batch.rowCount)
        pieces.append(
            Piece(
                batch: kept, partition: partition, rows: first..<codes.count, record: record, append: appendCount,
                origins: origins))
        byteCount += kept.byteCount + batch.rowCount * Self.rowOverheadBytes
    }

    /// Takes note of the partitions of rows that are appended.
    mutating func insert(partitions keys: some Sequence<PartitionKey>) { partitions?.formUnion(keys) }

    /// Makes the rows ready to be looked up; no more are appended.
    mutating func seal() {
        var chains: KeyChains?
        slots = KeySlots(codes, isInteger: shape.isInteger, isSameKey: isSameKey) { row, group in
            if chains == nil { chains = KeyChains(rowCount: codes.count) }
            chains?.add(row, to: group, isBefore: isBefore)
        }
        chains?.finish(isBefore: isBefore, record: record)
        self.chains = chains
        deletedGroups = Set(deletes.map(group))
    }

    /// Where a row stood in the batch that came.
    private func origin(_ row: Int32) -> Int {
        let piece = piece(row)
        let offset = Int(row) - piece.rows.lowerBound
        return piece.origins.map { Int($0[offset]) } ?? offset
    }

    /// Whether a row came before another.
    func isBefore(_ left: Int32, _ right: Int32) -> Bool {
        if piece(left).append != piece(right).append { return left < right }
        return origin(left) < origin(right)
    }

    private func isSameKey(_ left: Int32, _ right: Int32) -> Bool {
        let (mine, theirs) = (piece(left), piece(right))
        return shape.columns.allSatisfy {
            mine.batch.columns[$0].isValue(
                Int(left) - mine.rows.lowerBound, equalTo: Int(right) - theirs.rows.lowerBound,
                of: theirs.batch.columns[$0])
        }
    }

    // MARK: Rows and keys

    func piece(_ row: Int32) -> Piece { pieces[Int(pieceOf[Int(row)])] }
    func pieceIndex(_ row: Int32) -> Int { Int(pieceOf[Int(row)]) }
    /// Whether each key is of one row, and none is to go.
    var isPlain: Bool { chains == nil && deletes.isEmpty }
    var hasChains: Bool { chains != nil }
    /// Which key a row is of.
    func group(_ row: Int32) -> Int32 { chains.map { $0.groups[Int(row)] } ?? row }
    /// Whether several rows are of a key.
    func isChained(_ group: Int32) -> Bool { chains?.isChained(group) ?? false }
    func first(_ group: Int32) -> Int32 { chains.map { $0.firsts[Int(group)] } ?? group }
    /// Whether a row asks for its key's row to go.
    func isDelete(_ row: Int32) -> Bool { deletes.contains(row) }
    /// Whether one of the key's rows does.
    func hasDelete(_ group: Int32) -> Bool { deletedGroups.contains(group) }
    /// The last row of the record that the key's first row is of.
    func firstFinal(_ group: Int32) -> Int32 { chains.map { $0.finals[Int(group)] } ?? group }
    func last(_ group: Int32) -> Int32 { chains.map { $0.lasts[Int(group)] } ?? group }
    /// The next row of the same key, `nil` behind the last.
    func next(_ row: Int32) -> Int32? {
        guard let next = chains?.nexts[Int(row)], next >= 0 else { return nil }
        return next
    }
    /// Which record of the load brought a row.
    func record(_ row: Int32) -> Int { piece(row).record }
    func place(_ row: Int32) -> RowPlaces.Place? { places[row] }
    func key(_ row: Int32) -> RowKey {
        let piece = piece(row)
        return shape.key(piece.batch, row: Int(row) - piece.rows.lowerBound)
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
        for piece in pieces where !piece.rows.isEmpty {
            let keys = piece.batch.columns[column]
            guard keys.type == .string, case .bytes(let values) = keys.storage else { return nil }
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

    func isEqual(_ left: Int32, _ right: Int32, columnCount: Int) -> Bool {
        let (mine, theirs) = (piece(left), piece(right))
        return mine.batch.isRow(
            Int(left) - mine.rows.lowerBound, equalTo: Int(right) - theirs.rows.lowerBound, of: theirs.batch,
            columnCount: columnCount)
    }

    /// The chosen rows with the columns that are kept, by piece in their order.
    func gather(_ chosen: [Int32]) -> [(partition: [Datum?]?, batch: ColumnBatch)] {
        var byPiece: [Int32: [Int32]] = [:]
        for row in chosen.sorted() {
            let piece = pieceOf[Int(row)]
            byPiece[piece, default: []].append(row - Int32(pieces[Int(piece)].rows.lowerBound))
        }
        return byPiece.keys.sorted().map { index in
            let piece = pieces[Int(index)]
            return (piece.partition, piece.batch.gather(byPiece[index] ?? []))
        }
    }
}
