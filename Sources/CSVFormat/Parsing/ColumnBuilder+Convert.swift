import LakeModel

extension ColumnBuilder {
    /// Converts field `field` of a tile's rows behind the rows that are settled.
    mutating func convert(_ tile: TileView, field: Int?, _ outcome: TileOutcome) {
        let rowCount = unsafe tile.rowCount
        for word in 0..<(rowCount + 63) / 64 { unsafe outcome.validity[word] = 0 }
        reserve(rows: count + rowCount)
        if let field {
            unsafe convertValues(tile, field, outcome)
        } else {
            fillNull(rowCount)
        }
        guard rule.isRequired else { return }
        for word in 0..<(rowCount + 63) / 64 {
            let rest = rowCount - word * 64
            let rows: UInt64 = rest >= 64 ? .max : (1 << UInt64(rest)) - 1
            unsafe outcome.failed[word] |= ~outcome.validity[word] & rows
        }
    }

    private mutating func convertValues(_ tile: TileView, _ field: Int, _ outcome: TileOutcome) {
        switch rule.type {
        case .boolean:
            let base = count
            unsafe booleans.withUnsafeMutableBufferPointer { buffer in
                guard let out = buffer.baseAddress else { return }
                unsafe ParsedColumn.convert(
                    tile, field: field, zero: false, into: out + base, outcome, BooleanText.parse)
            }
        case .int, .date: unsafe convertInt32(tile, field, outcome)
        case .long, .time, .timestamp, .timestamptz: unsafe convertInt64(tile, field, outcome)
        case .float:
            unsafe Self.convertParsed(&floats, count, zero: 0, tile, field, rule, outcome, FloatText.parseFloat)
        case .double:
            unsafe Self.convertParsed(&doubles, count, zero: 0, tile, field, rule, outcome, FloatText.parseDouble)
        case .decimal(let precision, let scale):
            unsafe Self.convertParsed(&int128s, count, zero: 0, tile, field, rule, outcome) {
                text throws(ValueFailure) in
                try DecimalText.parse(text, precision: precision, scale: scale)
            }
        case .string: unsafe convertText(tile, field, outcome)
        case .uuid, .fixed: unsafe convertFixed(tile, field, outcome)
        case .binary: unsafe convertBinary(tile, field, outcome)
        }
    }

    private static func convertParsed<Value: BitwiseCopyable & BoundedValue>(
        _ values: inout [Value], _ base: Int, zero: Value, _ tile: TileView, _ field: Int, _ rule: ColumnRule,
        _ outcome: TileOutcome, _ parse: (Span<UInt8>) throws(ValueFailure) -> Value
    ) {
        let bounds = rule.bounds(of: Value.self)
        unsafe values.withUnsafeMutableBufferPointer { buffer in
            guard let out = buffer.baseAddress else { return }
            unsafe ParsedColumn.convert(tile, field: field, zero: zero, into: out + base, outcome, parse)
            if let bounds { unsafe ParsedColumn.check(bounds, out + base, rowCount: tile.rowCount, outcome) }
        }
    }

    private mutating func convertInt32(_ tile: TileView, _ field: Int, _ outcome: TileOutcome) {
        if rule.type == .date {
            unsafe Self.convertParsed(&int32s, count, zero: 0, tile, field, rule, outcome, DateTimeText.parseDate)
            return
        }
        let bounds = rule.bounds(of: Int32.self)
        let base = count
        unsafe int32s.withUnsafeMutableBufferPointer { buffer in
            guard let out = buffer.baseAddress else { return }
            unsafe IntegerColumn.convert(tile, field: field, into: out + base, outcome, IntegerText.parseInt32)
            if let bounds { unsafe ParsedColumn.check(bounds, out + base, rowCount: tile.rowCount, outcome) }
        }
    }

    private mutating func convertInt64(_ tile: TileView, _ field: Int, _ outcome: TileOutcome) {
        if rule.type == .time {
            unsafe Self.convertParsed(&int64s, count, zero: 0, tile, field, rule, outcome, DateTimeText.parseTime)
            return
        }
        let type = rule.type
        let bounds = rule.bounds(of: Int64.self)
        let base = count
        unsafe int64s.withUnsafeMutableBufferPointer { buffer in
            guard let out = buffer.baseAddress else { return }
            if type == .long {
                unsafe IntegerColumn.convert(tile, field: field, into: out + base, outcome, IntegerText.parse)
            } else {
                unsafe TimestampColumn.convert(
                    tile, field: field, hasZone: type == .timestamptz, into: out + base, outcome)
            }
            if let bounds { unsafe ParsedColumn.check(bounds, out + base, rowCount: tile.rowCount, outcome) }
        }
    }

