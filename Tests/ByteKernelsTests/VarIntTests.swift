import ByteKernels
import LakeTesting
import Testing

@Suite struct VarIntTests {
    func decode(_ bytes: [UInt8]) throws -> UInt64 {
        var position = 0
        return try unsafe VarInt.decode(bytes.span.bytes, at: &position)
    }

    @Test func `numbers of every length come back and take the bytes announced`() throws {
        var random = SeededRandom(purpose: "varint")
        for bits in 0...64 {
            for _ in 0..<20 {
                let value = bits == 0 ? 0 : UInt64.random(in: .min ... .max, using: &random) >> UInt64(64 - bits)
                var bytes: [UInt8] = []
                VarInt.append(value, to: &bytes)
                #expect(bytes.count == VarInt.byteCount(value))
                #expect(try decode(bytes) == value)
                let signed = Int64(bitPattern: value)
                #expect(VarInt.unZigZag(VarInt.zigZag(signed)) == signed)
            }
        }
    }

    @Test func `small numbers of either sign are short in zigzag form`() {
        #expect([0, -1, 1, -2, 2].map { VarInt.zigZag($0) } == [0, 1, 2, 3, 4])
        #expect(VarInt.zigZag(.min) == .max)
    }

    @Test func `a number that ends early or has too many bits is refused`() {
        #expect(throws: VarIntError.truncated) { try decode([]) }
        #expect(throws: VarIntError.truncated) { try decode([0x80, 0xFF]) }
        #expect(throws: VarIntError.overflow) { try decode([UInt8](repeating: 0xFF, count: 9) + [2]) }
        #expect(throws: VarIntError.overflow) { try decode([UInt8](repeating: 0x80, count: 10) + [1]) }
    }
}
