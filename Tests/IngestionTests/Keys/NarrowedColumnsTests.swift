import LakeModel
import ParquetFormat
import Testing

@testable import Ingestion

struct NarrowedColumnsTests {
    private struct Sink: ByteSink {
        let bytes: Bytes
        mutating func write(_ span: RawSpan) throws {
            unsafe span.withUnsafeBytes { unsafe bytes.all.append(contentsOf: $0) }
        }
    }

    private final class Bytes {
        var all: [UInt8] = []
    }

    private func reader(_ fields: [SchemaField], _ columns: [ColumnVector]) throws -> ParquetFileReader {
        let bytes = Bytes()
        var writer = try ParquetFileWriter(
            schema: Schema(id: 0, fields: fields), options: ParquetWriterOptions(), sink: Sink(bytes: bytes))
        try writer.write(ColumnBatch(columns: columns, rowCount: columns[0].count))
        _ = try writer.finish()
        return try ParquetFileReader(MemorySource(bytes.all))
    }

    private func field(_ id: Int, _ type: PrimitiveType) -> SchemaField {
        SchemaField(id: id, name: "c\(id)", type: type, required: false)
    }

    private func rows(_ batch: ColumnBatch) -> [[Datum?]] {
        (0..<batch.rowCount).map { row in batch.columns.map { $0.datum(row) } }
    }

    @Test func `wider values come back as they were declared, those that do not fit as null`() throws {
        let reader = try reader(
            [field(1, .long), field(2, .double), field(3, .decimal(precision: 20, scale: 2)), field(4, .string)],
            [
                ColumnVector(
                    type: .long, storage: .int64([1, 3_000_000_000, -7, 0]), validity: Bitmap(words: [7], count: 4)),
                ColumnVector(type: .double, storage: .double([0.5, 1, 0.1, 2])),
                ColumnVector(type: .decimal(precision: 20, scale: 2), storage: .int128([1, 2, 3, 1_000_000_000])),
                ColumnVector(
                    type: .string, storage: .bytes(ByteVector(offsets: [0, 1, 2, 3, 4], bytes: Array("abcd".utf8)))),
            ])
        let narrowed = try NarrowedColumns(
            reader, rowGroup: 0,
            fields: [field(1, .int), field(2, .float), field(3, .decimal(precision: 9, scale: 2)), field(4, .string)])
        #expect(
            rows(narrowed.batch) == [
                [.int(1), .float(0.5), .decimal(1), .string("a")], [nil, .float(1), .decimal(2), .string("b")],
                [.int(-7), nil, .decimal(3), .string("c")], [nil, .float(2), nil, .string("d")],
            ])
        #expect(narrowed.unfit?.setCount == 3 && narrowed.unfit?[0] == false)
        let plain = try NarrowedColumns(reader, rowGroup: 0, fields: [field(1, .long)])
        #expect(plain.unfit == nil && plain.batch.columns[0].type == .long)
    }

    @Test func `other types than the table ever had are refused`() throws {
        let reader = try reader(
            [field(1, .string)],
            [
                ColumnVector(type: .string, storage: .bytes(ByteVector(offsets: [0, 1], bytes: [0x61])))
            ])
        #expect(throws: ParquetError.self) {
            try NarrowedColumns(reader, rowGroup: 0, fields: [field(1, .int)])
        }
    }
}