    private mutating func convertText(_ tile: TileView, _ field: Int, _ outcome: TileOutcome) {
        reserve(bytes: unsafe byteLength + tile.byteCount + TextColumn.copyBytes)
        let base = count
        let used = byteLength
        let isRequired = rule.isRequired
        byteLength = unsafe offsets.withUnsafeMutableBufferPointer { offsets in
            unsafe bytes.withUnsafeMutableBufferPointer { bytes in
                guard let offsets = offsets.baseAddress, let bytes = bytes.baseAddress else { return used }
                return unsafe TextColumn.convert(
                    tile, field: field, isRequired: isRequired, offsets: offsets + base + 1, bytes: bytes, length: used,
                    outcome)
            }
        }
        if let pattern = rule.pattern { unsafe checkPattern(pattern, rowCount: tile.rowCount, outcome) }
    }

    private func checkPattern(_ pattern: Regex<AnyRegexOutput>, rowCount: Int, _ outcome: TileOutcome) {
        for row in 0..<rowCount {
            let bit: UInt64 = 1 << UInt64(row & 63)
            guard unsafe outcome.validity[row >> 6] & bit != 0 else { continue }
            let range = Int(offsets[count + row])..<Int(offsets[count + row + 1])
            if !rule.matches(String(decoding: bytes[range], as: UTF8.self), pattern) {
                unsafe outcome.failed[row >> 6] |= bit
            }
        }
    }

    private mutating func convertFixed(_ tile: TileView, _ field: Int, _ outcome: TileOutcome) {
        let isUUID = rule.type == .uuid
        let width = width
        for row in unsafe 0..<tile.rowCount {
            let (start, length) = unsafe tile.field(row, field)
            let bit: UInt64 = 1 << UInt64(row & 63)
            let cell = unsafe Cell(tile, start, length) { text throws(ValueFailure) in
                var value: [UInt8] = []
                if isUUID {
                    try HexText.parseUUID(text, into: &value)
                } else {
                    try HexText.parse(text, length: width, into: &value)
                }
                return value
            }
            let at = (count + row) * width
            switch cell {
            case .value(let value):
                for index in 0..<width { fixed[at + index] = value[index] }
                unsafe outcome.validity[row >> 6] |= bit
            case .null: for index in 0..<width { fixed[at + index] = 0 }
            case .failed:
                for index in 0..<width { fixed[at + index] = 0 }
                unsafe outcome.failed[row >> 6] |= bit
            }
        }
    }

    private mutating func convertBinary(_ tile: TileView, _ field: Int, _ outcome: TileOutcome) {
        reserve(bytes: unsafe byteLength + tile.byteCount)
        for row in unsafe 0..<tile.rowCount {
            let (start, length) = unsafe tile.field(row, field)
            let bit: UInt64 = 1 << UInt64(row & 63)
            let cell = unsafe Cell(tile, start, length) { text throws(ValueFailure) in
                var value: [UInt8] = []
                try HexText.parse(text, into: &value)
                return value
            }
            switch cell {
            case .value(let value):
                for byte in value {
                    bytes[byteLength] = byte
                    byteLength += 1
                }
                unsafe outcome.validity[row >> 6] |= bit
            case .null: break
            case .failed: unsafe outcome.failed[row >> 6] |= bit
            }
            offsets[count + row + 1] = UInt32(byteLength)
        }
    }

    private mutating func fillNull(_ rowCount: Int) {
        for row in count..<count + rowCount {
            switch physical {
            case .boolean: booleans[row] = false
            case .int32: int32s[row] = 0
            case .int64: int64s[row] = 0
            case .float: floats[row] = 0
            case .double: doubles[row] = 0
            case .int128: int128s[row] = 0
            case .fixed: for index in row * width..<(row + 1) * width { fixed[index] = 0 }
            case .bytes: offsets[row + 1] = UInt32(byteLength)
            }
        }
    }
}
