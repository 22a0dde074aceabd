import BlockCompression
import Foundation
import LakeModel
import LakeTesting
import Testing

@testable import ParquetFormat

/// Files for other readers, each beside a `.jsonl` of its rows: `IntegrationTests/formats/check_parquet.py` compares.
///
/// `DIPPER_FIXTURE_DIR` names the folder that keeps them; without it they go to a temporary one, are read back here and
/// removed.
@Suite struct ForeignReaderFiles {
    @Test func `files of every shape are written and read back`() throws {
        let wanted = ProcessInfo.processInfo.environment["DIPPER_FIXTURE_DIR"]
        let folder = URL(
            filePath: wanted ?? NSTemporaryDirectory() + "dipper-parquet-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { if wanted == nil { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } } }
        var random = SeededRandom(seed: 42, purpose: "files for other readers")
        for file in Self.files(&random) {
            let (bytes, summary) = try write(file.schema, file.batches, options: file.options)
            #expect(summary.byteCount == bytes.count)
            try Data(bytes).write(to: folder.appending(path: file.name + ".parquet"))
            let rows = file.batches.flatMap(rows)
            try Data(Self.json(rows, file.schema).utf8).write(to: folder.appending(path: file.name + ".jsonl"))
            let found = try readRows(bytes, file.schema.fields)
            #expect(found.map { $0.map(comparable) } == rows.map { $0.map(comparable) }, "\(file.name)")
        }
    }

    struct File {
        var name: String
        var schema: Schema
        var batches: [ColumnBatch]
        var options = ParquetWriterOptions()
    }

    static func schema(required: Bool = false) -> Schema {
        Schema(
            id: 0,
            fields: allTypes.enumerated().map { index, type in
                SchemaField(id: 100 + index, name: "c\(index)", type: type, required: required)
            })
    }

    static func randomBatch(
        _ count: Int, nulls: Double, variety: UInt64, _ random: inout SeededRandom, types: [PrimitiveType] = allTypes
    ) -> ColumnBatch {
        ColumnBatch(
            columns: types.map { type in
                vector(
                    type,
                    (0..<count).map { _ in
                        Double.random(in: 0..<1, using: &random) < nulls
                            ? nil : foreignDatum(type, variety: variety, using: &random)
                    })
            }, rowCount: count)
    }

    /// Values that every reader can hold: days and microseconds within four-digit years.
    static func foreignDatum(_ type: PrimitiveType, variety: UInt64, using random: inout SeededRandom) -> Datum {
        let datum = randomDatum(type, variety: variety, using: &random)
        switch (type, datum) {
        case (.date, .int(let days)): return .int(days % 30_000)
        case (.time, .long(let micros)): return .long(abs(micros % 86_400_000_000))
        case (.timestamp, .long(let micros)), (.timestamptz, .long(let micros)):
            return .long(micros % 4_000_000_000_000_000)
        default: return datum
        }
    }

    static func files(_ random: inout SeededRandom) -> [File] {
        var files: [File] = []
        for codec in RoundTripTests.codecs {
            let name = "all-types-\("\(codec)".prefix { $0.isLetter })"
            let batches = [
                randomBatch(700, nulls: 0.1, variety: .max, &random),
                randomBatch(800, nulls: 0.1, variety: 5, &random),
            ]
            var options = ParquetWriterOptions(compression: codec)
            options.pageRowsMax = 333
            files.append(File(name: name, schema: schema(), batches: batches, options: options))
        }
        files.append(
            File(
                name: "required", schema: schema(required: true),
                batches: [randomBatch(2500, nulls: 0, variety: 40, &random)]))
        files.append(File(name: "no-rows", schema: schema(), batches: []))
        files.append(
            File(name: "all-null", schema: schema(), batches: [randomBatch(1000, nulls: 2, variety: 1, &random)]))
        files.append(
            File(name: "one-row", schema: schema(), batches: [randomBatch(1, nulls: 0, variety: .max, &random)]))
        files.append(
            File(name: "constant", schema: schema(), batches: [randomBatch(50_000, nulls: 0, variety: 1, &random)]))
        files.append(falling())
        files.append(manyPages())
        files.append(longString())
        files.append(specialFloats())
        files.append(truncatedBounds())
        return files
    }

    /// The values of each row group are below those of the one before.
    static func falling() -> File {
        let schema = Schema(
            id: 0,
            fields: [
                SchemaField(id: 1, name: "k", type: .long, required: true),
                SchemaField(id: 2, name: "s", type: .string, required: false),
                SchemaField(id: 3, name: "d", type: .decimal(precision: 20, scale: 2), required: false),
            ])
        let numbers = (0..<5000).map { Int64(2500 - $0) }
        let options = ParquetWriterOptions(
            rowGroupRowsMax: 1000, pageRowsMax: 100, keyValueMetadata: ["iceberg.schema": "{}"],
            sortingColumns: [ParquetSortingColumn(fieldID: 1, isDescending: true, nullsFirst: false)])
        return File(
            name: "falling", schema: schema,
            batches: [
                batch([
                    vector(.long, numbers.map { .long($0) }),
                    vector(.string, numbers.map { .string(String($0 + 100_000)) }),
                    vector(.decimal(precision: 20, scale: 2), numbers.map { .decimal(Int128($0) * 1_000_000_000_000) }),
                ])
            ], options: options)
    }

    /// More pages than a 16-bit ordinal counts.
    static func manyPages() -> File {
        let schema = Schema(
            id: 0,
            fields: [
                SchemaField(id: 1, name: "k", type: .int, required: true),
                SchemaField(id: 2, name: "s", type: .string, required: false),
            ])
        return File(
            name: "many-pages", schema: schema,
            batches: [
                batch([
                    vector(.int, (0..<40_000).map { .int($0) }),
                    vector(.string, (0..<40_000).map { $0 % 9 == 0 ? nil : .string("row \($0)") }),
                ])
            ], options: ParquetWriterOptions(pageRowsMax: 1))
    }

    /// A value of 16 MB between short ones.
    static func longString() -> File {
        let schema = Schema(id: 0, fields: [SchemaField(id: 1, name: "s", type: .string, required: false)])
        let long = String(repeating: "Lorem ipsum dolør ", count: 16_000_000 / 19)
        return File(
            name: "long-string", schema: schema,
            batches: [batch([vector(.string, [.string("a"), .string(long), nil, .string(""), .string("zz")])])])
    }

    static func specialFloats() -> File {
        let schema = Schema(
            id: 0,
            fields: [
                SchemaField(id: 1, name: "zeros", type: .double, required: false),
                SchemaField(id: 2, name: "nans", type: .double, required: false),
                SchemaField(id: 3, name: "some", type: .float, required: false),
            ])
        return File(
            name: "special-floats", schema: schema,
            batches: [
                batch([
                    vector(.double, [.double(0), .double(-0.0), nil, .double(0)]),
                    vector(.double, [.double(.nan), .double(.nan), .double(.nan), .double(.nan)]),
                    vector(.float, [.float(1.5), .float(.nan), .float(-.infinity), .float(.infinity)]),
                ])
            ])
    }

    /// Bounds that must be cut inside and around code points of every length.
    static func truncatedBounds() -> File {
        let schema = Schema(
            id: 0,
            fields: [
                SchemaField(id: 1, name: "s", type: .string, required: true),
                SchemaField(id: 2, name: "b", type: .binary, required: true),
            ])
        let texts = [
            String(repeating: "\u{10FFFF}", count: 40), String(repeating: "ü", count: 50),
            String(repeating: "a", count: 63) + "€uro", String(repeating: "\u{D7FF}", count: 30),
        ]
        return File(
            name: "truncated-bounds", schema: schema,
            batches: [
                batch([
                    vector(.string, texts.map { .string($0) }),
                    vector(.binary, texts.indices.map { .bytes([UInt8](repeating: UInt8(252 + $0), count: 100)) }),
                ])
            ])
    }

    /// A JSON array of texts a row; floats as the hexadecimal digits of their bits, bytes as hexadecimal digits.
    static func json(_ rows: [[Datum?]], _ schema: Schema) -> String {
        func text(_ datum: Datum?) -> String {
            switch datum {
            case nil: return "null"
            case .boolean(let value): return "\(value)"
            case .int(let value): return "\(value)"
            case .long(let value): return "\(value)"
            case .float(let value): return "\"\(String(value.bitPattern, radix: 16))\""
            case .double(let value): return "\"\(String(value.bitPattern, radix: 16))\""
            case .decimal(let value): return "\"\(value)\""
            case .string(let value): return "\"\(value)\""
            case .bytes(let value):
                return "\"" + value.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
            }
        }
        let types = schema.fields.map { "\"\($0.type.primitive?.description ?? "")\"" }.joined(separator: ",")
        return (["[\(types)]"] + rows.map { "[" + $0.map(text).joined(separator: ",") + "]" }).joined(separator: "\n")
            + "\n"
    }
}
