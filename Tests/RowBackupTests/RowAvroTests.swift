import AvroFormat
import Iceberg
import LakeModel
import LakeTesting
import Testing

@testable import RowBackup

struct RowAvroTests {
    private typealias Column = RowAvroReader.Column

    private static func description(_ rowCount: Int, _ schema: Schema = RandomRows.schema) -> BackupDescription {
        BackupDescription(
            table: "silver.t", snapshotID: .max, schema: schema, partitionSpec: .unpartitioned, sortOrder: .unsorted,
            properties: ["a": "ü", "b": ""], rowCount: Int64(rowCount), createdAt: "2026-01-02T03:04:05.006Z")
    }

    private static var columns: [Column] {
        RandomRows.schema.fields.map { field in
            Column(name: field.name, type: field.type.primitive ?? .int, isRequired: field.required)
        }
    }

    private func file(
        _ batches: [ColumnBatch], rowCount: Int? = nil, codec: AvroCodec = .deflate
    ) throws -> [UInt8] {
        var random = SeededRandom(seed: 1)
        var writer = try RowAvroWriter(
            Self.description(rowCount ?? batches.reduce(0) { $0 + $1.rowCount }), codec: codec, using: &random)
        var bytes: [UInt8] = []
        for batch in batches {
            try writer.append(batch)
            bytes += writer.drain()
        }
        return bytes + (try writer.finish())
    }

    private func rows(_ reader: inout RowAvroReader, _ rowsMax: Int = 1_000) throws -> [[Datum?]] {
        var rows: [[Datum?]] = []
        while let batch = try reader.next(rowsMax: rowsMax, bytesMax: 64 << 10) { rows += Self.rows(batch) }
        return rows
    }

    private static func rows(_ batch: ColumnBatch) -> [[Datum?]] {
        (0..<batch.rowCount).map { row in batch.columns.map { $0.datum(row) } }
    }

    @Test(arguments: [AvroCodec.null, .deflate, .zstandard, .snappy])
    func `rows of every type come back as they went`(_ codec: AvroCodec) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        var batches: [ColumnBatch] = []
        for _ in 0..<5 { batches.append(RandomRows.batch(Int.random(in: 0...4_000, using: &random), using: &random)) }
        let bytes = try file(batches, codec: codec)
        for rowsMax in [1, 777, 1 << 16] where rowsMax > 1 || codec == .null {
            var reader = try RowAvroReader(MemorySource(bytes), columns: Self.columns)
            #expect(try rows(&reader, rowsMax) == batches.flatMap(Self.rows), "seed \(seed)")
            #expect(reader.byteOffset == bytes.count)
        }
    }

    @Test func `the header says what it is of`() throws {
        let bytes = try file([])
        let reader = try RowAvroReader(MemorySource(bytes), columns: Self.columns)
        #expect(reader.description == Self.description(0))
        #expect(try AvroFileReader(bytes).schema.fields?[11].name == "gr_xF6_xDFe_x20in_x20m_xB2")
        let manifest = BackupManifest(
            description: Self.description(7), files: [.init(name: "x.avro", byteCount: 1, rowCount: 7, sha256: "ab")])
        #expect(try BackupManifest(parsing: manifest.json.serialized()) == manifest)
    }

    @Test func `a file that was cut anywhere is refused`() throws {
        var random = SeededRandom(seed: 4)
        let batch = RandomRows.batch(30, using: &random)
        // Small blocks, so that some cuts fall between two.
        var writer = AvroFileWriter(
            schema: try RowAvroSchema.make(RandomRows.schema.fields), metadata: Self.description(30).header,
            blockBytesTarget: 200, using: &random)
        let whole = try AvroFileReader(try file([batch], codec: .null))
        var cursor = whole
        try cursor.forEach { source in
            let value = try AvroCodingSchema(whole.schema).decode(&source)
            try writer.append { try AvroCodingSchema(whole.schema).encode(value, into: &$0) }
        }
        let bytes = try writer.finish()
        for length in 0..<bytes.count {
            #expect(throws: BackupError.self, "\(length) of \(bytes.count) bytes") {
                var reader = try RowAvroReader(
                    MemorySource(Array(bytes[..<length])), columns: Self.columns)
                _ = try rows(&reader)
            }
        }
    }

    @Test func `a file with changed bytes is refused, or read to its end`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(quietSeed: seed)
        let bytes = try file([RandomRows.batch(60, using: &random)], codec: .null)
        for round in 0..<2_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                var reader = try RowAvroReader(MemorySource(damaged), columns: Self.columns)
                _ = try rows(&reader)
            } catch let error {
                #expect(error is BackupError, "seed \(seed), round \(round): \(error)")
            }
        }
    }

    @Test func `columns are matched by name and widened where nothing is lost`() throws {
        let schema = Schema(
            id: 0,
            fields: [
                SchemaField(id: 1, name: "Id", type: .int, required: true),
                SchemaField(id: 2, name: "ratio", type: .float, required: false),
                SchemaField(id: 3, name: "price", type: .decimal(precision: 5, scale: 2), required: false),
                SchemaField(id: 4, name: "derived", type: .int, required: false),
            ])
        let batch = ColumnBatch(
            columns: [
                ColumnVector(type: .int, storage: .int32([7, -7])),
                ColumnVector(type: .float, storage: .float([0.5, 0]), validity: Bitmap(words: [1], count: 2)),
                ColumnVector(type: .decimal(precision: 5, scale: 2), storage: .int128([-99_999, 1])),
                ColumnVector(type: .int, storage: .int32([1, 2])),
            ], rowCount: 2)
        var random = SeededRandom(seed: 1)
        var writer = try RowAvroWriter(Self.description(2, schema), using: &random)
        try writer.append(batch)
        let bytes = try writer.finish()
        let columns = [
            Column(name: "other", type: .string, isRequired: false),
            Column(name: "cost", aliases: ["PRICE"], type: .decimal(precision: 20, scale: 2), isRequired: false),
            Column(name: "id", type: .long, isRequired: true), Column(name: "ratio", type: .double, isRequired: false),
        ]
        var reader = try RowAvroReader(MemorySource(bytes), columns: columns, ignoring: ["DERIVED"])
        #expect(
            try rows(&reader) == [
                [nil, .decimal(-99_999), .long(7), .double(0.5)], [nil, .decimal(1), .long(-7), nil],
            ])
        let wrong: [([Column], String)] = [
            (Array(columns.dropFirst(2)), "backup-columns-differ"),
            (columns + [Column(name: "needed", type: .int, isRequired: true)], "backup-columns-differ"),
            (
                [columns[1], columns[2], Column(name: "ratio", type: .string, isRequired: false)],
                "backup-columns-differ"
            ),
            (
                [
                    columns[2], columns[3],
                    Column(name: "price", type: .decimal(precision: 4, scale: 2), isRequired: false),
                ],
                "backup-columns-differ"
            ),
            ([columns[1], columns[2], Column(name: "ratio", type: .double, isRequired: true)], "backup-row-invalid"),
        ]
        for (columns, code) in wrong {
            let error = #expect(throws: BackupError.self) {
                var reader = try RowAvroReader(MemorySource(bytes), columns: columns, ignoring: ["derived"])
                _ = try rows(&reader)
            }
            #expect(error?.code == code)
        }
    }

    @Test func `nested columns are refused`() throws {
        let field = SchemaField(id: 1, name: "tags", type: .structure([]), required: false)
        #expect(throws: BackupError.self) { try RowAvroSchema.make([field]) }
    }
}
