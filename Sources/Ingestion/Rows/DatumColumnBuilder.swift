import LakeModel

/// Builds a column value by value, for small batches and rejects; files go through the CSV parser's own builders.
struct DatumColumnBuilder {
    private let type: PrimitiveType
    private var booleans: [Bool] = []
    private var int32s: [Int32] = []
    private var int64s: [Int64] = []
    private var floats: [Float] = []
    private var doubles: [Double] = []
    private var int128s: [Int128] = []
    private var texts = ByteVector()
    private var fixed: [UInt8] = []
    private var validity = Bitmap()
    private var hasNull = false

    init(type: PrimitiveType) { self.type = type }

    /// - Parameter value: of the column's physical type; `nil` for null.
    mutating func append(_ value: Datum?) {
        validity.append(value != nil)
        if value == nil { hasNull = true }
        switch type.physical {
        case .boolean: booleans.append({ if case .boolean(let flag) = value { flag } else { false } }())
        case .int32: int32s.append({ if case .int(let number) = value { number } else { 0 } }())
        case .int64: int64s.append({ if case .long(let number) = value { number } else { 0 } }())
        case .float: floats.append({ if case .float(let number) = value { number } else { 0 } }())
        case .double: doubles.append({ if case .double(let number) = value { number } else { 0 } }())
        case .int128: int128s.append({ if case .decimal(let number) = value { number } else { 0 } }())
        case .bytes:
            switch value {
            case .string(let text): texts.append(text.utf8)
            case .bytes(let bytes): texts.append(bytes)
            default: texts.append(EmptyCollection<UInt8>())
            }
        case .fixed(let width):
            if case .bytes(let bytes) = value, bytes.count == width {
                fixed.append(contentsOf: bytes)
            } else {
                fixed.append(contentsOf: repeatElement(0, count: width))
            }
        }
    }

    func finish() -> ColumnVector {
        let storage: ColumnStorage =
            switch type.physical {
            case .boolean: .boolean(booleans)
            case .int32: .int32(int32s)
            case .int64: .int64(int64s)
            case .float: .float(floats)
            case .double: .double(doubles)
            case .int128: .int128(int128s)
            case .bytes: .bytes(texts)
            case .fixed(let width): .fixed(FixedVector(width: width, bytes: fixed))
            }
        return ColumnVector(type: type, storage: storage, validity: hasNull ? validity : nil)
    }
}
