import Iceberg
import LakeModel
import Testing

@Suite struct BoundsCodecTests {
    static let cases: [(PrimitiveType, Datum, [UInt8])] = [
        (.boolean, .boolean(true), [1]), (.boolean, .boolean(false), [0]),
        (.int, .int(-2), [0xFE, 0xFF, 0xFF, 0xFF]), (.date, .int(17_000), [0x68, 0x42, 0, 0]),
        (.long, .long(1 << 40), [0, 0, 0, 0, 0, 1, 0, 0]),
        (.timestamptz, .long(-1), [UInt8](repeating: 0xFF, count: 8)),
        (.float, .float(-0.0), [0, 0, 0, 0x80]), (.double, .double(1), [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]),
        (.decimal(precision: 9, scale: 2), .decimal(1420), [0x05, 0x8C]),
        (.decimal(precision: 9, scale: 2), .decimal(0), [0]),
        (.decimal(precision: 9, scale: 2), .decimal(127), [0x7F]),
        (.decimal(precision: 9, scale: 2), .decimal(128), [0, 0x80]),
        (.decimal(precision: 9, scale: 2), .decimal(-128), [0x80]),
        (.decimal(precision: 9, scale: 2), .decimal(-129), [0xFF, 0x7F]),
        (.decimal(precision: 38, scale: 0), .decimal(.max), [0x7F] + [UInt8](repeating: 0xFF, count: 15)),
        (.decimal(precision: 38, scale: 0), .decimal(.min), [0x80] + [UInt8](repeating: 0, count: 15)),
        (.string, .string("é"), [0xC3, 0xA9]), (.string, .string(""), []),
        (.uuid, .bytes(Array(0..<16)), Array(0..<16)), (.fixed(length: 2), .bytes([1, 2]), [1, 2]),
        (.binary, .bytes([9]), [9]),
    ]

    @Test(arguments: cases.indices) func `values have the specification's bytes, both ways`(_ index: Int) {
        let (type, value, bytes) = Self.cases[index]
        #expect(BoundsCodec.encode(value, type) == bytes)
        #expect(BoundsCodec.decode(bytes, type) == value)
    }

    @Test func `bounds written before a column was widened are read`() {
        #expect(BoundsCodec.decode([0xFE, 0xFF, 0xFF, 0xFF], .long) == .long(-2))
        #expect(BoundsCodec.decode([0, 0, 0xC0, 0x3F], .double) == .double(1.5))
        #expect(BoundsCodec.decode([0, 0, 1], .decimal(precision: 18, scale: 2)) == .decimal(1))
    }

    @Test func `bytes that are no value of the type give nothing`() {
        #expect(BoundsCodec.decode([1, 2], .int) == nil)
        #expect(BoundsCodec.decode([], .decimal(precision: 3, scale: 0)) == nil)
        #expect(BoundsCodec.decode([UInt8](repeating: 0x7F, count: 17), .decimal(precision: 38, scale: 0)) == nil)
        #expect(BoundsCodec.decode([0x80] + [UInt8](repeating: 0, count: 16), .decimal(precision: 38, scale: 0)) == nil)
        #expect(BoundsCodec.decode([0xFF], .string) == nil)
        #expect(BoundsCodec.decode([1], .uuid) == nil)
    }

    @Test func `decimals of every width round trip`() {
        for shift in 0..<127 {
            for value in [Int128(1) << shift, -(Int128(1) << shift), (Int128(1) << shift) - 1] {
                let bytes = BoundsCodec.shortestBigEndian(value)
                #expect(BoundsCodec.bigEndian(bytes) == value)
                #expect(BoundsCodec.bigEndian(BoundsCodec.bigEndian(value, count: 20)) == value)
            }
        }
    }
}
