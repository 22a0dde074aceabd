import QueryEngine

/// How the values of one result column travel.
enum WireColumnKind: UInt8, Sendable {
    case boolean = 1
    case integer = 2
    case double = 3
    case text = 4
}

/// Writes the rows of one chunk, column after column.
///
/// The form: the row count as four bytes; then for each column its ``WireColumnKind`` as a byte, one byte a row (1 for
/// a value, 0 for null), and the values of all rows: a byte for booleans, eight for integers and doubles, and for texts
/// four bytes of length a row followed by the bytes of all rows. Numbers are little-endian; nulls take their room.
struct ColumnBlockWriter {
    private(set) var bytes: [UInt8] = []

    mutating func begin(rowCount: Int) {
        bytes.removeAll(keepingCapacity: true)
        append(UInt32(rowCount))
    }

    mutating func beginColumn(_ kind: WireColumnKind) { bytes.append(kind.rawValue) }

    mutating func append(_ value: UInt8) { bytes.append(value) }

    mutating func append(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func append(contentsOf other: [UInt8]) { bytes.append(contentsOf: other) }
}

/// Reads what ``ColumnBlockWriter`` wrote. The bytes come from a process that runs other people's SQL, so every length
/// is checked.
struct ColumnBlockReader {
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The rows of the block.
    /// - Throws: ``Malformed``.
    mutating func rows(columnCount: Int) throws -> [[QueryValue]] {
        let rowCount = Int(try read(UInt32.self))
        guard columnCount > 0, rowCount <= bytes.count else { throw Malformed() }
        var rows = [[QueryValue]](repeating: [], count: rowCount)
        for row in rows.indices { rows[row].reserveCapacity(columnCount) }
        for _ in 0..<columnCount {
            guard let kind = WireColumnKind(rawValue: try read(UInt8.self)) else { throw Malformed() }
            let validity = try take(rowCount)
            switch kind {
            case .boolean:
                let values = try take(rowCount)
                for row in 0..<rowCount {
                    let value = bytes[values.lowerBound + row] != 0
                    rows[row].append(isValid(validity, row) ? .boolean(value) : .null)
                }
            case .integer:
                for row in 0..<rowCount {
                    let value = try read(UInt64.self)
                    rows[row].append(isValid(validity, row) ? .integer(Int64(bitPattern: value)) : .null)
                }
            case .double:
                for row in 0..<rowCount {
                    let value = try read(UInt64.self)
                    rows[row].append(isValid(validity, row) ? .double(Double(bitPattern: value)) : .null)
                }
            case .text:
                try readTexts(into: &rows, validity: validity)
            }
        }
        guard position == bytes.count else { throw Malformed() }
        return rows
    }

    private mutating func readTexts(into rows: inout [[QueryValue]], validity: Range<Int>) throws {
        var lengths: [Int] = []
        lengths.reserveCapacity(rows.count)
        for _ in rows.indices { lengths.append(Int(try read(UInt32.self))) }
        for row in rows.indices {
            let range = try take(lengths[row])
            let value: QueryValue =
                isValid(validity, row) ? .text(String(decoding: bytes[range], as: UTF8.self)) : .null
            rows[row].append(value)
        }
    }

    private func isValid(_ validity: Range<Int>, _ row: Int) -> Bool { bytes[validity.lowerBound + row] != 0 }

    private mutating func take(_ count: Int) throws -> Range<Int> {
        guard count <= bytes.count - position else { throw Malformed() }
        defer { position += count }
        return position..<(position + count)
    }

    private mutating func read<Integer: FixedWidthInteger & UnsignedInteger>(_: Integer.Type) throws -> Integer {
        let range = try take(Integer.bitWidth / 8)
        var value: Integer = 0
        for index in range.reversed() { value = value << 8 | Integer(bytes[index]) }
        return value
    }
}
