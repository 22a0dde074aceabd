/// Whole numbers, eight digits in one 64-bit word.
///
/// 1. Eight bytes are loaded from the field's start and `0` is taken from each.
/// 2. A shift moves the field's bytes to the top and zeros below, which read as leading zeros.
/// 3. One test tells whether every byte is 0...9, three multiplications make the number.
/// Everything else, signs included, goes the slow way. An empty field has the same path, without a branch.
enum IntegerColumn {
    private static let zeros: UInt64 = 0x3030_3030_3030_3030
    private static let aboveNine: UInt64 = 0x7676_7676_7676_7676
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// 0 when every byte is 0...9.
    @inline(__always)
    static func nonDigits(_ digits: UInt64) -> UInt64 { ((digits &+ aboveNine) | digits) & highBits }

    /// The number of eight digits, the first in the lowest byte.
    @inline(__always)
    static func number(_ digits: UInt64) -> UInt64 {
        let pairs = (digits &* 10) &+ (digits >> 8)
        let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
        let high = ((pairs >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
        return (low &+ high) >> 32
    }

    @inline(__always)
    static func convert<Value: FixedWidthInteger & BitwiseCopyable>(
        _ tile: TileView, field: Int, into out: UnsafeMutablePointer<Value>, _ outcome: TileOutcome,
        _ parse: (Span<UInt8>) throws(ValueFailure) -> Value
    ) {
        let rowCount = unsafe tile.rowCount
        var first = 0
        while first < rowCount {
            var valid: UInt64 = 0
            for row in first..<min(first + 64, rowCount) {
                let (start, length) = unsafe tile.bareField(row, field)
                let bit: UInt64 = 1 << UInt64(row & 63)
                let word = unsafe tile.word(start) ^ zeros
                let digits = length <= 0 ? 0 : word &<< UInt64(truncatingIfNeeded: 64 &- 8 &* length)
                if length <= 8, nonDigits(digits) == 0 {
                    unsafe out[row] = Value(truncatingIfNeeded: number(digits))
                    valid |= length > 0 ? bit : 0
                } else if Value.bitWidth == 64, length > 8, length <= 16,
                    let value = unsafe long(tile, start, length)
                {
                    unsafe out[row] = Value(truncatingIfNeeded: value)
                    valid |= bit
                } else if Value.bitWidth == 64, length > 16, length <= 19,
                    let value = unsafe longest(tile, start, length)
                {
                    unsafe out[row] = Value(truncatingIfNeeded: value)
                    valid |= bit
                } else {
                    switch unsafe slow(tile, row, field, parse) {
                    case .value(let value):
                        unsafe out[row] = value
                        valid |= bit
                    case .null: unsafe out[row] = 0
                    case .failed:
                        unsafe out[row] = 0
                        unsafe outcome.failed[row >> 6] |= bit
                    }
                }
            }
            unsafe outcome.validity[first >> 6] = valid
            first += 64
        }
    }

    /// 9 to 16 digits, or `nil`.
    @inline(__always)
    private static func long(_ tile: TileView, _ start: Int, _ length: Int) -> UInt64? {
        let head = unsafe (tile.word(start) ^ zeros) &<< UInt64(truncatingIfNeeded: 128 &- 8 &* length)
        let tail = unsafe tile.word(start + length - 8) ^ zeros
        if nonDigits(head) | nonDigits(tail) != 0 { return nil }
        return number(head) &* 100_000_000 &+ number(tail)
    }

    /// 17 to 19 digits, or `nil`, also for numbers beyond 63 bits.
    @inline(__always)
    private static func longest(_ tile: TileView, _ start: Int, _ length: Int) -> UInt64? {
        let head = unsafe (tile.word(start) ^ zeros) &<< UInt64(truncatingIfNeeded: 192 &- 8 &* length)
        let middle = unsafe tile.word(start + length - 16) ^ zeros
        let tail = unsafe tile.word(start + length - 8) ^ zeros
        if nonDigits(head) | nonDigits(middle) | nonDigits(tail) != 0 { return nil }
        // 19 nines are below 2^64.
        let low = number(middle) &* 100_000_000 &+ number(tail)
        let value = number(head) &* 10_000_000_000_000_000 &+ low
        return value <= UInt64(Int64.max) ? value : nil
    }

    @inline(never)
    private static func slow<Value>(
        _ tile: TileView, _ row: Int, _ field: Int, _ parse: (Span<UInt8>) throws(ValueFailure) -> Value
    ) -> Cell<Value> {
        let (start, length) = unsafe tile.field(row, field)
        return unsafe Cell(tile, start, length, parse)
    }
}
