import Foundation

/// Turns chunks of the engine into blocks of the wire.
struct ResultEncoder {
    private let types: [DuckType]
    private var block = ColumnBlockWriter()
    private var lengths: [UInt32] = []
    private var texts: [UInt8] = []
    private var scratch: [UInt8] = []

    /// - Throws: ``WireError`` `sql-invalid` for a column whose type has no text form.
    init(columns: [(name: String, type: DuckType)]) throws {
        for column in columns {
            if let name = column.type.unsupportedName {
                throw WireError(
                    code: "sql-invalid", message: "column \(column.name) has the type \(name), which cannot be sent",
                    remedy: "cast the column to VARCHAR")
            }
        }
        types = columns.map(\.type)
    }

    /// The first `rowCount` rows of a chunk.
    mutating func encode(_ chunk: DuckChunk, rowCount: Int) -> [UInt8] {
        block.begin(rowCount: rowCount)
        for (index, type) in types.enumerated() {
            let vector = chunk.column(index)
            block.beginColumn(type.wireKind)
            if case .null = type { appendNulls(rowCount) } else { append(vector, type, rowCount: rowCount) }
        }
        return block.bytes
    }

    private mutating func appendNulls(_ rowCount: Int) {
        for _ in 0..<rowCount { block.append(UInt8(0)) }
        for _ in 0..<rowCount { block.append(UInt32(0)) }
    }

    private mutating func append(_ vector: DuckVector, _ type: DuckType, rowCount: Int) {
        for row in 0..<rowCount { block.append(UInt8(vector.isValid(row) ? 1 : 0)) }
        switch type {
        case .boolean:
            for row in 0..<rowCount { block.append(vector.isValid(row) ? vector.value(row, as: UInt8.self) : 0) }
        case .integer(8, true): appendIntegers(vector, Int8.self, rowCount)
        case .integer(16, true): appendIntegers(vector, Int16.self, rowCount)
        case .integer(32, true): appendIntegers(vector, Int32.self, rowCount)
        case .integer(64, true): appendIntegers(vector, Int64.self, rowCount)
        case .integer(8, false): appendIntegers(vector, UInt8.self, rowCount)
        case .integer(16, false): appendIntegers(vector, UInt16.self, rowCount)
        case .integer(32, false): appendIntegers(vector, UInt32.self, rowCount)
        case .double:
            for row in 0..<rowCount { block.append(vector.value(row, as: Double.self).bitPattern) }
        case .float:
            for row in 0..<rowCount {
                // By way of the shortest text, so that 0.1 stays 0.1.
                let value = vector.isValid(row) ? vector.value(row, as: Float.self) : 0
                block.append((Double(value.description) ?? Double(value)).bitPattern)
            }
        default: appendTexts(vector, type, rowCount)
        }
    }

    private mutating func appendIntegers<Value: FixedWidthInteger & BitwiseCopyable>(
        _ vector: DuckVector, _: Value.Type, _ rowCount: Int
    ) {
        for row in 0..<rowCount { block.append(Int64(truncatingIfNeeded: vector.value(row, as: Value.self))) }
    }

    private mutating func appendTexts(_ vector: DuckVector, _ type: DuckType, _ rowCount: Int) {
        lengths.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
        for row in 0..<rowCount {
            let start = texts.count
            if vector.isValid(row) { appendText(vector, type, row, isJSON: false) }
            lengths.append(UInt32(texts.count - start))
        }
        for length in lengths { block.append(length) }
        block.append(contentsOf: texts)
    }

    /// Appends one value's text; inside JSON, strings are quoted and numbers that JSON readers would round are too.
    private mutating func appendText(_ vector: DuckVector, _ type: DuckType, _ row: Int, isJSON: Bool) {
        switch type {
        case .list(let element):
            appendElements(vector.listChild, element, rows: vector.listEntry(row))
        case .array(let element, let count):
            appendElements(vector.arrayChild, element, rows: (row * count)..<((row + 1) * count))
        case .structure(let fields):
            appendStructure(vector, fields, row)
        case .map(let key, let value):
            appendMap(vector, key, value, rows: vector.listEntry(row))
        case .boolean:
            texts.append(contentsOf: (vector.value(row, as: UInt8.self) != 0 ? "true" : "false").utf8)
        case .integer(let bits, let isSigned) where bits < 64 || isSigned:
            texts.append(contentsOf: String(integer(vector, row, bits: bits, isSigned: isSigned)).utf8)
        case .float: appendNumber(vector.value(row, as: Float.self))
        case .double: appendNumber(vector.value(row, as: Double.self))
        case .varchar:
            if isJSON {
                scratch.removeAll(keepingCapacity: true)
                vector.appendBytes(row, to: &scratch)
                ValueText.appendQuoted(scratch, to: &texts)
            } else {
                vector.appendBytes(row, to: &texts)
            }
        default:
            guard isJSON else { return appendScalar(vector, type, row) }
            texts.append(UInt8(ascii: "\""))
            appendScalar(vector, type, row)
            texts.append(UInt8(ascii: "\""))
        }
    }

