/// Writes FlatBuffers, as far as Arrow's metadata needs them.
///
/// Everything goes forward: a table's vtable, the table, and then what it points to. So offsets always point behind
/// themselves, as the format wants it, and are filled in when their target is written.
struct FlatBuffer {
    /// A value of one slot of a table.
    enum Field {
        case bool(Bool)
        case uint8(UInt8)
        case int16(Int16)
        case int32(Int32)
        case int64(Int64)
        case string(String)
        case table(Table)
        case tables([Table])
        /// Structs of 64-bit integers, one after the other.
        case structs([Int64], integersEach: Int)

        /// Bytes in the table: what is longer lies elsewhere, behind an offset of four.
        fileprivate var width: Int {
            switch self {
            case .bool, .uint8: 1
            case .int16: 2
            case .int32, .string, .table, .tables, .structs: 4
            case .int64: 8
            }
        }
    }

    /// Fields by their slots; `nil` has its default.
    struct Table {
        var fields: [Field?]

        init(_ fields: [Field?]) { self.fields = fields }
    }

    private var bytes: [UInt8] = []

    /// The bytes of a buffer with `root` as its root table, a multiple of eight long.
    static func bytes(root: Table) -> [UInt8] {
        var buffer = FlatBuffer()
        buffer.append(UInt32(0))
        let position = buffer.write(root)
        buffer.set(UInt32(position), at: 0)
        buffer.align(to: 8, after: 0)
        return buffer.bytes
    }

    /// - Returns: where the table lies.
    private mutating func write(_ table: Table) -> Int {
        var offsets = [Int](repeating: 0, count: table.fields.count)
        var size = 4
        let slots = table.fields.indices.filter { table.fields[$0] != nil }
        for slot in slots.sorted(by: { (table.fields[$0]?.width ?? 0) > (table.fields[$1]?.width ?? 0) }) {
            let width = table.fields[slot]?.width ?? 0
            size = (size + width - 1) / width * width
            offsets[slot] = size
            size += width
        }
        align(to: 2, after: 0)
        let vtable = bytes.count
        append(UInt16(4 + 2 * table.fields.count))
        append(UInt16(size))
        for offset in offsets { append(UInt16(offset)) }
        align(to: 8, after: 0)
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: size))
        set(UInt32(start - vtable), at: start)
        for slot in slots {
            if let field = table.fields[slot] { write(field, at: start + offsets[slot]) }
        }
        return start
    }

    private mutating func write(_ field: Field, at place: Int) {
        switch field {
        case .bool(let value): bytes[place] = value ? 1 : 0
        case .uint8(let value): bytes[place] = value
        case .int16(let value): set(UInt16(bitPattern: value), at: place)
        case .int32(let value): set(UInt32(bitPattern: value), at: place)
        case .int64(let value): set(UInt64(bitPattern: value), at: place)
        case .string(let text):
            align(to: 4, after: 0)
            point(from: place)
            append(UInt32(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        case .table(let table):
            let position = write(table)
            set(UInt32(position - place), at: place)
        case .tables(let tables):
            align(to: 4, after: 0)
            point(from: place)
            append(UInt32(tables.count))
            let first = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: 4 * tables.count))
            for (index, table) in tables.enumerated() {
                let position = write(table)
                set(UInt32(position - first - 4 * index), at: first + 4 * index)
            }
        case .structs(let integers, let each):
            // The count stands right before the first struct, which is aligned to its integers.
            align(to: 8, after: 4)
            point(from: place)
            append(UInt32(integers.count / each))
            for integer in integers { append(UInt64(bitPattern: integer)) }
        }
    }

    private mutating func point(from place: Int) { set(UInt32(bytes.count - place), at: place) }

    /// Fills up with zeros until the place `after` bytes from the end is a multiple of `alignment`.
    private mutating func align(to alignment: Int, after: Int) {
        while (bytes.count + after) % alignment != 0 { bytes.append(0) }
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func set(_ value: some FixedWidthInteger & UnsignedInteger, at place: Int) {
        for index in 0..<(type(of: value).bitWidth / 8) {
            bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }
}
