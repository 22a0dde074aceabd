internal import LakeModel

/// Copies the values of a segment that are not null one behind the other.
enum NumberGather {
    /// - Parameters:
    ///   - scratch: has room for all values.
    ///   - count: where to write; moved behind the last value.
    static func append<Value: PlainNumber>(
        _ values: [Value], _ segment: ColumnSegment, to scratch: inout [Value], at count: inout Int
    ) {
        let rows = segment.rows
        let source = values.span
        var target = scratch.mutableSpan
        var next = count
        guard let validity = segment.validity else {
            for row in rows {
                target[next] = source[row]
                next += 1
            }
            count = next
            return
        }
        let words = validity.words.span
        var row = rows.lowerBound
        while row < rows.upperBound {
            let windowCount = min(64, rows.upperBound - row)
            var window = ChunkLevels.window(words, at: row, count: windowCount)
            if window == ChunkLevels.ones(windowCount) {
                for offset in 0..<windowCount { target[next &+ offset] = source[row &+ offset] }
                next += windowCount
            } else {
                while window != 0 {
                    target[next] = source[row + window.trailingZeroBitCount]
                    next += 1
                    window &= window &- 1
                }
            }
            row += windowCount
        }
        count = next
    }
}
