/// The slow but full way from a field to a value of a type other than string.
enum Cell<Value> {
    case value(Value)
    case null
    case failed

    /// - Parameter parse: takes the text without quotes and surrounding spaces, never empty.
    @inline(__always)
    init(
        _ tile: TileView, _ start: Int, _ length: Int,
        _ parse: (Span<UInt8>) throws(ValueFailure) -> Value
    ) {
        if length <= 0 {
            self = .null
            return
        }
        let buffer = unsafe tile.buffer(start, length)
        let field = unsafe buffer.span
        if field[0] != (unsafe tile.quote) {
            self.init(content: field, parse)
            return
        }
        switch QuotedField.shape(field, quote: unsafe tile.quote) {
        case .plain(let range): self.init(content: field.extracting(range), parse)
        // No number, date or hexadecimal text has a quote in it.
        case .doubled, .misplaced, .unterminated: self = .failed
        }
    }

    @inline(__always)
    private init(content: Span<UInt8>, _ parse: (Span<UInt8>) throws(ValueFailure) -> Value) {
        let text = content.extracting(content.trimmedRange())
        if text.isEmpty {
            self = .null
            return
        }
        do throws(ValueFailure) {
            self = .value(try parse(text))
        } catch {
            self = .failed
        }
    }
}

/// Columns whose values all go the slow way.
enum ParsedColumn {
    @inline(__always)
    static func convert<Value: BitwiseCopyable>(
        _ tile: TileView, field: Int, zero: Value, into out: UnsafeMutablePointer<Value>, _ outcome: TileOutcome,
        _ parse: (Span<UInt8>) throws(ValueFailure) -> Value
    ) {
        for row in unsafe 0..<tile.rowCount {
            let (start, length) = unsafe tile.field(row, field)
            let bit: UInt64 = 1 << UInt64(row & 63)
            switch unsafe Cell(tile, start, length, parse) {
            case .value(let value):
                unsafe out[row] = value
                unsafe outcome.validity[row >> 6] |= bit
            case .null: unsafe out[row] = zero
            case .failed:
                unsafe out[row] = zero
                unsafe outcome.failed[row >> 6] |= bit
            }
        }
    }

    /// Fails the rows whose value lies outside `bounds`.
    static func check<Value: BoundedValue>(
        _ bounds: ValueBounds<Value>, _ values: UnsafePointer<Value>, rowCount: Int, _ outcome: TileOutcome
    ) {
        for row in 0..<rowCount {
            let bit: UInt64 = 1 << UInt64(row & 63)
            if unsafe outcome.validity[row >> 6] & bit != 0, unsafe !bounds.contains(values[row]) {
                unsafe outcome.failed[row >> 6] |= bit
            }
        }
    }
}
