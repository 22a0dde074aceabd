import LakeModel

/// Numbers that are the same only for rows of the same partition.
struct PartitionCodes {
    /// Partitions in the order in which they appear.
    struct Groups {
        /// The rows, sorted by partition; empty when there is one partition only.
        let rows: [Int32]
        /// The part of `rows` that each partition has.
        let ranges: [Range<Int>]
        /// The first row of each partition.
        let firstRows: [Int]
    }

    private var codes: [UInt32]
    /// Codes are less than this.
    private var bound = 1

    /// Codes that index a table; more of them are numbered by a dictionary.
    private static let boundMax = 1 << 16

    init(rowCount: Int) { codes = [UInt32](repeating: 0, count: rowCount) }

    /// Tells rows apart by one more column.
    mutating func add(_ column: ColumnVector) {
        switch column.storage {
        case .int32(let values):
            if !addNumbers(values.span, column.validity) { addValues(column) }
        case .int64(let values):
            if !addNumbers(values.span, column.validity) { addValues(column) }
        default: addValues(column)
        }
    }

    /// - Returns: whether the values lie near enough to each other.
    private mutating func addNumbers<Number: FixedWidthInteger & SignedInteger>(
        _ values: Span<Number>, _ validity: Bitmap?
    ) -> Bool {
        var least = values[0]
        var greatest = values[0]
        for row in values.indices {
            least = min(least, values[row])
            greatest = max(greatest, values[row])
        }
        let (distance, overflow) = Int64(greatest).subtractingReportingOverflow(Int64(least))
        // The last digit stands for null.
        guard !overflow, distance < Int64(Self.boundMax), bound * (Int(distance) + 2) <= Self.boundMax else {
            return false
        }
        let radix = UInt32(distance) + 2
        let base = Int64(least)
        let isFirst = bound == 1
        var output = codes.mutableSpan
        if isFirst {
            for row in values.indices { output[row] = UInt32(truncatingIfNeeded: Int64(values[row]) &- base) }
        } else {
            for row in values.indices {
                output[row] = output[row] &* radix &+ UInt32(truncatingIfNeeded: Int64(values[row]) &- base)
            }
        }
        if let validity {
            let words = validity.words.span
            for row in values.indices where (words[row >> 6] >> UInt64(row & 63)) & 1 == 0 {
                output[row] = output[row] / radix * radix + radix - 1
            }
        }
        bound *= Int(radix)
        return true
    }

    private mutating func addValues(_ column: ColumnVector) {
        struct Pair: Hashable {
            let code: UInt32
            let value: Datum?
        }
        var known: [Pair: UInt32] = [:]
        for row in codes.indices {
            let pair = Pair(code: codes[row], value: column.datum(row))
            let code = known[pair] ?? UInt32(known.count)
            if Int(code) == known.count { known[pair] = code }
            codes[row] = code
        }
        bound = known.count
    }

    /// Numbers the codes and sorts the rows by them, those of one partition in their order.
    func groups() -> Groups {
        var groupOfCode = [Int32](repeating: -1, count: bound)
        var counts: [Int] = []
        var firstRows: [Int] = []
        let input = codes.span
        for row in input.indices {
            let code = Int(input[row])
            var group = Int(groupOfCode[code])
            if group < 0 {
                group = counts.count
                groupOfCode[code] = Int32(group)
                counts.append(0)
                firstRows.append(row)
            }
            counts[group] += 1
        }
        if counts.count == 1 { return Groups(rows: [], ranges: [0..<codes.count], firstRows: firstRows) }
        var ranges: [Range<Int>] = []
        for count in counts { ranges.append((ranges.last?.upperBound ?? 0)..<(ranges.last?.upperBound ?? 0) + count) }
        var next = ranges.map(\.lowerBound)
        var rows = [Int32](repeating: 0, count: codes.count)
        for row in input.indices {
            let group = Int(groupOfCode[Int(input[row])])
            rows[next[group]] = Int32(truncatingIfNeeded: row)
            next[group] &+= 1
        }
        return Groups(rows: rows, ranges: ranges, firstRows: firstRows)
    }
}
