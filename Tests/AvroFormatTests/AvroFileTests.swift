import AvroFormat
import LakeModel
import Testing

/// SplitMix64: the same numbers for the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

@Suite struct AvroFileTests {
    static let schemaText = #"""
        {"type":"record","name":"all","fields":[
          {"name":"n","type":"null"},{"name":"b","type":"boolean"},{"name":"i","type":"int"},
          {"name":"l","type":"long"},{"name":"f","type":"float"},{"name":"d","type":"double"},
          {"name":"y","type":"bytes"},{"name":"s","type":"string"},
          {"name":"e","type":{"type":"enum","name":"e","symbols":["A","B","C"]}},
          {"name":"x","type":{"type":"fixed","name":"x","size":5}},
          {"name":"u","type":["null","string","long"]},
          {"name":"a","type":{"type":"array","items":"int"}},
          {"name":"m","type":{"type":"map","values":["null","double"]}},
          {"name":"r","type":{"type":"record","name":"inner","fields":[{"name":"z","type":"x"}]}}]}
        """#

    static func value(using generator: inout SeededGenerator) -> AvroValue {
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) } }
        func text() -> String {
            String(
                (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                    "aé😀z".randomElement(using: &generator) ?? "a"
                })
        }
        let unions: [AvroValue] = [
            .union(branch: 0, .null), .union(branch: 1, .string(text())),
            .union(branch: 2, .long(Int64.random(in: .min ... .max, using: &generator))),
        ]
        return .record([
            .null, .boolean(Bool.random(using: &generator)), .int(Int32.random(in: .min ... .max, using: &generator)),
            .long([0, -1, .min, .max, 63, -64, 64, -65].randomElement(using: &generator) ?? 0),
            .float(Float.random(in: -1e9...1e9, using: &generator)),
            .double(Double.random(in: -1e99...1e99, using: &generator)),
            .bytes(bytes(Int.random(in: 0...9, using: &generator))), .string(text()),
            .enumeration(Int.random(in: 0...2, using: &generator)), .fixed(bytes(5)),
            unions[Int.random(in: 0...2, using: &generator)],
            .array((0..<Int.random(in: 0...4, using: &generator)).map { .int(Int32($0)) }),
            .map(
                (0..<Int.random(in: 0...3, using: &generator)).map {
                    AvroMapEntry(key: "k\($0)", value: .union(branch: 1, .double(Double($0))))
                }), .record([.fixed(bytes(5))]),
        ])
    }

    static func file(
        _ values: [AvroValue], codec: AvroCodec = .null, blockBytesTarget: Int = AvroFileWriter.blockBytesTargetDefault,
        seed: UInt64 = 1
    ) throws -> [UInt8] {
        let schema = try AvroSchema.parse(schemaText)
        let coding = AvroCodingSchema(schema)
        var generator = SeededGenerator(state: seed)
        var writer = AvroFileWriter(
            schema: schema, metadata: [("note", Array("hello".utf8))], codec: codec,
            blockBytesTarget: blockBytesTarget, using: &generator)
        for value in values { try writer.append { try coding.encode(value, into: &$0) } }
        return try writer.finish()
    }

    @Test(arguments: [AvroCodec.null, .deflate, .zstandard, .snappy], [0, 1, 200])
    func `values come back with every codec, whatever the block size`(codec: AvroCodec, count: Int) throws {
        for blockBytesTarget in [1, 100, 1 << 20] {
            try roundTrip(codec: codec, count: count, blockBytesTarget: blockBytesTarget)
        }
    }

    private func roundTrip(codec: AvroCodec, count: Int, blockBytesTarget: Int) throws {
        let seed = UInt64.random(in: 0...(.max))
        var generator = SeededGenerator(state: seed)
        let values = (0..<count).map { _ in Self.value(using: &generator) }
        let bytes = try Self.file(values, codec: codec, blockBytesTarget: blockBytesTarget)
        var reader = try AvroFileReader(bytes)
        #expect(reader.metadata["note"] == Array("hello".utf8))
        #expect(try reader.readAll() == values, "seed \(seed)")
    }

    @Test func `drained pieces are the whole file`() throws {
        var generator = SeededGenerator(state: 3)
        let schema = AvroSchema.long
        var writer = AvroFileWriter(schema: schema, blockBytesTarget: 10, using: &generator)
        var bytes: [UInt8] = []
        for number in 0..<100 {
            try writer.append { $0.write(number) }
            bytes += writer.drain()
        }
        bytes += try writer.finish()
        var reader = try AvroFileReader(bytes)
        #expect(try reader.readAll() == (0..<100).map { .long($0) })
    }

    @Test func `every cut of a file is refused, or ends between blocks`() throws {
        var generator = SeededGenerator(state: 5)
        let values = (0..<6).map { _ in Self.value(using: &generator) }
        let bytes = try Self.file(values, blockBytesTarget: 1)
        for count in 0..<bytes.count {
            do {
                var reader = try AvroFileReader(Array(bytes[..<count]))
                let read = try reader.readAll()
                #expect(read.count < values.count && read == Array(values.prefix(read.count)))
            } catch let error as AvroError {
                #expect(["avro-malformed", "json-malformed"].contains(error.code))
            }
        }
    }

    @Test(arguments: [AvroCodec.null, .deflate, .zstandard, .snappy])
    func `flipped bits never trap and never hang`(codec: AvroCodec) throws {
        let seed = UInt64.random(in: 0...(.max))
        var generator = SeededGenerator(state: seed)
        let values = (0..<20).map { _ in Self.value(using: &generator) }
        let bytes = try Self.file(values, codec: codec, blockBytesTarget: 200)
        for _ in 0..<1000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^=
                    1 << UInt8.random(in: 0...7, using: &generator)
            }
            do {
                var reader = try AvroFileReader(damaged)
                _ = try reader.readAll()
            } catch is AvroError {
                continue
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
    }

    @Test(arguments: [AvroCodec.deflate, .zstandard])
    func `a block that unpacks past the limit is refused`(codec: AvroCodec) throws {
        var generator = SeededGenerator(state: 7)
        var writer = AvroFileWriter(schema: .bytes, codec: codec, using: &generator)
        try writer.append { $0.write([UInt8](repeating: 0, count: 10 << 20)) }
        let bytes = try writer.finish()
        #expect(bytes.count < 100_000)
        var limits = AvroLimits()
        limits.blockBytesMax = 1 << 20
        let error = #expect(throws: AvroError.self) {
            var reader = try AvroFileReader(bytes, limits: limits)
            _ = try reader.readAll()
        }
        #expect(error?.code == "avro-malformed" && error?.cause != nil)
    }

    /// The block is what Python's zlib makes of the long 5, without the zlib header and the last byte of the checksum.
    @Test(arguments: [0, 1, 2, 3, 4, 5])
    func `what Python writers leave of zlib's checksum is passed over`(excess: Int) throws {
        let deflated: [UInt8] = [0xE3, 0x02, 0x00]
        let trailing: [UInt8] = [0x00, 0x0B, 0x00, 0x0B, 0x01]
        var generator = SeededGenerator(state: 7)
        let header = try AvroFileWriter(schema: .long, codec: .deflate, using: &generator).finish()
        var block = AvroEncoder()
        block.write(1)
        block.write(deflated + trailing.prefix(excess))
        let bytes = header + block.bytes + header.suffix(16)
        var reader = try AvroFileReader(bytes)
        if excess <= 4 {
            #expect(try reader.readAll() == [.long(5)])
        } else {
            #expect(throws: AvroError.self) { try reader.readAll() }
        }
    }

    @Test func `a block's count and bytes must agree`() throws {
        var generator = SeededGenerator(state: 7)
        var writer = AvroFileWriter(schema: .long, using: &generator)
        try writer.append { $0.write(Int64(5)) }
        let bytes = try writer.finish()
        let head = bytes.count - 16 - 3
        for (index, value) in [(head, UInt8(4)), (head, 0), (head, 1), (head + 1, 0), (head + 1, 4)] {
            var damaged = bytes
            damaged[index] = value
            let error = #expect(throws: AvroError.self) {
                var reader = try AvroFileReader(damaged)
                _ = try reader.readAll()
            }
            #expect(error?.code == "avro-malformed")
            #expect(error?.place?.byteOffset != nil)
        }
    }

    @Test func `a few bytes cannot announce endless values`() throws {
        var generator = SeededGenerator(state: 9)
        // Arrays of nulls take no bytes for their items.
        let schema = try AvroSchema.parse(#"{"type":"array","items":"null"}"#)
        var writer = AvroFileWriter(schema: schema, using: &generator)
        try writer.append { $0.writeBlockCount(2_000_000_000) }
        let bytes = try writer.finish()
        let error = #expect(throws: AvroError.self) {
            var reader = try AvroFileReader(bytes)
            _ = try reader.readAll()
        }
        #expect(error?.code == "avro-limit-exceeded")
    }

    @Test func `records nested in records without bytes are refused, not visited for ever`() throws {
        var fields = #"{"name":"a","type":"null"}"#
        for level in 0..<40 {
            fields =
                #"{"name":"a","type":{"type":"record","name":"r\#(level)","fields":[\#(fields)]}},{"name":"b","type":"r\#(level)"}"#
        }
        let schema = try AvroSchema.parse(#"{"type":"record","name":"top","fields":[\#(fields)]}"#)
        var generator = SeededGenerator(state: 9)
        var writer = AvroFileWriter(schema: schema, using: &generator)
        try writer.append { _ in }
        let bytes = try writer.finish()
        let error = #expect(throws: AvroError.self) {
            var reader = try AvroFileReader(bytes)
            _ = try reader.readAll()
        }
        #expect(error?.code == "avro-limit-exceeded" || error?.code == "avro-malformed")
    }

    @Test func `another file and an unknown codec are told apart`() throws {
        let noAvro = #expect(throws: AvroError.self) { try AvroFileReader(Array("PAR1".utf8)) }
        #expect(noAvro?.code == "avro-malformed")
        var header = AvroEncoder()
        header.writeFixed([0x4F, 0x62, 0x6A, 0x01])
        header.writeBlockCount(2)
        header.write("avro.schema")
        header.write(Array(#""int""#.utf8))
        header.write("avro.codec")
        header.write(Array("lzma".utf8))
        header.writeBlockCount(0)
        header.writeFixed([UInt8](repeating: 0, count: 16))
        let codec = #expect(throws: AvroError.self) { try AvroFileReader(header.bytes) }
        #expect(codec?.code == "avro-codec-unsupported")
    }

    @Test func `array blocks with a byte size and of negative count are read`() throws {
        let coding = AvroCodingSchema(try AvroSchema.parse(#"{"type":"array","items":"int"}"#))
        var encoder = AvroEncoder()
        encoder.write(Int64(-2))
        encoder.write(Int64(2))
        encoder.write(Int64(1))
        encoder.write(Int64(2))
        encoder.writeBlockCount(1)
        encoder.write(Int64(3))
        encoder.writeBlockCount(0)
        var cursor = AvroCursor(encoder.bytes)
        #expect(try coding.decode(&cursor) == .array([.int(1), .int(2), .int(3)]))
        var skipper = AvroCursor(encoder.bytes)
        try coding.skip(coding.schema, &skipper)
        #expect(skipper.isAtEnd)
    }

    @Test func `a value that does not fit its schema is refused`() {
        let coding = AvroCodingSchema(.long)
        var encoder = AvroEncoder()
        let error = #expect(throws: AvroError.self) { try coding.encode(.string("x"), into: &encoder) }
        #expect(error?.code == "avro-value-mismatch")
    }
}
