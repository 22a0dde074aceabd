import LakeModel
import LakeTesting

@testable import ParquetFormat

/// A sink that collects what is written.
struct CollectingSink: ByteSink {
    var bytes: [UInt8] = []

    mutating func write(_ bytes: RawSpan) throws {
        unsafe bytes.withUnsafeBytes { unsafe self.bytes.append(contentsOf: $0) }
    }
}

/// All types that a table can have.
let allTypes: [PrimitiveType] = [
    .boolean, .int, .long, .float, .double, .decimal(precision: 9, scale: 2), .decimal(precision: 18, scale: 4),
    .decimal(precision: 38, scale: 10), .decimal(precision: 20, scale: 0), .date, .time, .timestamp, .timestamptz,
    .string, .uuid, .fixed(length: 7), .binary,
]

/// Writes batches and returns the file with what the writer says of it.
func write(
    _ schema: Schema, _ batches: [ColumnBatch], options: ParquetWriterOptions = ParquetWriterOptions()
) throws -> (bytes: [UInt8], summary: ParquetFileSummary) {
    var writer = try ParquetFileWriter(schema: schema, options: options, sink: CollectingSink())
    for batch in batches { try writer.write(batch) }
    let finished = try writer.finish()
    return (finished.sink.bytes, finished.summary)
}

/// All rows of a file as values, a row group behind the other.
func readRows(
    _ bytes: [UInt8], _ fields: [SchemaField], resolution: ParquetColumnResolution = .fieldID
) throws -> [[Datum?]] {
    let reader = try ParquetFileReader(MemorySource(bytes))
    return try reader.metadata.rowGroups.indices.flatMap { group in
        rows(try reader.read(rowGroup: group, fields: fields, resolution: resolution))
    }
}

/// The rows of a batch as values.
func rows(_ batch: ColumnBatch) -> [[Datum?]] {
    (0..<batch.rowCount).map { row in batch.columns.map { $0.datum(row) } }
}

/// A column of the given values, all of one type.
func vector(_ type: PrimitiveType, _ values: [Datum?]) -> ColumnVector {
    var validity = Bitmap()
    for value in values { validity.append(value != nil) }
    let storage: ColumnStorage
    switch type.physical {
    case .boolean: storage = .boolean(values.map { if case .boolean(let value) = $0 { value } else { false } })
    case .int32: storage = .int32(values.map { if case .int(let value) = $0 { value } else { 0 } })
    case .int64: storage = .int64(values.map { if case .long(let value) = $0 { value } else { 0 } })
    case .float: storage = .float(values.map { if case .float(let value) = $0 { value } else { 0 } })
    case .double: storage = .double(values.map { if case .double(let value) = $0 { value } else { 0 } })
    case .int128: storage = .int128(values.map { if case .decimal(let value) = $0 { value } else { 0 } })
    case .bytes:
        var vector = ByteVector()
        for value in values {
            switch value {
            case .string(let text): vector.append(Array(text.utf8))
            case .bytes(let bytes): vector.append(bytes)
            default: vector.append([])
            }
        }
        storage = .bytes(vector)
    case .fixed(let width):
        storage = .fixed(
            FixedVector(
                width: width,
                bytes: values.flatMap {
                    if case .bytes(let bytes) = $0 { bytes } else { [UInt8](repeating: 0, count: width) }
                }))
    }
    return ColumnVector(type: type, storage: storage, validity: validity.setCount == values.count ? nil : validity)
}

func batch(_ columns: [ColumnVector]) -> ColumnBatch {
    ColumnBatch(columns: columns, rowCount: columns.first?.count ?? 0)
}

/// A value of `type`; with few distinct ones when `variety` is small.
func randomDatum(_ type: PrimitiveType, variety: UInt64, using random: inout SeededRandom) -> Datum {
    let number = UInt64.random(in: 0..<variety, using: &random) &* 0x9E37_79B9_7F4A_7C15
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 5 % 60)) } }
    switch type {
    case .boolean: return .boolean(number & 1 == 1)
    case .int, .date: return .int(Int32(truncatingIfNeeded: number >> 16))
    case .long, .time, .timestamp, .timestamptz: return .long(Int64(bitPattern: number))
    case .float: return .float(number % 50 == 3 ? .nan : Float(bitPattern: UInt32(truncatingIfNeeded: number >> 7)))
    case .double: return .double(number % 50 == 7 ? .nan : Double(Int64(bitPattern: number)) / 1e6)
    case .decimal(let precision, _):
        let limit = WriterSchema.decimalMagnitudeMax(precision: precision)
        return .decimal((Int128(Int64(bitPattern: number)) &* 998_244_353_998_244_353) % limit)
    case .string:
        return .string("Ünï " + String(number % 1_000_003, radix: 36) + String(repeating: "x", count: Int(number % 40)))
    case .uuid: return .bytes(bytes(16))
    case .fixed(let length): return .bytes(bytes(length))
    case .binary: return .bytes(bytes(Int(number % 24)))
    }
}

/// Values that equal themselves even when they are NaN.
func comparable(_ datum: Datum?) -> Datum? {
    switch datum {
    case .float(let value) where value.isNaN: .string("NaN")
    case .double(let value) where value.isNaN: .string("NaN")
    default: datum
    }
}
