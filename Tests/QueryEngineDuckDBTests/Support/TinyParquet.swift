/// The smallest Parquet writer that a test can do with: one row group, plain encoding, no compression, no statistics.
///
/// It shares no code with the project's own writer, so a defect there does not hide one here.
enum TinyParquet {
    enum Values {
        case int([Int32?])
        case long([Int64?])
        case double([Double?])
        case text([String?])
        /// Microseconds since 1970, UTC.
        case timestamptz([Int64?])
    }

    struct Column {
        var name: String
        /// `nil` leaves the field id out, as some engines do.
        var fieldID: Int?
        var values: Values

        init(_ name: String, _ fieldID: Int?, _ values: Values) {
            self.name = name
            self.fieldID = fieldID
            self.values = values
        }
    }

    static func file(_ columns: [Column]) -> [UInt8] {
        let rowCount = columns.first.map { $0.values.count } ?? 0
        var bytes = Array("PAR1".utf8)
        var chunks: [(offset: Int, size: Int)] = []
        for column in columns {
            let offset = bytes.count
            bytes += page(column.values)
            chunks.append((offset, bytes.count - offset))
        }
        let footer = metadata(columns, chunks: chunks, rowCount: rowCount)
        bytes += footer
        bytes += littleEndian(UInt32(footer.count))
        return bytes + Array("PAR1".utf8)
    }

    private static func page(_ values: Values) -> [UInt8] {
        let (valid, plain) = values.encoded
        // Definition levels of one bit each, in one bit-packed run.
        let groups = (valid.count + 7) / 8
        var levels = Thrift.varint(UInt64(groups << 1 | 1))
        for group in 0..<groups {
            var byte: UInt8 = 0
            for bit in 0..<8 where group * 8 + bit < valid.count && valid[group * 8 + bit] { byte |= 1 << UInt8(bit) }
            levels.append(byte)
        }
        let body = littleEndian(UInt32(levels.count)) + levels + plain
        var header = Thrift()
        header.i32(1, 0)
        header.i32(2, body.count)
        header.i32(3, body.count)
        header.structure(5) { data in
            data.i32(1, valid.count)
            data.i32(2, 0)
            data.i32(3, 3)
            data.i32(4, 3)
        }
        return header.finished + body
    }

    private static func metadata(_ columns: [Column], chunks: [(offset: Int, size: Int)], rowCount: Int) -> [UInt8] {
        var root = Thrift()
        root.string(4, "schema")
        root.i32(5, columns.count)
        let elements = columns.map { column -> [UInt8] in
            var element = Thrift()
            element.i32(1, column.values.physicalType)
            element.i32(3, 1)
            element.string(4, column.name)
            if let converted = column.values.convertedType { element.i32(6, converted) }
            if let id = column.fieldID { element.i32(9, id) }
            return element.finished
        }
        let chunkStructs = zip(columns, chunks).map { column, chunk -> [UInt8] in
            var entry = Thrift()
            entry.i64(2, chunk.offset)
            entry.structure(3) { data in
                data.i32(1, column.values.physicalType)
                data.list(2, type: 5, [Thrift.zigzag(0), Thrift.zigzag(3)])
                data.list(3, type: 8, [Thrift.text(column.name)])
                data.i32(4, 0)
                data.i64(5, rowCount)
                data.i64(6, chunk.size)
                data.i64(7, chunk.size)
                data.i64(9, chunk.offset)
            }
            return entry.finished
        }
        var group = Thrift()
        group.list(1, type: 12, chunkStructs)
        group.i64(2, chunks.reduce(0) { $0 + $1.size })
        group.i64(3, rowCount)
        var file = Thrift()
        file.i32(1, 1)
        file.list(2, type: 12, [root.finished] + elements)
        file.i64(3, rowCount)
        file.list(4, type: 12, [group.finished])
        return file.finished
    }

    fileprivate static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<(value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}

extension TinyParquet.Values {
    var count: Int { encoded.valid.count }

    var physicalType: Int {
        switch self {
        case .int: 1
        case .long, .timestamptz: 2
        case .double: 5
        case .text: 6
        }
    }

    var convertedType: Int? {
        switch self {
        case .text: 0
        case .timestamptz: 10
        default: nil
        }
    }

    var encoded: (valid: [Bool], plain: [UInt8]) {
        switch self {
        case .int(let values): (values.map { $0 != nil }, values.flatMap { $0.map(TinyParquet.littleEndian) ?? [] })
        case .long(let values), .timestamptz(let values):
            (values.map { $0 != nil }, values.flatMap { $0.map(TinyParquet.littleEndian) ?? [] })
        case .double(let values):
            (values.map { $0 != nil }, values.flatMap { $0.map { TinyParquet.littleEndian($0.bitPattern) } ?? [] })
        case .text(let values):
            (
                values.map { $0 != nil },
                values.flatMap { value -> [UInt8] in
                    guard let value else { return [] }
                    return TinyParquet.littleEndian(UInt32(value.utf8.count)) + Array(value.utf8)
                }
            )
        }
    }
}

/// Thrift's compact protocol, as far as Parquet's metadata needs it.
private struct Thrift {
    private var bytes: [UInt8] = []
    private var lastField = 0

    var finished: [UInt8] { bytes + [0] }

    mutating func i32(_ field: Int, _ value: Int) { put(field, type: 5, Self.zigzag(value)) }
    mutating func i64(_ field: Int, _ value: Int) { put(field, type: 6, Self.zigzag(value)) }
    mutating func string(_ field: Int, _ value: String) { put(field, type: 8, Self.text(value)) }

    mutating func structure(_ field: Int, _ body: (inout Thrift) -> Void) {
        var inner = Thrift()
        body(&inner)
        put(field, type: 12, inner.finished)
    }

    mutating func list(_ field: Int, type: UInt8, _ elements: [[UInt8]]) {
        let header =
            elements.count < 15
            ? [UInt8(elements.count) << 4 | type] : [0xf0 | type] + Self.varint(UInt64(elements.count))
        put(field, type: 9, header + elements.flatMap { $0 })
    }

    private mutating func put(_ field: Int, type: UInt8, _ value: [UInt8]) {
        bytes.append(UInt8(field - lastField) << 4 | type)
        bytes += value
        lastField = field
    }

    static func zigzag(_ value: Int) -> [UInt8] { varint(UInt64(bitPattern: Int64(value << 1 ^ value >> 63))) }
    static func text(_ value: String) -> [UInt8] { varint(UInt64(value.utf8.count)) + Array(value.utf8) }

    static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
