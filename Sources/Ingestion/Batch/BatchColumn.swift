import LakeModel

/// Collects one column of a batch, row after row; a row that is refused is taken back.
struct BatchColumn {
    let type: PrimitiveType
    private let physical: PhysicalType
    private var booleans: [Bool] = []
    private var int32s: [Int32] = []
    private var int64s: [Int64] = []
    private var floats: [Float] = []
    private var doubles: [Double] = []
    private var int128s: [Int128] = []
    private var offsets: [UInt32] = []
    private var bytes: [UInt8] = []
    private var fixed: [UInt8] = []
    private let width: Int
    /// Rows that are null, in their order.
    private var nulls: [Int32] = []
    private(set) var count = 0

    init(type: PrimitiveType, rowCapacity: Int) {
        self.type = type
        physical = type.physical
        var width = 0
        switch physical {
        case .int32: int32s.reserveCapacity(rowCapacity)
        case .int64: int64s.reserveCapacity(rowCapacity)
        case .bytes:
            offsets.reserveCapacity(rowCapacity + 1)
            offsets.append(0)
        case .fixed(let bytes): width = bytes
        case .boolean, .float, .double, .int128: break
        }
        self.width = width
    }

    /// A value of an `int64` column.
    @inline(__always)
    mutating func append(_ value: Int64) {
        int64s.append(value)
        count &+= 1
    }

    /// A value of an `int32` column.
    @inline(__always)
    mutating func append(_ value: Int32) {
        int32s.append(value)
        count &+= 1
    }

    mutating func append(_ value: Bool) {
        booleans.append(value)
        count += 1
    }

    /// A value of a `bytes` column.
    @inline(__always)
    mutating func append(_ text: Span<UInt8>) {
        unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        offsets.append(UInt32(truncatingIfNeeded: bytes.count))
        count &+= 1
    }

    mutating func appendNull() {
        nulls.append(Int32(count))
        append(zero: ())
    }

    /// Any value, by its type.
    mutating func append(_ datum: Datum?) {
        switch (datum, physical) {
        case (.boolean(let value), .boolean): booleans.append(value)
        case (.int(let value), .int32): int32s.append(value)
        case (.long(let value), .int64): int64s.append(value)
        case (.float(let value), .float): floats.append(value)
        case (.double(let value), .double): doubles.append(value)
        case (.decimal(let value), .int128): int128s.append(value)
        case (.string(let text), .bytes):
            bytes.append(contentsOf: text.utf8)
            offsets.append(UInt32(truncatingIfNeeded: bytes.count))
        case (.bytes(let value), .bytes):
            bytes.append(contentsOf: value)
            offsets.append(UInt32(truncatingIfNeeded: bytes.count))
        case (.bytes(let value), .fixed):
            precondition(value.count == width, "a value of \(type) has \(width) bytes")
            fixed.append(contentsOf: value)
        default:
            precondition(datum == nil, "a value of \(type) lies as \(physical)")
            return appendNull()
        }
        count += 1
    }

    private mutating func append(zero: Void) {
        switch physical {
        case .boolean: booleans.append(false)
        case .int32: int32s.append(0)
        case .int64: int64s.append(0)
        case .float: floats.append(0)
        case .double: doubles.append(0)
        case .int128: int128s.append(0)
        case .bytes: offsets.append(UInt32(truncatingIfNeeded: bytes.count))
        case .fixed: fixed.append(contentsOf: repeatElement(0, count: width))
        }
        count += 1
    }

    /// Takes back what stands behind the first `rows` rows.
    mutating func truncate(to rows: Int) {
        let excess = count - rows
        if excess <= 0 { return }
        switch physical {
        case .boolean: booleans.removeLast(excess)
        case .int32: int32s.removeLast(excess)
        case .int64: int64s.removeLast(excess)
        case .float: floats.removeLast(excess)
        case .double: doubles.removeLast(excess)
        case .int128: int128s.removeLast(excess)
        case .bytes:
            offsets.removeLast(excess)
            bytes.removeLast(bytes.count - Int(offsets[rows]))
        case .fixed: fixed.removeLast(excess * width)
        }
        while let last = nulls.last, Int(last) >= rows { nulls.removeLast() }
        count = rows
    }

    func finish() -> ColumnVector {
        let storage: ColumnStorage =
            switch physical {
            case .boolean: .boolean(booleans)
            case .int32: .int32(int32s)
            case .int64: .int64(int64s)
            case .float: .float(floats)
            case .double: .double(doubles)
            case .int128: .int128(int128s)
            case .bytes: .bytes(ByteVector(offsets: offsets, bytes: bytes))
            case .fixed(let width): .fixed(FixedVector(width: width, bytes: fixed))
            }
        guard !nulls.isEmpty else { return ColumnVector(type: type, storage: storage) }
        var validity = Bitmap(repeating: true, count: count)
        for row in nulls { validity.set(Int(row), to: false) }
        return ColumnVector(type: type, storage: storage, validity: validity)
    }
}
