import BlockCompression
import LakeModel
import LakeTesting
import Testing

@testable import ParquetFormat

@Suite struct RoundTripTests {
    static let codecs: [CompressionCodec] = [.none, .zstd(level: 3), .zstdNumbers, .gzip(level: 6), .snappy]

    @Test(arguments: codecs)
    func `random batches of all types come back`(codec: CompressionCodec) throws {
        var random = SeededRandom(purpose: "round trip with \(codec)")
        for _ in 0..<6 {
            let fields = (0..<Int.random(in: 1...9, using: &random)).map { index in
                SchemaField(
                    id: index + 1, name: "column \(index)", type: allTypes.randomElement(using: &random) ?? .long,
                    required: Bool.random(using: &random))
            }
            let schema = Schema(id: 0, fields: fields)
            let variety: UInt64 = [1, 2, 50, 3000, .max].randomElement(using: &random) ?? 1
            let nulls: Double = [0.0, 0.01, 0.5, 0.99, 1.0].randomElement(using: &random) ?? 0
            let batches = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                let count = Int.random(in: 0...1500, using: &random)
                return ColumnBatch(
                    columns: fields.map { field in
                        let type = field.type.primitive ?? .long
                        return vector(
                            type,
                            (0..<count).map { _ in
                                !field.required && Double.random(in: 0..<1, using: &random) < nulls
                                    ? nil : randomDatum(type, variety: variety, using: &random)
                            })
                    }, rowCount: count)
            }
            var options = ParquetWriterOptions(compression: codec)
            options.rowGroupRowsMax = Int.random(in: 1...2000, using: &random)
            options.pageRowsMax = Int.random(in: 1...700, using: &random)
            options.pageBytesTarget = Int.random(in: 1...20_000, using: &random)
            let (bytes, summary) = try write(schema, batches, options: options)
            let expected = batches.flatMap(rows).map { $0.map(comparable) }
            let found = try readRows(bytes, fields).map { $0.map(comparable) }
            #expect(found == expected)
            #expect(summary.rowCount == expected.count)
            #expect(summary.byteCount == bytes.count)
        }
    }
}
