import LakeTesting
import Testing

@testable import OperationalStorePostgres

@Suite struct WireNumericTests {
    @Test func `digits are grouped around the point`() {
        // ndigits, weight, sign, dscale, digits.
        #expect(WireNumeric.bytes(0, scale: 2) == [0, 0, 0, 0, 0, 0, 0, 2])
        #expect(WireNumeric.bytes(12_345, scale: 2) == [0, 2, 0, 0, 0, 0, 0, 2, 0, 123, 17, 148])
        #expect(WireNumeric.bytes(-5, scale: 3) == [0, 1, 0xFF, 0xFF, 0x40, 0, 0, 3, 0, 50])
        #expect(WireNumeric.bytes(10_000, scale: 0) == [0, 1, 0, 1, 0, 0, 0, 0, 0, 1])
    }

    @Test func `every value of every scale comes back`() {
        var random = SeededRandom(purpose: "numeric")
        for _ in 0..<2_000 {
            let digits = Int.random(in: 1...38, using: &random)
            let scale = Int.random(in: 0...digits, using: &random)
            var value: Int128 = 0
            for _ in 0..<digits { value = value * 10 + Int128.random(in: 0...9, using: &random) }
            if Bool.random(using: &random) { value = -value }
            #expect(
                WireNumeric.unscaled(WireNumeric.bytes(value, scale: scale), scale: scale) == value, "\(value) \(scale)"
            )
        }
    }

    @Test func `what is no finite number of the scale is told`() {
        #expect(WireNumeric.unscaled([0, 0, 0, 0, 0xC0, 0, 0, 0], scale: 0) == nil)
        #expect(WireNumeric.unscaled([0, 1, 0xFF, 0xFF, 0, 0, 0, 4, 0, 1], scale: 3) == nil)
        #expect(WireNumeric.unscaled([0, 1], scale: 3) == nil)
    }
}