    private mutating func appendScalar(_ vector: DuckVector, _ type: DuckType, _ row: Int) {
        switch type {
        case .integer: texts.append(contentsOf: String(vector.value(row, as: UInt64.self)).utf8)
        case .hugeint(true):
            let (low, high) = vector.wide(row)
            texts.append(contentsOf: String(Int128(high) << 64 | Int128(low)).utf8)
        case .hugeint(false):
            let (low, high) = vector.wide(row)
            texts.append(contentsOf: String(UInt128(UInt64(bitPattern: high)) << 64 | UInt128(low)).utf8)
        case .decimal(let width, let scale):
            ValueText.appendDecimal(decimal(vector, row, width: width), scale: scale, to: &texts)
        case .blob:
            scratch.removeAll(keepingCapacity: true)
            vector.appendBytes(row, to: &scratch)
            ValueText.appendHex(scratch, to: &texts)
        case .uuid:
            let (low, high) = vector.wide(row)
            ValueText.appendUUID(low: low, high: high, to: &texts)
        case .date: ValueText.appendDate(vector.value(row), to: &texts)
        case .time: ValueText.appendTime(vector.value(row), perSecond: 1_000_000, to: &texts)
        case .timeNanoseconds: ValueText.appendTime(vector.value(row), perSecond: 1_000_000_000, to: &texts)
        case .timeWithZone: ValueText.appendTimeWithZone(vector.value(row), to: &texts)
        case .timestamp(let unit):
            ValueText.appendTimestamp(vector.value(row), perSecond: unit.perSecond, isUTC: false, to: &texts)
        case .timestampWithZone:
            ValueText.appendTimestamp(vector.value(row), perSecond: 1_000_000, isUTC: true, to: &texts)
        case .interval:
            ValueText.appendInterval(
                months: vector.value(row * 4), days: vector.value(row * 4 + 1), microseconds: vector.value(row * 2 + 1),
                to: &texts)
        case .enumeration(let values): texts.append(contentsOf: enumValue(vector, row, values).utf8)
        default: preconditionFailure("a type without a text form was not refused")
        }
    }

    private mutating func appendElements(_ child: DuckVector, _ type: DuckType, rows: Range<Int>) {
        texts.append(UInt8(ascii: "["))
        for row in rows {
            if row > rows.lowerBound { texts.append(UInt8(ascii: ",")) }
            appendNested(child, type, row)
        }
        texts.append(UInt8(ascii: "]"))
    }

    private mutating func appendStructure(_ vector: DuckVector, _ fields: [DuckType.Field], _ row: Int) {
        texts.append(UInt8(ascii: "{"))
        for (index, field) in fields.enumerated() {
            if index > 0 { texts.append(UInt8(ascii: ",")) }
            ValueText.appendQuoted(field.name.utf8, to: &texts)
            texts.append(UInt8(ascii: ":"))
            appendNested(vector.structChild(index), field.type, row)
        }
        texts.append(UInt8(ascii: "}"))
    }

    /// A map is an object when its keys are text, else an array of pairs.
    private mutating func appendMap(_ vector: DuckVector, _ key: DuckType, _ value: DuckType, rows: Range<Int>) {
        let keys = vector.listChild.structChild(0)
        let values = vector.listChild.structChild(1)
        var isObject = false
        if case .varchar = key { isObject = true }
        texts.append(UInt8(ascii: isObject ? "{" : "["))
        for row in rows {
            if row > rows.lowerBound { texts.append(UInt8(ascii: ",")) }
            if !isObject { texts.append(UInt8(ascii: "[")) }
            appendNested(keys, key, row)
            texts.append(UInt8(ascii: isObject ? ":" : ","))
            appendNested(values, value, row)
            if !isObject { texts.append(UInt8(ascii: "]")) }
        }
        texts.append(UInt8(ascii: isObject ? "}" : "]"))
    }

    private mutating func appendNested(_ vector: DuckVector, _ type: DuckType, _ row: Int) {
        if case .null = type { return texts.append(contentsOf: "null".utf8) }
        guard vector.isValid(row) else { return texts.append(contentsOf: "null".utf8) }
        appendText(vector, type, row, isJSON: true)
    }

    /// JSON has no infinity and no NaN: they become strings.
    private mutating func appendNumber(_ value: some BinaryFloatingPoint & LosslessStringConvertible) {
        let text = value.description
        texts.append(contentsOf: (value.isFinite ? text : "\"\(text)\"").utf8)
    }

    private func integer(_ vector: DuckVector, _ row: Int, bits: Int, isSigned: Bool) -> Int64 {
        switch (bits, isSigned) {
        case (8, true): Int64(vector.value(row, as: Int8.self))
        case (16, true): Int64(vector.value(row, as: Int16.self))
        case (32, true): Int64(vector.value(row, as: Int32.self))
        case (8, false): Int64(vector.value(row, as: UInt8.self))
        case (16, false): Int64(vector.value(row, as: UInt16.self))
        case (32, false): Int64(vector.value(row, as: UInt32.self))
        default: vector.value(row, as: Int64.self)
        }
    }

    /// The engine keeps a decimal in the smallest integer that its width fits.
    private func decimal(_ vector: DuckVector, _ row: Int, width: Int) -> Int128 {
        switch width {
        case ...4: return Int128(vector.value(row, as: Int16.self))
        case ...9: return Int128(vector.value(row, as: Int32.self))
        case ...18: return Int128(vector.value(row, as: Int64.self))
        default:
            let (low, high) = vector.wide(row)
            return Int128(high) << 64 | Int128(low)
        }
    }

    /// The engine keeps the index in the smallest unsigned integer that the number of values fits.
    private func enumValue(_ vector: DuckVector, _ row: Int, _ values: [String]) -> String {
        let index =
            switch values.count {
            case ...255: Int(vector.value(row, as: UInt8.self))
            case ...65_535: Int(vector.value(row, as: UInt16.self))
            default: Int(vector.value(row, as: UInt32.self))
            }
        return values.indices.contains(index) ? values[index] : ""
    }
}

extension DuckType.TimeUnit {
    var perSecond: Int64 {
        switch self {
        case .seconds: 1
        case .milliseconds: 1_000
        case .microseconds: 1_000_000
        case .nanoseconds: 1_000_000_000
        }
    }
}
