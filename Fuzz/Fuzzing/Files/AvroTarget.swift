import AvroFormat
import LakeModel

/// Damaged Avro files: reading ends with values or with an error of the target, within its limits.
package struct AvroTarget: FuzzTarget {
    package static let name = "avro"

    private static let schemas: [String] = [
        #"{"type":"record","name":"all","fields":[{"name":"n","type":"null"},{"name":"b","type":"boolean"},"#
            + #"{"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},"#
            + #"{"name":"d","type":"double"},{"name":"y","type":"bytes"},{"name":"s","type":"string"},"#
            + #"{"name":"e","type":{"type":"enum","name":"e","symbols":["A","B"]}},"#
            + #"{"name":"x","type":{"type":"fixed","name":"x","size":3}},{"name":"u","type":["null","string","long"]},"#
            + #"{"name":"a","type":{"type":"array","items":"int"}},{"name":"m","type":{"type":"map","values":"x"}}]}"#,
        #"{"type":"record","name":"list","fields":[{"name":"v","type":"long"},{"name":"next","type":["null","list"]}]}"#,
        #"{"type":"array","items":{"type":"array","items":"null"}}"#, #""string""#, #"["null","long"]"#,
    ]
    private static let codecs: [AvroCodec] = [.null, .null, .deflate, .zstandard]
    private static let magicByteCount = 4

    private let mutator = Mutator(words: [[0x01], [0x02], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], Array("null".utf8), [0x00]])

    package init() {}

    package mutating func runOnce(_ random: inout FuzzRandom) throws {
        let schema = try AvroSchema.parse(random.pick(Self.schemas))
        let coding = AvroCodingSchema(schema)
        var sync = FuzzRandom(seed: 7)
        var writer = AvroFileWriter(
            schema: schema, metadata: random.oneIn(3) ? [(key: "k", value: random.bytes(9))] : [],
            codec: random.pick(Self.codecs), blockBytesTarget: 1 + random.below(200), using: &sync)
        var values: [AvroValue] = []
        for _ in 0..<random.below(12) {
            let value = Self.value(schema, schema, depth: 0, &random)
            values.append(value)
            try writer.append { try coding.encode(value, into: &$0) }
        }
        var bytes = try writer.finish()
        if random.oneIn(8) {
            var reader = try AvroFileReader(bytes)
            try require(try reader.readAll() == values, "the values read back otherwise", bytes)
        }
        mutator.mutate(&bytes, from: Self.magicByteCount, other: bytes, using: &random)
        try Self.read(bytes)
    }

    private static func read(_ bytes: [UInt8]) throws {
        var limits = AvroLimits()
        limits.blockBytesMax = 1 << 20
        limits.valueBytesMax = 1 << 20
        limits.headerBytesMax = 1 << 20
        limits.emptyItemsMax = 1 << 12
        do {
            var reader = try AvroFileReader(bytes, limits: limits)
            let coding = AvroCodingSchema(reader.schema)
            var copy = reader
            let values = try reader.readAll()
            // What was read is written to what reads the same.
            var encoder = AvroEncoder()
            for value in values { try coding.encode(value, into: &encoder) }
            var skipped = 0
            try copy.forEach {
                try coding.skip(coding.schema, &$0)
                skipped += 1
            }
            try require(skipped == values.count, "\(skipped) values are skipped of \(values.count)", bytes)
        } catch let error as any LakeError {
            try require(error is AvroError, "an error of another target: \(error)", bytes)
        }
    }

    private static func value(
        _ schema: AvroSchema, _ root: AvroSchema, depth: Int, _ random: inout FuzzRandom
    ) -> AvroValue {
        switch schema.kind {
        case .null: return .null
        case .boolean: return .boolean(random.oneIn(2))
        case .int: return .int(Int32(truncatingIfNeeded: random.next()))
        case .long: return .long(random.pick([0, -1, .min, .max, Int64(random.below(1000))]))
        case .float: return .float(Float(random.below(1000)))
        case .double: return .double(Double(random.below(1000)))
        case .bytes: return .bytes(random.bytes(random.below(9)))
        case .string: return .string(random.pick(["", "a", "é", "a longer text"]))
        case .fixed(_, let size): return .fixed(random.bytes(size))
        case .enumeration(_, let symbols): return .enumeration(random.below(symbols.count))
        case .array(let items):
            return .array((0..<random.below(4)).map { _ in value(items, root, depth: depth + 1, &random) })
        case .map(let values):
            return .map(
                (0..<random.below(3)).map {
                    AvroMapEntry(key: "k\($0)", value: value(values, root, depth: depth + 1, &random))
                })
        case .union(let branches):
            let branch = depth > 4 ? 0 : random.below(branches.count)
            return .union(branch: branch, value(branches[branch], root, depth: depth + 1, &random))
        case .record(_, let fields):
            return .record(fields.map { value($0.schema, root, depth: depth + 1, &random) })
        case .reference("x"): return .fixed(random.bytes(3))
        case .reference: return value(root, root, depth: depth + 1, &random)
        }
    }
}
