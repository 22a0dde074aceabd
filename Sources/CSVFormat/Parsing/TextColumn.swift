import ByteKernels

/// Strings, copied as they lie.
enum TextColumn {
    /// Bytes that a short string is copied in, whatever its length: the room behind it must be there.
    static let copyBytes = 32

    /// - Parameters:
    ///   - isRequired: whether `""` fails, as nothing does.
    ///   - offsets: where the end of each row's text goes.
    ///   - bytes: room for all the tile's bytes and ``copyBytes`` more.
    ///   - length: bytes used so far.
    /// - Returns: bytes used afterwards.
    static func convert(
        _ tile: TileView, field: Int, isRequired: Bool, offsets: UnsafeMutablePointer<UInt32>,
        bytes: UnsafeMutablePointer<UInt8>, length used: Int, _ outcome: TileOutcome
    ) -> Int {
        let rowCount = unsafe tile.rowCount
        let mayBeSlow = unsafe tile.hasQuote || tile.hasBrokenUTF8
        var to = used
        var first = 0
        while first < rowCount {
            var valid: UInt64 = 0
            let broken = unsafe tile.hasBrokenUTF8 ? tile.brokenRows[first >> 6] : 0
            for row in first..<min(first + 64, rowCount) {
                let (start, length) = unsafe tile.field(row, field)
                let bit: UInt64 = 1 << UInt64(row & 63)
                if mayBeSlow, length > 0, unsafe broken & bit != 0 || tile.bytes[start] == tile.quote {
                    let written = unsafe quoted(tile, start, length, bytes + to, isBroken: broken & bit != 0)
                    if written > 0 || (written == 0 && !isRequired) {
                        to &+= written
                        valid |= bit
                    } else {
                        unsafe outcome.failed[row >> 6] |= bit
                    }
                } else {
                    unsafe copy(tile.bytes + start, bytes + to, length)
                    to &+= max(0, length)
                    valid |= length > 0 ? bit : 0
                }
                unsafe offsets[row] = UInt32(truncatingIfNeeded: to)
            }
            unsafe outcome.validity[first >> 6] = valid
            first += 64
        }
        return to
    }

    /// A field that begins with a quote, or of a row that is not UTF-8: the most frequent kind here, the rest in ``slow``.
    /// - Returns: bytes written, or -1 when the row fails.
    @inline(__always)
    private static func quoted(
        _ tile: TileView, _ start: Int, _ length: Int, _ to: UnsafeMutablePointer<UInt8>, isBroken: Bool
    ) -> Int {
        if unsafe !isBroken && length >= 2 && tile.bytes[start + length - 1] == tile.quote
            && !tile.containsQuote(start + 1, length - 2)
        {
            unsafe copy(tile.bytes + start + 1, to, length - 2)
            return length - 2
        }
        return unsafe slow(tile, start, length, to, isBroken: isBroken)
    }

    @inline(__always)
    private static func copy(_ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ length: Int) {
        if length <= copyBytes {
            let source = unsafe UnsafeRawPointer(from)
            let target = UnsafeMutableRawPointer(to)
            let low = unsafe source.loadUnaligned(as: SIMD16<UInt8>.self)
            let high = unsafe source.loadUnaligned(fromByteOffset: 16, as: SIMD16<UInt8>.self)
            unsafe target.storeBytes(of: low, as: SIMD16<UInt8>.self)
            unsafe target.storeBytes(of: high, toByteOffset: 16, as: SIMD16<UInt8>.self)
        } else {
            unsafe to.update(from: from, count: length)
        }
    }

    /// A text in quotes, or one of a row that is not UTF-8.
    /// - Returns: bytes written, or -1 when the row fails.
    @inline(never)
    private static func slow(
        _ tile: TileView, _ start: Int, _ length: Int, _ to: UnsafeMutablePointer<UInt8>, isBroken: Bool
    ) -> Int {
        let buffer = unsafe tile.buffer(start, length)
        let field = unsafe buffer.span
        var written = 0
        if field[0] != (unsafe tile.quote) {
            unsafe to.update(from: tile.bytes + start, count: length)
            written = length
        } else {
            switch QuotedField.shape(field, quote: unsafe tile.quote) {
            case .plain(let range):
                unsafe to.update(from: tile.bytes + start + range.lowerBound, count: range.count)
                written = range.count
            case .doubled(let range):
                var at = range.lowerBound
                while at < range.upperBound {
                    unsafe to[written] = field[at]
                    at += field[at] == (unsafe tile.quote) ? 2 : 1
                    written += 1
                }
            case .misplaced, .unterminated: return -1
            }
        }
        guard isBroken else { return written }
        let text = unsafe UnsafeBufferPointer(start: to, count: written)
        return unsafe UTF8Scan.firstInvalid(text.span) == nil ? written : -1
    }
}
