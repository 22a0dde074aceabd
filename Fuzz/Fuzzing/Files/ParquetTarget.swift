import BlockCompression
import LakeModel
import ParquetFormat

/// Damaged Parquet files: reading ends with rows or with an error of the target, within the reader's limits.
package struct ParquetTarget: FuzzTarget {
    package static let name = "parquet"

    private static let codes: Set<String> = [
        "parquet-malformed", "parquet-unsupported", "parquet-limit", "parquet-type-mismatch",
    ]
    private static let codecs: [CompressionCodec] = [.none, .snappy, .zstd(level: 1), .gzip(level: 1)]
    private static let tailByteCount = 8
    private static let types: [PrimitiveType] = [
        .boolean, .int, .long, .float, .double, .decimal(precision: 9, scale: 2), .decimal(precision: 18, scale: 4),
        .decimal(precision: 38, scale: 10), .date, .time, .timestamp, .timestamptz, .string, .uuid, .fixed(length: 7),
        .binary,
    ]

    private let mutator = Mutator()

    package init() {}

    package mutating func runOnce(_ random: inout FuzzRandom) throws {
        let fresh = try Self.file(&random)
        if random.oneIn(8) { try Self.checkWhole(fresh) }
        var bytes = fresh.bytes
        // Half of the damage goes to the footer, which decides most.
        let footerCount = Self.footerByteCount(bytes)
        let from = random.oneIn(2) ? bytes.count - Self.tailByteCount - footerCount : 0
        if random.oneIn(3) {
            Self.mutateFooter(&bytes, footerCount, mutator, &random)
        } else {
            mutator.mutate(&bytes, from: from, other: fresh.bytes, using: &random)
        }
        try Self.read(bytes)
    }

    /// Damages the footer alone and states its new length, so that the damage is not found by the length.
    private static func mutateFooter(
        _ bytes: inout [UInt8], _ footerCount: Int, _ mutator: Mutator, _ random: inout FuzzRandom
    ) {
        let start = bytes.count - tailByteCount - footerCount
        var footer = Array(bytes[start..<start + footerCount])
        mutator.mutate(&footer, stepsMax: 3, using: &random)
        let length = (0..<4).map { UInt8(truncatingIfNeeded: footer.count >> (8 * $0)) }
        bytes = bytes[..<start] + footer + length + Array("PAR1".utf8)
    }

    private static func footerByteCount(_ bytes: [UInt8]) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[bytes.count - tailByteCount + $1]) << (8 * $1) }
    }

    private static func read(_ bytes: [UInt8]) throws {
        let limits = ParquetReaderLimits(
            footerBytesMax: 1 << 20, rowGroupRowsMax: 1 << 18, pageBytesMax: 1 << 22, columnBytesMax: 1 << 24,
            verifiesChecksums: false)
        do {
            let reader = try ParquetFileReader(MemorySource(bytes), limits: limits)
            for group in reader.metadata.rowGroups.indices.prefix(8) {
                for field in reader.metadata.schema.fields {
                    try check(reader, group, field, bytes)
                }
            }
        } catch let error as any LakeError {
            try require(codes.contains(error.code), "an error of another target: \(error)", bytes)
        }
    }

    private static func check(
        _ reader: ParquetFileReader, _ group: Int, _ field: SchemaField, _ bytes: [UInt8]
    ) throws {
        do {
            let batch = try reader.read(rowGroup: group, fields: [field], resolution: .name)
            let rowCount = reader.metadata.rowGroups[group].rowCount
            try require(batch.rowCount == rowCount && batch.columns[0].count == rowCount, "rows are missing", bytes)
            // Each value can be looked at.
            for row in 0..<rowCount { _ = batch.columns[0].datum(row) }
        } catch let error as any LakeError {
            try require(codes.contains(error.code), "an error of another target: \(error)", bytes)
        }
    }

    // MARK: Files that are whole

    private struct MadeFile {
        var bytes: [UInt8]
        var schema: Schema
        var rows: [[Datum?]]
    }

    private struct Sink: ByteSink {
        var bytes: [UInt8] = []

        mutating func write(_ bytes: RawSpan) throws {
            unsafe bytes.withUnsafeBytes { unsafe self.bytes.append(contentsOf: $0) }
        }
    }

    private static func file(_ random: inout FuzzRandom) throws -> MadeFile {
        let fields = (0...random.below(3)).map { index in
            SchemaField(id: index + 1, name: "c\(index)", type: random.pick(types), required: random.oneIn(3))
        }
        let schema = Schema(id: 0, fields: fields)
        var options = ParquetWriterOptions(
            rowGroupRowsMax: 1 + random.below(300), pageRowsMax: 1 + random.below(100), compression: random.pick(codecs)
        )
        options.pageChecksums = random.oneIn(2)
        if random.oneIn(2) { options.dictionaryBytesMax = random.below(200) }
        var writer = try ParquetFileWriter(schema: schema, options: options, sink: Sink())
        var rows: [[Datum?]] = []
        for _ in 0..<random.below(3) {
            let rowCount = random.below(120)
            let variety = random.oneIn(2) ? 3 : 1 << 20
            let columns = fields.map { field in
                (0..<rowCount).map { _ in
                    !field.required && random.oneIn(5) ? nil : datum(field.type.primitive ?? .int, variety, &random)
                }
            }
            rows += (0..<rowCount).map { row in columns.map { $0[row] } }
            try writer.write(
                ColumnBatch(
                    columns: zip(fields, columns).map { Self.vector($0.type.primitive ?? .int, $1) }, rowCount: rowCount
                ))
        }
        let finished = try writer.finish()
        return MadeFile(bytes: finished.sink.bytes, schema: schema, rows: rows)
    }

    /// A file that nobody damaged reads back as it was written.
    private static func checkWhole(_ file: MadeFile) throws {
        let reader = try ParquetFileReader(MemorySource(file.bytes))
        var at = 0
        for group in reader.metadata.rowGroups.indices {
            let batch = try reader.read(rowGroup: group, fields: file.schema.fields)
            for row in 0..<batch.rowCount {
                let isSame = zip(batch.columns, file.rows[at]).allSatisfy { areSame($0.datum(row), $1) }
                try require(isSame, "row \(at) reads back otherwise", file.bytes)
                at += 1
            }
        }
        try require(at == file.rows.count, "\(at) rows of \(file.rows.count)", file.bytes)
    }

    private static func datum(_ type: PrimitiveType, _ variety: Int, _ random: inout FuzzRandom) -> Datum {
        let number = random.below(variety)
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> ($0 % 20)) } }
        switch type {
        case .boolean: return .boolean(number % 2 == 0)
        case .int, .date: return .int(Int32(truncatingIfNeeded: number &* 0x9E37))
        case .long, .time, .timestamp, .timestamptz: return .long(Int64(number) &* 0x9E37_79B9_7F4A)
        case .float: return .float(Float(number) / 3)
        case .double: return .double(Double(number) / 3)
        case .decimal: return .decimal(Int128(number) - 1000)
        case .string: return .string("ü" + String(number, radix: 36))
        case .uuid: return .bytes(bytes(16))
        case .fixed(let length): return .bytes(bytes(length))
        case .binary: return .bytes(bytes(number % 20))
        }
    }

    private static func vector(_ type: PrimitiveType, _ values: [Datum?]) -> ColumnVector {
        var validity = Bitmap()
        for value in values { validity.append(value != nil) }
        return ColumnVector(
            type: type, storage: storage(type, values), validity: validity.setCount == values.count ? nil : validity)
    }

    private static func storage(_ type: PrimitiveType, _ values: [Datum?]) -> ColumnStorage {
        switch type.physical {
        case .boolean: return .boolean(values.map { if case .boolean(let value) = $0 { value } else { false } })
        case .int32: return .int32(values.map { if case .int(let value) = $0 { value } else { 0 } })
        case .int64: return .int64(values.map { if case .long(let value) = $0 { value } else { 0 } })
        case .float: return .float(values.map { if case .float(let value) = $0 { value } else { 0 } })
        case .double: return .double(values.map { if case .double(let value) = $0 { value } else { 0 } })
        case .int128: return .int128(values.map { if case .decimal(let value) = $0 { value } else { 0 } })
        case .bytes:
            var vector = ByteVector()
            for value in values {
                switch value {
                case .string(let text): vector.append(text.utf8)
                case .bytes(let bytes): vector.append(bytes)
                default: vector.append([])
                }
            }
            return .bytes(vector)
        case .fixed(let width):
            let bytes = values.flatMap { value in
                if case .bytes(let bytes) = value { bytes } else { [UInt8](repeating: 0, count: width) }
            }
            return .fixed(FixedVector(width: width, bytes: bytes))
        }
    }
}
