internal import ByteKernels

/// Reads Thrift's compact protocol out of bytes that anybody may have written.
///
/// Lengths are checked against the bytes that are left before anything is made of them, and structures nest only so
/// deep. Every error names the byte offset in the file.
struct CompactReader {
    /// Structures and containers inside one another; Parquet's own metadata nests seven deep.
    static let depthMax = 32

    private let bytes: [UInt8]
    /// Offset of `bytes[0]` in the file.
    private let fileOffset: Int
    private let end: Int
    private(set) var position: Int
    private var depth = 0

    /// - Parameter range: where in `bytes` the reader may look.
    init(_ bytes: [UInt8], range: Range<Int>, fileOffset: Int) {
        precondition(range.upperBound <= bytes.count)
        self.bytes = bytes
        self.fileOffset = fileOffset
        position = range.lowerBound
        end = range.upperBound
    }

    /// Where the reader stands, in the file.
    var offset: Int { fileOffset + position }

    func malformed(_ message: String) -> ParquetError { .malformed(message, byteOffset: offset) }

    /// Calls `field` with the id and type of each field; it reads or skips the value.
    mutating func structure(_ field: (inout CompactReader, Int, CompactType) throws -> Void) throws {
        try enter()
        var id = 0
        while true {
            let header = try byte()
            let delta = Int(header >> 4)
            guard let type = CompactType(rawValue: header & 0x0F) else {
                throw malformed("a metadata field has the unknown type \(header & 0x0F)")
            }
            if type == .stop { break }
            if delta == 0 {
                id = Int(try integer(Int16.self))
            } else {
                id += delta
            }
            try field(&self, id, type)
        }
        depth -= 1
    }

    mutating func bool(_ type: CompactType) throws -> Bool {
        switch type {
        case .booleanTrue: return true
        case .booleanFalse: return false
        default: throw malformed("a boolean was expected in the metadata")
        }
    }

    mutating func int8(_ type: CompactType) throws -> Int8 {
        try expect(type, .int8)
        return Int8(bitPattern: try byte())
    }

    mutating func int16(_ type: CompactType) throws -> Int16 {
        try expect(type, .int16)
        return try integer(Int16.self)
    }

    mutating func int32(_ type: CompactType) throws -> Int {
        try expect(type, .int32)
        return Int(try integer(Int32.self))
    }

    mutating func int64(_ type: CompactType) throws -> Int {
        try expect(type, .int64)
        return Int(try integer(Int64.self))
    }

    mutating func binary(_ type: CompactType) throws -> [UInt8] {
        try expect(type, .binary)
        let count = try length()
        position += count
        return Array(bytes[position - count..<position])
    }

    mutating func string(_ type: CompactType) throws -> String {
        let utf8 = try binary(type)
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw malformed("a name in the metadata is not UTF-8")
        }
        return text
    }

    /// The elements of a list, each read by `element`, which gets their type.
    mutating func list<Element>(
        _ type: CompactType, countMax: Int, _ element: (inout CompactReader, CompactType) throws -> Element
    ) throws -> [Element] {
        try expect(type, .list)
        let (elementType, count) = try listHeader()
        guard count <= countMax else {
            throw ParquetError.limit(
                "a list in the metadata has \(count) elements, the limit is \(countMax)", byteOffset: offset)
        }
        try enter()
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            // In a list a boolean is a byte of its own, 1 for true.
            if elementType == .booleanTrue || elementType == .booleanFalse {
                elements.append(try element(&self, try byte() == 1 ? .booleanTrue : .booleanFalse))
            } else {
                elements.append(try element(&self, elementType))
            }
        }
        depth -= 1
        return elements
    }

    /// Passes over a value of `type`.
    mutating func skip(_ type: CompactType) throws {
        switch type {
        case .stop, .booleanTrue, .booleanFalse: break
        case .int8: _ = try byte()
        case .int16, .int32, .int64: _ = try varInt()
        case .double: try advance(8)
        case .uuid: try advance(16)
        case .binary: try advance(try length())
        case .list, .set:
            let (elementType, count) = try listHeader()
            try skipElements(elementType, count: count)
        case .map:
            let count = try length()
            if count == 0 { return }
            let types = try byte()
            guard let key = CompactType(rawValue: types >> 4), let value = CompactType(rawValue: types & 0x0F) else {
                throw malformed("a map in the metadata has unknown types")
            }
            try enter()
            for _ in 0..<count {
                try skipElement(key)
                try skipElement(value)
            }
            depth -= 1
        case .structure:
            try structure { reader, _, type in try reader.skip(type) }
        }
    }

    private mutating func skipElements(_ type: CompactType, count: Int) throws {
        try enter()
        for _ in 0..<count { try skipElement(type) }
        depth -= 1
    }

    private mutating func skipElement(_ type: CompactType) throws {
        if type == .booleanTrue || type == .booleanFalse {
            _ = try byte()
        } else {
            try skip(type)
        }
    }

    private mutating func listHeader() throws -> (CompactType, Int) {
        let header = try byte()
        guard let type = CompactType(rawValue: header & 0x0F), type != .stop else {
            throw malformed("a list in the metadata has the unknown element type \(header & 0x0F)")
        }
        // Every element takes a byte at least.
        let count = header >> 4 == 15 ? try length() : Int(header >> 4)
        guard count <= end - position else { throw malformed("a list in the metadata passes its end") }
        return (type, count)
    }

    private mutating func enter() throws {
        depth += 1
        guard depth <= Self.depthMax else { throw malformed("metadata nests more than \(Self.depthMax) deep") }
    }

    private func expect(_ type: CompactType, _ expected: CompactType) throws {
        guard type == expected else { throw malformed("metadata has a \(type) where a \(expected) belongs") }
    }

    private mutating func byte() throws -> UInt8 {
        guard position < end else { throw malformed("metadata ends early") }
        position += 1
        return bytes[position - 1]
    }

    private mutating func advance(_ count: Int) throws {
        guard count <= end - position else { throw malformed("metadata ends early") }
        position += count
    }

    /// A length that the bytes which are left can hold.
    private mutating func length() throws -> Int {
        let value = try varInt()
        guard value <= UInt64(end - position) else {
            throw malformed("metadata announces \(value) bytes or elements where \(end - position) bytes are left")
        }
        return Int(value)
    }

    private mutating func varInt() throws -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            guard shift < 63 || byte <= 1 else { throw malformed("a number in the metadata has more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    private mutating func integer<Value: FixedWidthInteger & SignedInteger>(_: Value.Type) throws -> Value {
        let value = VarInt.unZigZag(try varInt())
        guard let narrow = Value(exactly: value) else {
            throw malformed("\(value) in the metadata does not fit \(Value.bitWidth) bits")
        }
        return narrow
    }
}
