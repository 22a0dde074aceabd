import LakeModel
import LakeTesting
import Testing

@testable import ParquetFormat

@Suite struct ReaderTests {
    static func file(_ fields: [SchemaField], _ columns: [ColumnVector]) throws -> ParquetFileReader {
        let bytes = try write(Schema(id: 0, fields: fields), [batch(columns)]).bytes
        return try ParquetFileReader(MemorySource(bytes))
    }

    @Test func `columns come in the order asked, by field id whatever their name`() throws {
        let reader = try Self.file(
            [
                SchemaField(id: 3, name: "old name", type: .int, required: true),
                SchemaField(id: 4, name: "b", type: .string, required: true),
            ], [vector(.int, [.int(1)]), vector(.string, [.string("x")])])
        let found = try reader.read(
            rowGroup: 0,
            fields: [
                SchemaField(id: 4, name: "b", type: .string, required: true),
                SchemaField(id: 9, name: "old name", type: .uuid, required: false),
                SchemaField(id: 3, name: "new name", type: .int, required: true),
            ])
        #expect(rows(found) == [[.string("x"), nil, .int(1)]])
        #expect(reader.metadata.schema.fields.map(\.id) == [3, 4])
    }

    @Test func `types are promoted as the table format allows`() throws {
        let reader = try Self.file(
            [
                SchemaField(id: 1, name: "i", type: .int, required: false),
                SchemaField(id: 2, name: "f", type: .float, required: false),
                SchemaField(id: 3, name: "d", type: .decimal(precision: 9, scale: 2), required: false),
                SchemaField(id: 4, name: "e", type: .decimal(precision: 18, scale: 2), required: false),
            ],
            [
                vector(.int, [.int(-5), nil]), vector(.float, [.float(0.5), nil]),
                vector(.decimal(precision: 9, scale: 2), [.decimal(-7), nil]),
                vector(.decimal(precision: 18, scale: 2), [.decimal(-8), nil]),
            ])
        let found = try reader.read(
            rowGroup: 0,
            fields: [
                SchemaField(id: 1, name: "i", type: .long, required: false),
                SchemaField(id: 2, name: "f", type: .double, required: false),
                SchemaField(id: 3, name: "d", type: .decimal(precision: 38, scale: 2), required: false),
                SchemaField(id: 4, name: "e", type: .decimal(precision: 20, scale: 2), required: false),
            ])
        #expect(rows(found) == [[.long(-5), .double(0.5), .decimal(-7), .decimal(-8)], [nil, nil, nil, nil]])
    }

    @Test(arguments: [
        (PrimitiveType.long, PrimitiveType.int), (.double, .float), (.int, .string), (.timestamp, .timestamptz),
        (.decimal(precision: 9, scale: 2), .decimal(precision: 9, scale: 3)),
        (.decimal(precision: 9, scale: 2), .decimal(precision: 8, scale: 2)),
    ])
    func `other types are refused`(from: PrimitiveType, to: PrimitiveType) throws {
        let reader = try Self.file(
            [SchemaField(id: 1, name: "c", type: from, required: false)], [vector(from, [nil])])
        let error = #expect(throws: ParquetError.self) {
            try reader.read(rowGroup: 0, fields: [SchemaField(id: 1, name: "c", type: to, required: false)])
        }
        #expect(error?.code == "parquet-type-mismatch")
    }

    @Test func `absent columns of every type are null`() throws {
        let reader = try Self.file(
            [SchemaField(id: 1, name: "c", type: .int, required: false)], [vector(.int, [.int(1), .int(2)])])
        let fields = allTypes.enumerated().map {
            SchemaField(id: 50 + $0, name: "n\($0)", type: $1, required: false)
        }
        let found = try reader.read(rowGroup: 0, fields: fields)
        #expect(found.rowCount == 2 && found.columns.allSatisfy { $0.nullCount == 2 })
        #expect(found.columns.map(\.type) == allTypes)
    }

    @Test func `statistics, key-value pairs and the writer's name are told`() throws {
        let schema = Schema(id: 0, fields: [SchemaField(id: 1, name: "s", type: .string, required: false)])
        let options = ParquetWriterOptions(
            createdBy: "dipper version 0.1.0 (build abc)", keyValueMetadata: ["iceberg.schema": "{\"ü\":1}", "a": ""])
        let bytes = try write(schema, [batch([vector(.string, [.string("b"), nil, .string("a")])])], options: options)
            .bytes
        let metadata = try ParquetFileReader(MemorySource(bytes)).metadata
        #expect(metadata.createdBy == "dipper version 0.1.0 (build abc)")
        #expect(metadata.keyValues == ["iceberg.schema": "{\"ü\":1}", "a": ""])
        let column = metadata.rowGroups[0].columns[0]
        #expect(column.lower == .string("a") && column.upper == .string("b") && column.nullCount == 1)
        #expect(column.fieldID == 1)
    }

    @Test func `limits are kept with an error that says so`() throws {
        let schema = Schema(id: 0, fields: [SchemaField(id: 1, name: "k", type: .int, required: false)])
        let bytes = try write(schema, [batch([vector(.int, [Datum?](repeating: .int(7), count: 5000))])]).bytes
        func code(_ limits: ParquetReaderLimits) -> String? {
            do {
                _ = try ParquetFileReader(MemorySource(bytes), limits: limits).read(rowGroup: 0, fields: schema.fields)
                return nil
            } catch { return (error as? ParquetError)?.code }
        }
        #expect(code(ParquetReaderLimits()) == nil)
        #expect(code(ParquetReaderLimits(footerBytesMax: 20)) == "parquet-limit")
        #expect(code(ParquetReaderLimits(rowGroupRowsMax: 4999)) == "parquet-limit")
        #expect(code(ParquetReaderLimits(pageBytesMax: 3)) == "parquet-limit")
        #expect(code(ParquetReaderLimits(columnBytesMax: 10_000)) == "parquet-limit")
        #expect(code(ParquetReaderLimits(columnsMax: 1)) == "parquet-limit")
    }
}
