/// The values of a column in the layout of the columnar format.
struct ArrowColumn {
    let type: ArrowType
    private(set) var count = 0
    private(set) var nullCount = 0
    private(set) var children: [ArrowColumn]
    /// A bit for each value, 1 where there is one.
    private var validity: [UInt8] = []
    private var data: [UInt8] = []
    /// Where each text, list or map ends; the first is where the first begins.
    private var offsets: [Int32] = [0]

    init(_ type: ArrowType) {
        self.type = type
        children = type.children.map { ArrowColumn($0.type) }
    }

    /// The buffers in the order that the format asks for.
    var buffers: [[UInt8]] {
        let nulls = nullCount == 0 ? [] : validity
        switch type {
        case .null: return []
        case .utf8, .binary: return [nulls, offsetBytes, data]
        case .list, .map: return [nulls, offsetBytes]
        case .fixedList, .structure: return [nulls]
        default: return [nulls, data]
        }
    }

    private var offsetBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * offsets.count)
        for offset in offsets { Self.append(offset, to: &bytes) }
        return bytes
    }

    /// - Throws: ``ArrowError`` `value-unrepresentable`.
    mutating func append(_ value: ArrowValue) throws {
        if case .null = value { return appendNull() }
        switch type {
        case .null: throw ArrowError.unrepresentable(value, type)
        case .bool: try appendBool(value)
        case .list, .map: try appendList(value)
        case .fixedList, .structure: try appendParts(value)
        default:
            try ValueBytes.append(value, as: type, to: &data)
            try closeText()
        }
        mark(isValid: true)
    }

    private mutating func appendNull() {
        switch type {
        case .null: break
        case .bool: appendBit(false, to: &data)
        case .utf8, .binary, .list, .map: offsets.append(offsets[offsets.count - 1])
        case .fixedList(_, let length): for _ in 0..<length { children[0].appendNull() }
        case .structure: for index in children.indices { children[index].appendNull() }
        default: data.append(contentsOf: repeatElement(0, count: type.width))
        }
        mark(isValid: false)
    }

    private mutating func mark(isValid: Bool) {
        appendBit(isValid, to: &validity)
        count += 1
        if !isValid { nullCount += 1 }
    }

    /// - Precondition: the row is not counted yet.
    private func appendBit(_ bit: Bool, to bits: inout [UInt8]) {
        if count % 8 == 0 { bits.append(0) }
        if bit { bits[count / 8] |= 1 << UInt8(count % 8) }
    }

    private mutating func appendBool(_ value: ArrowValue) throws {
        guard case .bool(let bit) = value else { throw ArrowError.unrepresentable(value, type) }
        appendBit(bit, to: &data)
    }

    /// Ends a text of variable length.
    private mutating func closeText() throws {
        switch type {
        case .utf8, .binary:
            guard let end = Int32(exactly: data.count) else { throw ArrowError.tooLong }
            offsets.append(end)
        default: break
        }
    }

    private mutating func appendList(_ value: ArrowValue) throws {
        switch (type, value) {
        case (.list, .list(let elements)):
            for element in elements { try children[0].append(element) }
        case (.map, .map(let entries)):
            for index in stride(from: 0, to: entries.count - 1, by: 2) {
                try children[0].append(.structure([entries[index], entries[index + 1]]))
            }
        default: throw ArrowError.unrepresentable(value, type)
        }
        guard let end = Int32(exactly: children[0].count) else { throw ArrowError.tooLong }
        offsets.append(end)
    }

    private mutating func appendParts(_ value: ArrowValue) throws {
        switch (type, value) {
        case (.fixedList(_, let length), .list(let elements)) where elements.count == length:
            for element in elements { try children[0].append(element) }
        case (.structure, .structure(let parts)) where parts.count == children.count:
            for (index, part) in parts.enumerated() { try children[index].append(part) }
        default: throw ArrowError.unrepresentable(value, type)
        }
    }

    static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
}

extension ArrowType {
    /// Bytes of a value of fixed width; 0 for the other types.
    var width: Int {
        switch self {
        case .int(let bits, _): bits / 8
        case .float32, .date: 4
        case .float64, .time, .timestamp: 8
        case .decimal, .interval: 16
        default: 0
        }
    }
}
