import LakeModel

/// Rows in the binary format of COPY (PostgreSQL manual, section on COPY, "Binary Format").
///
/// Steps for a run of rows: add up each row's length, column by column; from that follows where each row begins; then
/// each column writes its values into all rows. So what kind of values a column has is decided once a run.
struct CopyEncoder {
    /// Rows that are put together at once: their bytes stay in the processor's cache.
    static let runRows = 2_048
    /// The format's sign, no flags, no extension.
    static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
    static let trailer: [UInt8] = [0xFF, 0xFF]

    private static let countBytes = 2
    private static let lengthBytes = 4
    /// The length that says NULL, −1.
    private static let nullLength: UInt32 = .max

    private(set) var bytes: [UInt8] = []

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func append(_ columns: [WireVector], rows: ArraySlice<UInt32>) {
        // Of each row its length at first, then where its next value goes.
        var cursors = [Int](repeating: Self.countBytes + Self.lengthBytes * columns.count, count: rows.count)
        for column in columns { Self.addLengths(of: column, rows, &cursors) }
        var end = bytes.count
        for index in cursors.indices {
            let length = cursors[index]
            cursors[index] = end
            end += length
        }
        bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
        unsafe bytes.withUnsafeMutableBytes { out in
            let count = UInt16(columns.count).bigEndian
            for index in cursors.indices {
                unsafe out.storeBytes(of: count, toByteOffset: cursors[index], as: UInt16.self)
                cursors[index] += Self.countBytes
            }
            for column in columns { unsafe Self.write(column, rows, &cursors, out) }
        }
    }

    private static func addLengths(
        of column: WireVector, _ rows: ArraySlice<UInt32>, _ cursors: inout [Int]
    ) {
        let width: Int
        switch column.values {
        case .one: width = 1
        case .four: width = 4
        case .eight: width = 8
        case .fixed(let values): width = values.width
        case .bytes(let values):
            for (index, row) in rows.enumerated() where column.validity?[Int(row)] != false {
                cursors[index] += Int(values.offsets[Int(row) + 1] - values.offsets[Int(row)])
            }
            return
        }
        for (index, row) in rows.enumerated() where column.validity?[Int(row)] != false { cursors[index] += width }
    }

    private static func write(
        _ column: WireVector, _ rows: ArraySlice<UInt32>, _ cursors: inout [Int], _ out: UnsafeMutableRawBufferPointer
    ) {
        switch column.values {
        case .one(let values): unsafe write(values, column.validity, rows, &cursors, out)
        case .four(let values): unsafe write(values, column.validity, rows, &cursors, out)
        case .eight(let values): unsafe write(values, column.validity, rows, &cursors, out)
        case .bytes(let values):
            unsafe values.bytes.withUnsafeBytes { bytes in
                unsafe write(bytes, column.validity, rows, &cursors, out) { row in
                    Int(values.offsets[row])..<Int(values.offsets[row + 1])
                }
            }
        case .fixed(let values):
            unsafe values.bytes.withUnsafeBytes { bytes in
                unsafe write(bytes, column.validity, rows, &cursors, out) { row in
                    row * values.width..<(row + 1) * values.width
                }
            }
        }
    }

    @inline(__always) private static func write<Value: FixedWidthInteger>(
        _ values: [Value], _ validity: Bitmap?, _ rows: ArraySlice<UInt32>, _ cursors: inout [Int],
        _ out: UnsafeMutableRawBufferPointer
    ) {
        let width = Value.bitWidth / 8
        let length = UInt32(width).bigEndian
        for (index, row) in rows.enumerated() {
            let cursor = cursors[index]
            if let validity, !validity[Int(row)] {
                unsafe out.storeBytes(of: nullLength, toByteOffset: cursor, as: UInt32.self)
                cursors[index] = cursor + lengthBytes
            } else {
                unsafe out.storeBytes(of: length, toByteOffset: cursor, as: UInt32.self)
                unsafe out.storeBytes(of: values[Int(row)], toByteOffset: cursor + lengthBytes, as: Value.self)
                cursors[index] = cursor + lengthBytes + width
            }
        }
    }

    @inline(__always) private static func write(
        _ bytes: UnsafeRawBufferPointer, _ validity: Bitmap?, _ rows: ArraySlice<UInt32>, _ cursors: inout [Int],
        _ out: UnsafeMutableRawBufferPointer, range: (Int) -> Range<Int>
    ) {
        for (index, row) in rows.enumerated() {
            let cursor = cursors[index]
            if let validity, !validity[Int(row)] {
                unsafe out.storeBytes(of: nullLength, toByteOffset: cursor, as: UInt32.self)
                cursors[index] = cursor + lengthBytes
                continue
            }
            let range = range(Int(row))
            unsafe out.storeBytes(of: UInt32(range.count).bigEndian, toByteOffset: cursor, as: UInt32.self)
            let start = cursor + lengthBytes
            if !range.isEmpty {
                unsafe UnsafeMutableRawBufferPointer(rebasing: out[start..<start + range.count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
            cursors[index] = start + range.count
        }
    }
}
