import AvroFormat
import Iceberg
import LakeModel

/// Builds a column out of Avro values of one type.
struct RowColumnBuilder: Sendable {
    /// How a value lies in the file, where that is not how its column lies.
    enum Form: Sendable, Hashable {
        case same
        /// `int` values of a `long` column, `float` ones of a `double` one.
        case widened
        /// Decimals in so many bytes; `nil`: as `bytes` of any length.
        case decimal(byteCount: Int?)
    }

    private let type: PrimitiveType
    private let form: Form
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

    init(_ type: PrimitiveType, _ form: Form) {
        self.type = type
        self.form = form
    }

    var byteCount: Int {
        booleans.count + int32s.count * 4 + int64s.count * 8 + floats.count * 4 + doubles.count * 8 + int128s.count * 16
            + texts.bytes.count + texts.offsets.count * 4 + fixed.count
    }

    mutating func appendNull() {
        validity.append(false)
        hasNull = true
        switch type.physical {
        case .boolean: booleans.append(false)
        case .int32: int32s.append(0)
        case .int64: int64s.append(0)
        case .float: floats.append(0)
        case .double: doubles.append(0)
        case .int128: int128s.append(0)
        case .bytes: texts.append(EmptyCollection<UInt8>())
        case .fixed(let width): fixed.append(contentsOf: repeatElement(0, count: width))
        }
    }

    /// - Throws: ``AvroError`` `avro-malformed`; ``BackupError`` `backup-row-invalid` for a decimal of too many digits.
    mutating func append(_ cursor: inout AvroCursor) throws {
        validity.append(true)
        switch type.physical {
        case .boolean: booleans.append(try cursor.readBoolean())
        case .int32: int32s.append(try cursor.readInt())
        case .int64: int64s.append(try cursor.readLong())
        case .float: floats.append(try cursor.readFloat())
        case .double:
            doubles.append(form == .widened ? Double(try cursor.readFloat()) : try cursor.readDouble())
        case .int128: int128s.append(try decimal(&cursor))
        case .bytes:
            if type == .string {
                texts.append(try cursor.readString().utf8)
            } else {
                texts.append(try cursor.readBytes())
            }
        case .fixed(let width): fixed.append(contentsOf: try cursor.readFixed(width))
        }
    }

    private func decimal(_ cursor: inout AvroCursor) throws -> Int128 {
        guard case .decimal(let byteCount) = form, case .decimal(let precision, _) = type else {
            preconditionFailure("decimals come as decimals")
        }
        let bytes = try byteCount.map { try cursor.readFixed($0) } ?? cursor.readBytes()
        guard let value = BoundsCodec.bigEndian(bytes), value.magnitude < Self.powersOfTen[precision] else {
            throw BackupError(
                code: "backup-row-invalid", message: "a decimal has more than \(precision) digits",
                remedy: "declare the column with more digits")
        }
        return value
    }

    private static let powersOfTen: [UInt128] = {
        var powers: [UInt128] = [1]
        for _ in 0..<PrimitiveType.decimalPrecisionMax { powers.append(powers[powers.count - 1] * 10) }
        return powers
    }()

    /// The column, and an empty builder in this one's place.
    mutating func take() -> ColumnVector {
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
        let column = ColumnVector(type: type, storage: storage, validity: hasNull ? validity : nil)
        self = RowColumnBuilder(type, form)
        return column
    }
}
