/// Which rows are of the same key, for keys that several rows are of.
///
/// Built once, when all rows are there. A key goes by the row that was found first, its group.
struct KeyChains: Sendable {
    /// By row: its group.
    private(set) var groups: [Int32]
    /// By group: its first row, the last one of the record that the first is of, and the last of all.
    private(set) var firsts: [Int32]
    private(set) var finals: [Int32]
    private(set) var lasts: [Int32]
    /// By row: the next one of the key, -1 behind the last.
    private(set) var nexts: [Int32]
    /// Rows that are not the group of their key.
    private(set) var repeatCount = 0
    /// Groups whose rows were not met in their order.
    private var disordered: Set<Int32> = []

    init(rowCount: Int) {
        groups = [Int32](0..<Int32(rowCount))
        firsts = groups
        finals = groups
        lasts = groups
        nexts = [Int32](repeating: -1, count: rowCount)
    }

    func isChained(_ group: Int32) -> Bool { firsts[Int(group)] != lasts[Int(group)] }

    mutating func add(_ row: Int32, to group: Int32, isBefore: (Int32, Int32) -> Bool) {
        let last = lasts[Int(group)]
        groups[Int(row)] = group
        nexts[Int(last)] = row
        lasts[Int(group)] = row
        repeatCount += 1
        if isBefore(row, last) { disordered.insert(group) }
    }

    /// Puts the rows of each key in order, once all are there.
    mutating func finish(isBefore: (Int32, Int32) -> Bool, record: (Int32) -> Int) {
        for group in disordered {
            var rows: [Int32] = []
            forEach(group) { rows.append($0) }
            rows.sort(by: isBefore)
            for (row, next) in zip(rows, rows.dropFirst()) { nexts[Int(row)] = next }
            firsts[Int(group)] = rows[0]
            lasts[Int(group)] = rows[rows.count - 1]
            nexts[Int(rows[rows.count - 1])] = -1
        }
        disordered = []
        for group in groups.indices where groups[group] == group && isChained(Int32(group)) {
            let first = firsts[group]
            let firstRecord = record(first)
            var final = first
            while nexts[Int(final)] >= 0, record(nexts[Int(final)]) == firstRecord { final = nexts[Int(final)] }
            finals[group] = final
        }
    }

    private func forEach(_ group: Int32, _ body: (Int32) -> Void) {
        var row = firsts[Int(group)]
        while row >= 0 {
            body(row)
            row = nexts[Int(row)]
        }
    }
}
