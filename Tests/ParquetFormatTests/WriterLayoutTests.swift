import BlockCompression
import LakeModel
import LakeTesting
import Testing

@testable import ParquetFormat

/// How chunks and pages are laid out, and that the choices are the documented ones.
@Suite struct WriterLayoutTests {
    static func encode(
        _ type: PrimitiveType, _ values: [Datum?], required: Bool = false,
        options: ParquetWriterOptions = ParquetWriterOptions(compression: .none)
    ) throws -> EncodedColumnChunk {
        let schema = Schema(id: 0, fields: [SchemaField(id: 5, name: "c", type: type, required: required)])
        var encoder = try RowGroupEncoder(schema: schema, options: options)
        let group = try encoder.encode([batch([vector(type, values)])])
        return try #require(group.chunks.first)
    }

    @Test func `few distinct values take a dictionary and a few bits each`() throws {
        let chunk = try Self.encode(.long, (0..<10_000).map { .long(($0 * 7919) % 5 * 1_000_000_007) })
        #expect(chunk.encodings == [.rleDictionary, .rle, .plain])
        #expect(chunk.dictionaryPageOffset == 0)
        #expect(chunk.dataPageOffset > 0)
        #expect(chunk.bytes.count < 10_000 * 3 / 8 + 200)
        #expect(
            chunk.encodingCounts == [
                PageEncodingCount(pageType: .dictionary, encoding: .plain, count: 1),
                PageEncodingCount(pageType: .data, encoding: .rleDictionary, count: 1),
            ])
    }

    @Test(arguments: [PrimitiveType.int, .long, .string, .uuid, .double])
    func `distinct values are plain`(type: PrimitiveType) throws {
        var random = SeededRandom(purpose: "distinct \(type)")
        let values = (0..<20_000).map { _ in randomDatum(type, variety: .max, using: &random) }
        let chunk = try Self.encode(type, values)
        #expect(chunk.encodings == [.plain, .rle])
        #expect(chunk.dictionaryPageOffset == nil)
    }

    @Test func `a dictionary that passes its size gives way to plain pages`() throws {
        // Four distinct values in the sample's places, thousands elsewhere.
        let stride = (100_000 + DistinctEstimator.samplesMax - 1) / DistinctEstimator.samplesMax
        let values = (0..<100_000).map { index in Datum.string(index % stride == 0 ? "x\(index % 4)" : "value \(index)")
        }
        let chunk = try Self.encode(.string, values)
        #expect(chunk.encodings == [.plain, .rle])
        #expect(chunk.pageLocations.map(\.firstRow).first == 0)
    }

    @Test func `a constant column takes a few bytes a page`() throws {
        let chunk = try Self.encode(.int, [Datum?](repeating: .int(2021), count: 100_000))
        #expect(chunk.pageLocations.count == 5)
        #expect(chunk.bytes.count < 5 * 60 + 60)
    }

    @Test func `pages end at the row limit and at the byte limit`() throws {
        var options = ParquetWriterOptions(compression: .none)
        options.pageRowsMax = 1000
        let byRows = try Self.encode(.long, (0..<2500).map { .long($0 &* 0x1234_5678_9ABC) }, options: options)
        #expect(byRows.pageLocations.map(\.firstRow) == [0, 1000, 2000])
        options.pageBytesTarget = 1000
        let strings = (0..<500).map { Datum.string("\($0)" + String(repeating: "y", count: $0 == 100 ? 5000 : 16)) }
        let byBytes = try Self.encode(.string, strings, options: options)
        let long = try #require(byBytes.pageLocations.firstIndex { $0.firstRow == 100 })
        #expect(byBytes.pageLocations[long + 1].firstRow == 101, "a value above the limit has a page of its own")
        #expect(byBytes.pageLocations.allSatisfy { $0.byteCount < 1100 || $0.firstRow == 100 })
    }

    @Test func `row groups end at the row limit and at the byte limit`() throws {
        let schema = Schema(id: 0, fields: [SchemaField(id: 1, name: "k", type: .long, required: true)])
        let batches = (0..<7).map { part in batch([vector(.long, (0..<100).map { .long(Int64($0 + part)) })]) }
        let byRows = try write(schema, batches, options: ParquetWriterOptions(rowGroupRowsMax: 256))
        #expect(byRows.summary.splitOffsets.count == 3)
        let reader = try ParquetFileReader(MemorySource(byRows.bytes))
        #expect(reader.metadata.rowGroups.map(\.rowCount) == [256, 256, 188])
        #expect(byRows.summary.splitOffsets == reader.metadata.rowGroups.map { Int64($0.fileOffset) })
        let byBytes = try write(schema, batches, options: ParquetWriterOptions(rowGroupBytesTarget: 2400))
        #expect(
            try ParquetFileReader(MemorySource(byBytes.bytes)).metadata.rowGroups.map(\.rowCount) == [300, 300, 100])
    }

    @Test func `row groups encoded apart make the same file`() throws {
        var random = SeededRandom(purpose: "row groups apart")
        let schema = ForeignReaderFiles.schema()
        let batches = (0..<3).map { _ in ForeignReaderFiles.randomBatch(500, nulls: 0.1, variety: 30, &random) }
        let options = ParquetWriterOptions(rowGroupRowsMax: 500)
        let together = try write(schema, batches, options: options)
        var writer = try ParquetFileWriter(schema: schema, options: options, sink: CollectingSink())
        var encoder = try RowGroupEncoder(schema: schema, options: options)
        for batch in batches { try writer.append(try encoder.encode([batch])) }
        let finished = try writer.finish()
        #expect(finished.sink.bytes == together.bytes)
        #expect(finished.summary == together.summary)
    }

    @Test func `encoders on several tasks make the same bytes as one`() async throws {
        var random = SeededRandom(purpose: "encoders on tasks")
        let schema = ForeignReaderFiles.schema()
        let batches = (0..<8).map { _ in ForeignReaderFiles.randomBatch(300, nulls: 0.1, variety: 30, &random) }
        var encoder = try RowGroupEncoder(schema: schema)
        var expected: [[UInt8]] = []
        for batch in batches { expected.append(try encoder.encode([batch]).chunks.flatMap(\.bytes)) }
        let found = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            for task in 0..<4 {
                group.addTask {
                    var encoder = try RowGroupEncoder(schema: schema)
                    _ = try encoder.encode([batches[task]])
                    return (task, try encoder.encode([batches[task + 4]]).chunks.flatMap(\.bytes))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for task in 0..<4 { #expect(found[task] == expected[task + 4]) }
    }

    @Test func `how rows are cut into batches leaves no trace in the file`() throws {
        var random = SeededRandom(purpose: "batches")
        let types = allTypes
        let values = types.map { type in
            (0..<900).map { $0 % 5 == 0 ? nil : randomDatum(type, variety: $0 < 450 ? 8 : .max, using: &random) }
        }
        func file(_ cuts: [Int]) throws -> [UInt8] {
            let batches = zip([0] + cuts, cuts + [900]).map { start, end in
                batch(zip(types, values).map { vector($0, Array($1[start..<end])) })
            }
            return try write(ForeignReaderFiles.schema(), batches, options: ParquetWriterOptions(pageRowsMax: 200))
                .bytes
        }
        let whole = try file([])
        #expect(try file([1, 64, 65, 130, 500, 500, 899]) == whole)
    }

    @Test func `a null in a required column is refused`() throws {
        let error = #expect(throws: ParquetError.self) { try Self.encode(.int, [.int(1), nil], required: true) }
        #expect(error?.code == "value-missing")
        #expect(error?.place?.column == "c")
    }

    @Test(arguments: [9, 18, 38])
    func `a decimal of too many digits is refused`(precision: Int) throws {
        let type = PrimitiveType.decimal(precision: precision, scale: 0)
        let largest = WriterSchema.decimalMagnitudeMax(precision: precision)
        #expect(throws: Never.self) { try Self.encode(type, [.decimal(largest), .decimal(-largest)]) }
        let error = #expect(throws: ParquetError.self) { try Self.encode(type, [.decimal(-largest - 1)]) }
        #expect(error?.code == "value-out-of-range")
    }

    @Test func `single columns can have codecs of their own`() throws {
        let schema = Schema(
            id: 0,
            fields: [
                SchemaField(id: 1, name: "a", type: .string, required: true),
                SchemaField(id: 2, name: "b", type: .string, required: true),
            ])
        let values = vector(.string, (0..<5000).map { .string("value \($0)") })
        let options = ParquetWriterOptions(compression: .zstd(level: 1), columnCompression: [2: .none])
        let (bytes, summary) = try write(schema, [batch([values, values])], options: options)
        #expect(summary.columns[0].compressedByteCount * 2 < summary.columns[1].compressedByteCount)
        #expect(try readRows(bytes, schema.fields).count == 5000)
    }

    @Test func `widths of long decimals are the least that hold them`() {
        #expect(
            [19, 20, 21, 22, 28, 29, 38].map { WriterSchema.decimalByteCount(precision: $0) } == [
                9, 9, 9, 10, 12, 13, 16,
            ])
    }

    @Test func `a schema with nested columns or an unknown sorting column is refused`() {
        let nested = SchemaField(
            id: 1, name: "n", type: .list(elementID: 2, element: .primitive(.int), elementRequired: true),
            required: true)
        #expect(throws: ParquetError.self) { try write(Schema(id: 0, fields: [nested]), []) }
        let options = ParquetWriterOptions(sortingColumns: [ParquetSortingColumn(fieldID: 9)])
        #expect(throws: ParquetError.self) { try write(Schema(id: 0, fields: []), [], options: options) }
    }

    @Test func `columns that shrink as well at the fast level get it`() throws {
        var random = SeededRandom(seed: 5, purpose: "compression sampling")
        let schema = Schema(
            id: 0,
            fields: [
                SchemaField(id: 1, name: "id", type: .long, required: true),
                SchemaField(id: 2, name: "text", type: .string, required: true),
                SchemaField(id: 3, name: "own", type: .long, required: true),
            ])
        let words = (0..<3000).map { _ in randomDatum(.uuid, variety: .max, using: &random) }.map { "\($0)".prefix(40) }
        let ids = vector(.long, (0..<20_000).map { _ in randomDatum(.long, variety: .max, using: &random) })
        let texts = vector(
            .string,
            (0..<20_000).map { _ in
                .string((0..<4).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " "))
            })
        let options = ParquetWriterOptions(
            compression: .zstd(level: 19), columnCompression: [3: .none])
        let codecs = try CompressionSampling.columnCompression(
            schema: schema, options: options, sample: batch([ids, texts, ids])
        ) { type in
            [.init(type == .long ? .zstdNumbers : .zstd(level: 1), growthPercentMax: 5)]
        }
        #expect(codecs[1] == .zstdNumbers, "noise does not shrink at any level")
        #expect(codecs[2] == nil, "texts of few words shrink much more at level 19")
        #expect(codecs[3] == CompressionCodec.none)
        let all = try CompressionSampling.columnCompression(
            schema: schema, options: options, sample: batch([ids, texts, ids])
        ) { _ in
            [.init(.none, growthPercentMax: 0), .init(.zstd(level: 1), growthPercentMax: 10_000)]
        }
        #expect(all[2] == .zstd(level: 1), "the first candidate that may be taken")
    }
}
