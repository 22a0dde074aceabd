import CSVFormat
import LakeModel
import Testing

@Suite struct ValueFormatterTests {
    @Test(
        arguments: [
            (.timestamptz, .long(1_636_253_322_000_000), "2021-11-07T02:48:42Z"),
            (.timestamptz, .long(-1), "1969-12-31T23:59:59.999999Z"),
            (.timestamp, .long(1_500), "1970-01-01T00:00:00.001500"),
            (.timestamp, .long(2_000), "1970-01-01T00:00:00.002"),
            (.date, .int(-719_162), "0001-01-01"), (.date, .int(2_932_897), "+10000-01-01"),
            (.time, .long(86_399_000_000), "23:59:59"), (.boolean, .boolean(true), "true"),
            (.decimal(precision: 9, scale: 2), .decimal(-5), "-0.05"),
            (.decimal(precision: 9, scale: 0), .decimal(120), "120"),
            (.double, .double(-.infinity), "-inf"), (.float, .float(0.1), "0.1"), (.binary, .bytes([0, 255]), "00ff"),
            (
                .uuid,
                .bytes([0xF8, 0x1D, 0x4F, 0xAE, 0x7D, 0xEC, 0x11, 0xD0, 0xA7, 0x65, 0x00, 0xA0, 0xC9, 0x1E, 0x6B, 0xF6]
                ),
                "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
            ),
        ] as [(PrimitiveType, Datum, String)])
    func `values have their texts`(_ type: PrimitiveType, _ datum: Datum, _ text: String) {
        #expect(ValueFormatter.text(datum, type: type) == text)
    }

    @Test func `texts read back to their values`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        let microseconds = Int64(-62_135_596_800_000_000)...253_402_300_799_999_999
        for _ in 0..<2000 {
            let bits = next(&state)
            let span = UInt64(microseconds.upperBound - microseconds.lowerBound)
            let moment = microseconds.lowerBound + Int64(bits % span)
            let values: [(PrimitiveType, Datum)] = [
                (.int, .int(Int32(truncatingIfNeeded: bits))), (.long, .long(Int64(bitPattern: bits))),
                (.timestamptz, .long(moment)), (.timestamp, .long(moment)),
                (.date, .int(Int32(moment / 86_400_000_000))), (.time, .long(Int64(bits % 86_400_000_000))),
                (.decimal(precision: 38, scale: 7), .decimal(Int128(Int64(bitPattern: bits)) * 1_000_003)),
                (.double, .double(finite(bits))), (.float, .float(finite(UInt32(truncatingIfNeeded: bits)))),
                (.binary, .bytes(withBytes(bits))),
            ]
            for (type, datum) in values {
                let text = ValueFormatter.text(datum, type: type)
                #expect(try ValueParser.parse(text, as: type) == datum, "seed \(seed): \(text) as \(type)")
            }
        }
    }

    private func finite(_ bits: UInt64) -> Double {
        let value = Double(bitPattern: bits)
        return value.isFinite ? value : 0
    }

    private func finite(_ bits: UInt32) -> Float {
        let value = Float(bitPattern: bits)
        return value.isFinite ? value : 0
    }

    private func withBytes(_ bits: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) } }
}
