import Foundation
import LakeModel
import Testing

@testable import ParquetFormat

/// Files of other writers; `IntegrationTests/formats/make_fixtures.py` makes them anew and tells their rows.
@Suite struct ForeignWriterTests {
    static let names = ["id", "small", "flag", "ratio", "name", "at", "amount"]
    static let types: [PrimitiveType] = [
        .long, .int, .boolean, .double, .string, .timestamptz, .decimal(precision: 9, scale: 2),
    ]

    static func source(_ name: String) throws -> MemorySource {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return MemorySource(
            [UInt8](try Data(contentsOf: root.appending(path: "IntegrationTests/formats/fixtures/\(name).parquet"))))
    }

    static func fields(_ types: [PrimitiveType] = types) -> [SchemaField] {
        zip(names, types).enumerated().map { index, pair in
            SchemaField(id: index + 1, name: pair.0, type: pair.1, required: false)
        }
    }

    static func expected(millisecondsOnly: Bool = false) -> [[Datum?]] {
        (0..<300).map { (row: Int64) in
            let micros = row * 3_600_000_123
            let values: [Datum] = [
                .int(Int32(row % 11)), .boolean(row % 3 == 0), .double(Double(row) / 8), .string("name \(row / 2)"),
                .long(millisecondsOnly ? micros / 1000 * 1000 : micros), .decimal(Int128(row * 101)),
            ]
            return [.long(row * 7 - 900)] + values.map { row % 7 == 3 ? nil : $0 }
        }
    }

    @Test(arguments: ["dictionary-v1-snappy", "dictionary-v2-zstd", "plain-v2-gzip", "delta", "delta-length"])
    func `every encoding and page version is read`(name: String) throws {
        let source = try Self.source(name)
        #expect(try readRows(source.bytes, Self.fields(), resolution: .name) == Self.expected())
    }

    @Test func `milliseconds become microseconds`() throws {
        let source = try Self.source("milliseconds")
        #expect(
            try readRows(source.bytes, Self.fields(), resolution: .name) == Self.expected(millisecondsOnly: true))
    }

    @Test func `a name mapping finds columns of files without ids`() throws {
        let reader = try ParquetFileReader(try Self.source("dictionary-v1-snappy"))
        #expect(!reader.metadata.hasFieldIDs)
        let field = SchemaField(id: 77, name: "renamed", type: .string, required: false)
        let batch = try reader.read(rowGroup: 0, fields: [field], resolution: .mapping([77: ["title", "name"]]))
        #expect(batch.columns[0].datum(1) == .string("name 0"))
        let byID = try reader.read(rowGroup: 0, fields: [field])
        #expect(byID.columns[0].nullCount == 300)
    }

    @Test func `bounds of the footer are told by value`() throws {
        let reader = try ParquetFileReader(try Self.source("dictionary-v1-snappy"))
        let columns = reader.metadata.rowGroups[0].columns
        #expect(columns[0].lower == .long(-900))
        #expect(columns[0].upper == .long(299 * 7 - 900))
        #expect(columns[1].nullCount == 43)
        #expect(columns[6].upper == .decimal(299 * 101))
    }

    @Test func `nested columns are refused with a reason and others beside them are read`() throws {
        let reader = try ParquetFileReader(try Self.source("nested"))
        #expect(reader.metadata.columns.map(\.name) == ["tags", "point", "unsigned", "huge", "after"])
        #expect(reader.metadata.columns.map { $0.type != nil } == [false, false, true, false, true])
        let after = SchemaField(id: 1, name: "after", type: .string, required: false)
        let unsigned = SchemaField(id: 2, name: "unsigned", type: .long, required: false)
        let batch = try reader.read(rowGroup: 0, fields: [after, unsigned], resolution: .name)
        #expect(rows(batch) == [[.string("a"), .long(1)], [.string("b"), .long(4_294_967_295)], [nil, nil]])
        for name in ["tags", "point", "huge"] {
            let field = SchemaField(id: 1, name: name, type: .long, required: false)
            let error = #expect(throws: ParquetError.self) {
                try reader.read(rowGroup: 0, fields: [field], resolution: .name)
            }
            #expect(error?.code == "parquet-unsupported")
            #expect(error?.place?.column == name)
        }
    }

    @Test func `INT96 timestamps are refused with a reason`() throws {
        let reader = try ParquetFileReader(try Self.source("int96"))
        #expect(reader.metadata.columns[0].unsupportedReason?.contains("INT96") == true)
    }
}
