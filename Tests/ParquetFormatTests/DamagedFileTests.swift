import BlockCompression
import LakeModel
import LakeTesting
import Testing

@testable import ParquetFormat

/// Damaged files throw and never trap, whatever is wrong with them.
@Suite struct DamagedFileTests {
    /// Reads all that can be read and returns how it ended.
    static func read(_ bytes: [UInt8], checksums: Bool) -> String {
        let limits = ParquetReaderLimits(
            rowGroupRowsMax: 1 << 20, pageBytesMax: 1 << 22, columnBytesMax: 1 << 24, verifiesChecksums: checksums)
        do {
            let reader = try ParquetFileReader(MemorySource(bytes), limits: limits)
            let fields = reader.metadata.schema.fields
            for group in reader.metadata.rowGroups.indices {
                for field in fields {
                    _ = try reader.read(rowGroup: group, fields: [field], resolution: .name)
                }
            }
            return "read"
        } catch let error as any LakeError {
            return error.code
        } catch {
            Issue.record("an error without a code: \(error)")
            return "other"
        }
    }

    static let codes: Set<String> = [
        "read", "parquet-malformed", "parquet-unsupported", "parquet-limit", "parquet-type-mismatch",
    ]

    static func sample(_ random: inout SeededRandom, codecIndex: Int) throws -> [UInt8] {
        let batch = ForeignReaderFiles.randomBatch(120, nulls: 0.2, variety: 12, &random)
        let plain = ForeignReaderFiles.randomBatch(60, nulls: 0.1, variety: .max, &random)
        var options = ParquetWriterOptions(
            rowGroupRowsMax: 100, pageRowsMax: 40, compression: RoundTripTests.codecs[codecIndex])
        options.pageChecksums = codecIndex % 2 == 0
        return try write(ForeignReaderFiles.schema(), [batch, plain], options: options).bytes
    }

    @Test(arguments: 0..<4)
    func `flipped bits never trap`(codecIndex: Int) throws {
        var random = SeededRandom(purpose: "flipped bits")
        let bytes = try Self.sample(&random, codecIndex: codecIndex)
        for round in 0..<1500 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                // Half of the damage goes to the footer, which decides most.
                let from = round % 2 == 0 ? 0 : bytes.count * 2 / 3
                let index = Int.random(in: from..<bytes.count, using: &random)
                damaged[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            #expect(Self.codes.contains(Self.read(damaged, checksums: round % 3 == 0)))
        }
    }

    @Test func `damaged files of other writers never trap`() throws {
        var random = SeededRandom(purpose: "damaged files of other writers")
        for name in ["dictionary-v1-snappy", "dictionary-v2-zstd", "plain-v2-gzip", "delta", "delta-length", "nested"] {
            let bytes = try ForeignWriterTests.source(name).bytes
            for _ in 0..<600 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let index = Int.random(in: 0..<bytes.count, using: &random)
                    damaged[index] = UInt8.random(in: .min ... .max, using: &random)
                }
                #expect(Self.codes.contains(Self.read(damaged, checksums: false)), "\(name)")
            }
        }
    }

    @Test func `a file cut anywhere is malformed`() throws {
        var random = SeededRandom(purpose: "cut files")
        let bytes = try Self.sample(&random, codecIndex: 1)
        for count in stride(from: 0, to: bytes.count, by: 37) {
            #expect(Self.read(Array(bytes[..<count]), checksums: true) == "parquet-malformed")
        }
    }

    @Test func `noise between the magic numbers never traps`() throws {
        var random = SeededRandom(purpose: "noise")
        for _ in 0..<2000 {
            let noise = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            let length = [noise.count, Int.random(in: 0...400, using: &random)].randomElement(using: &random) ?? 0
            let bytes =
                Array("PAR1".utf8) + noise + (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
                + Array("PAR1".utf8)
            #expect(Self.codes.contains(Self.read(bytes, checksums: true)))
        }
    }

    @Test func `a wrong checksum names the byte and the column`() throws {
        let schema = Schema(id: 0, fields: [SchemaField(id: 1, name: "k", type: .long, required: true)])
        var bytes = try write(
            schema, [batch([vector(.long, (0..<1000).map { .long($0 &* 7919) })])],
            options: ParquetWriterOptions(compression: .none)
        ).bytes
        bytes[2000] ^= 4
        let reader = try ParquetFileReader(MemorySource(bytes))
        let error = #expect(throws: ParquetError.self) { try reader.read(rowGroup: 0, fields: schema.fields) }
        #expect(error?.code == "parquet-malformed")
        #expect(error?.place?.column == "k")
        #expect(error?.place?.byteOffset != nil)
    }
}
