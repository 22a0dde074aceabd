import ByteKernels
import LakeTesting
import Testing

@Suite struct RunLengthTests {
    func encode(_ values: [UInt32], width: Int) -> [UInt8] {
        var output = ByteScratch()
        RunLengthEncoder.encode(values.span, width: width, to: &output)
        return output.array()
    }

    func decode(_ bytes: [UInt8], width: Int, count: Int) throws -> ([UInt32], Int) {
        var values = [UInt32](repeating: 0, count: count)
        let read = try unsafe values.withUnsafeMutableBufferPointer { buffer in
            try unsafe RunLengthDecoder.decode(bytes.span.bytes, width: width, into: buffer)
        }
        return (values, read)
    }

    /// Values in which runs and noise alternate.
    func mixed(_ count: Int, width: Int, _ random: inout SeededRandom) -> [UInt32] {
        var values: [UInt32] = []
        let largest = width == 0 ? 0 : UInt32.max >> UInt32(32 - width)
        while values.count < count {
            let length = Int.random(in: 1...50, using: &random)
            if Bool.random(using: &random) {
                values += repeatElement(UInt32.random(in: 0...largest, using: &random), count: length)
            } else {
                values += (0..<length).map { _ in UInt32.random(in: 0...largest, using: &random) }
            }
        }
        return Array(values[..<count])
    }

    @Test(arguments: 0...32)
    func `values of every width come back`(width: Int) throws {
        var random = SeededRandom(purpose: "runs of width \(width)")
        for count in [0, 1, 7, 8, 9, 63, 64, 65, 500, 3000] {
            let values = mixed(count, width: width, &random)
            let bytes = encode(values, width: width)
            let (found, read) = try decode(bytes, width: width, count: count)
            #expect(found == values)
            #expect(read == bytes.count)
        }
    }

    @Test func `a run of equal values takes a header and a value`() {
        #expect(encode([UInt32](repeating: 3, count: 1000), width: 2) == [0xD0, 0x0F, 3])
    }

    @Test func `the example of the specification is packed bit by bit`() {
        #expect(encode([0, 1, 2, 3, 4, 5, 6, 7], width: 3) == [3, 0b1000_1000, 0b1100_0110, 0b1111_1010])
    }

    @Test func `bits come back from any start`() throws {
        var random = SeededRandom(purpose: "bits")
        for _ in 0..<200 {
            let total = Int.random(in: 1...2000, using: &random)
            let bits = mixed(total, width: 1, &random)
            var words = [UInt64](repeating: 0, count: (total + 63) / 64)
            for (index, bit) in bits.enumerated() { words[index >> 6] |= UInt64(bit) << UInt64(index & 63) }
            let start = Int.random(in: 0..<total, using: &random)
            var output = ByteScratch()
            RunLengthEncoder.encodeBits(words.span, start: start, count: total - start, to: &output)
            let bytes = output.array()
            #expect(try decode(bytes, width: 1, count: total - start).0 == Array(bits[start...]))
            var found = [UInt64](repeating: 0, count: words.count)
            let result = try unsafe RunLengthDecoder.decodeBits(
                bytes.span.bytes, into: &found, start: start, count: total - start)
            #expect(result.setCount == bits[start...].count { $0 == 1 })
            for index in start..<total {
                #expect(found[index >> 6] >> UInt64(index & 63) & 1 == UInt64(bits[index]))
            }
        }
    }

    @Test func `noise ends in values or an error`() {
        var random = SeededRandom(purpose: "noise for runs")
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            let width = Int.random(in: 0...32, using: &random)
            do {
                let (values, read) = try decode(bytes, width: width, count: 100)
                #expect(read <= bytes.count)
                #expect(width == 32 || values.allSatisfy { $0 >> UInt32(width) == 0 })
            } catch { #expect(error is RunLengthError) }
        }
    }

    @Test func `a run of no values is malformed`() {
        #expect(throws: RunLengthError.malformed) { try decode([0, 0, 0, 0], width: 1, count: 1) }
    }
}
