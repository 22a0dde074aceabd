import LakeModel

/// Stored rows beside the contested ones that have their keys.
extension ContestedRows {
    /// Stored rows in a row, and the rows of one piece with their keys, in a row too.
    struct Run: Sendable {
        /// In the row group.
        var stored: Int32
        var row: Int32
        var count: Int32
    }

    /// What ``compare(_:columns:to:)`` says of a stored row: whether it holds the values of the first row that its record
    /// leaves of the key, and those of the last row.
    struct Equality: OptionSet, Sendable {
        let rawValue: UInt8
        static let first = Equality(rawValue: 1)
        static let last = Equality(rawValue: 2)
    }

    /// Guesses in a row that may fail before they are made seldom, and how seldom then.
    private static let failuresMax = 8
    private static let rowsPerGuess = 32

    /// The stored rows whose key is contested.
    ///
    /// Rows that come in the order in which they are stored are found as the next ones; only where that fails a key is
    /// looked up.
    /// - Parameters:
    ///   - codes: of the stored rows.
    ///   - keys: their key columns.
    ///   - isLive: whether a stored row counts; `nil` when all do.
    /// - Complexity: O(codes).
    func runs(_ codes: [UInt64], _ keys: ColumnBatch, isLive: ((Int) -> Bool)?) -> [Run] {
        var runs: [Run] = []
        let stored = codes.span
        let mine = self.codes.span
        let slots = slots
        let guesses = !slots.isDirect
        var failures = 0
        var next = 0
        var row = 0
        while row < stored.count {
            let code = stored[row]
            if guesses, failures < Self.failuresMax || row % Self.rowsPerGuess == 0 {
                if next < mine.count, mine[next] == code, shape.isInteger || isKey(Int32(next), equalTo: row, of: keys)
                {
                    failures = 0
                    let count = extent(from: next, at: row, stored, keys)
                    runs.append(Run(stored: Int32(row), row: Int32(next), count: Int32(count)))
                    row += count
                    next += count
                    continue
                }
                failures += 1
            }
            let isInteger = shape.isInteger
            guard let found = slots.find(code, in: mine, isKey: { isInteger || isKey($0, equalTo: row, of: keys) })
            else {
                row += 1
                continue
            }
            let count = extent(from: Int(found), at: row, stored, keys)
            runs.append(Run(stored: Int32(row), row: found, count: Int32(count)))
            row += count
            next = Int(found) + count
        }
        return isLive.map { Self.filter(runs, $0) } ?? runs
    }

    /// How many rows from a pair of the same key on have the same keys, one beside the other in one piece.
    @inline(__always) private func extent(
        from row: Int, at storedRow: Int, _ stored: Span<UInt64>, _ keys: ColumnBatch
    ) -> Int {
        let mine = codes.span
        guard row + 1 < mine.count, storedRow + 1 < stored.count, mine[row + 1] == stored[storedRow + 1] else {
            return 1
        }
        let piece = piece(Int32(row))
        let limit = min(piece.rows.upperBound - row, stored.count - storedRow)
        var count = 1
        while count < limit, mine[row + count] == stored[storedRow + count] { count += 1 }
        if shape.isInteger || count == 1 { return count }
        // Equal hashes; their keys are compared in bulk.
        var flags = [UInt8](repeating: 1, count: count)
        let pair = [
            RowPairs(
                row: Int32(row - piece.rows.lowerBound), other: Int32(storedRow), count: Int32(count), flag: 0)
        ]
        for (index, column) in shape.columns.enumerated() {
            piece.batch.columns[column].compare(pair, with: keys.columns[index], into: &flags)
        }
        return flags.firstIndex(of: 0) ?? count
    }

    private func isKey(_ row: Int32, equalTo stored: Int, of keys: ColumnBatch) -> Bool {
        let piece = piece(row)
        for (index, column) in shape.columns.enumerated()
        where !piece.batch.columns[column].isValue(
            Int(row) - piece.rows.lowerBound, equalTo: stored, of: keys.columns[index])
        {
            return false
        }
        return true
    }

    private static func filter(_ runs: [Run], _ isLive: (Int) -> Bool) -> [Run] {
        var live: [Run] = []
        for run in runs {
            var start: Int32 = 0
            for offset in 0...run.count where offset == run.count || !isLive(Int(run.stored + offset)) {
                if offset > start {
                    live.append(Run(stored: run.stored + start, row: run.row + start, count: offset - start))
                }
                start = offset + 1
            }
        }
        return live
    }

    /// What is equal of the stored rows, one behind the other.
    /// - Parameters:
    ///   - columns: that are compared, in the order of `stored`.
    ///   - stored: these columns of a row group.
    /// - Complexity: O(bytes compared).
    func compare(_ runs: [Run], columns: [Int], to stored: ColumnBatch) -> [Equality] {
        let total = runs.reduce(0) { $0 + Int($1.count) }
        var flags = [UInt8](repeating: 1, count: total)
        // By piece, so that a column is looked into once.
        var byPiece = [[RowPairs]](repeating: [], count: pieces.count)
        var flag: Int32 = 0
        for run in runs {
            let index = pieceIndex(run.row)
            let row = run.row - Int32(pieces[index].rows.lowerBound)
            byPiece[index].append(RowPairs(row: row, other: run.stored, count: run.count, flag: flag))
            flag += run.count
        }
        for index in byPiece.indices where !byPiece[index].isEmpty {
            for (position, column) in columns.enumerated() {
                pieces[index].batch.columns[column].compare(
                    byPiece[index], with: stored.columns[position], into: &flags)
            }
        }
        var equal = flags.map { $0 == 1 ? [.first, .last] : Equality() }
        if hasChains { compareChained(runs, columns, stored, &equal) }
        return equal
    }

    /// Says it of keys that several rows are of.
    private func compareChained(_ runs: [Run], _ columns: [Int], _ stored: ColumnBatch, _ equal: inout [Equality]) {
        var flag = 0
        for run in runs {
            for offset in 0..<run.count {
                let group = group(run.row + offset)
                if isChained(group) {
                    let row = Int(run.stored + offset)
                    var found = Equality()
                    if isEqual(firstFinal(group), columns, stored, row) { found.insert(.first) }
                    if isEqual(last(group), columns, stored, row) { found.insert(.last) }
                    equal[flag] = found
                }
                flag += 1
            }
        }
    }

    func isEqual(_ chosen: Int32, _ columns: [Int], _ stored: ColumnBatch, _ row: Int) -> Bool {
        let piece = piece(chosen)
        for (position, column) in columns.enumerated()
        where !piece.batch.columns[column].isValue(
            Int(chosen) - piece.rows.lowerBound, equalTo: row, of: stored.columns[position])
        {
            return false
        }
        return true
    }
}
