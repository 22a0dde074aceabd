import Iceberg
import LakeModel
import Testing

/// The expected hashes are the test values of the specification's Appendix B.
@Suite struct TransformTests {
    static let hashes: [(PrimitiveType, Datum, Int32)] = [
        (.int, .int(34), 2_017_239_379), (.long, .long(34), 2_017_239_379),
        (.decimal(precision: 9, scale: 2), .decimal(1420), -500_754_589),
        (.date, .int(17_486), -653_330_422), (.time, .long(81_068_000_000), -662_762_989),
        (.timestamp, .long(1_510_871_468_000_000), -2_047_944_441),
        (.timestamptz, .long(1_510_871_468_000_001), -1_207_196_810),
        (.string, .string("iceberg"), 1_210_000_089),
        (
            .uuid,
            .bytes([
                0xF7, 0x9C, 0x3E, 0x09, 0x67, 0x7C, 0x4B, 0xBD, 0xA4, 0x79, 0x3F, 0x34, 0x9C, 0xB7, 0x85, 0xE7,
            ]), 1_488_055_340
        ), (.fixed(length: 4), .bytes([0, 1, 2, 3]), -188_683_207), (.binary, .bytes([0, 1, 2, 3]), -188_683_207),
    ]

    @Test(arguments: hashes.indices) func `hashes are the specification's`(_ index: Int) {
        let (type, value, hash) = Self.hashes[index]
        #expect(Murmur3.icebergHash(value, type) == hash)
        #expect(Transform.bucket(count: 16).apply(value, type) == .int((hash & Int32.max) % 16))
    }

    @Test func `numbers are truncated downwards, text by characters`() {
        func truncated(_ width: Int, _ value: Datum, _ type: PrimitiveType) -> Datum? {
            Transform.truncate(width: width).apply(value, type)
        }
        #expect(truncated(10, .int(1), .int) == .int(0))
        #expect(truncated(10, .int(-1), .int) == .int(-10))
        #expect(truncated(10, .long(-10), .long) == .long(-10))
        #expect(truncated(50, .decimal(1065), .decimal(precision: 9, scale: 2)) == .decimal(1050))
        #expect(truncated(2, .string("イロハ"), .string) == .string("イロ"))
        #expect(truncated(3, .string("ab"), .string) == .string("ab"))
        #expect(truncated(1, .bytes([1, 2]), .binary) == .bytes([1]))
    }

    @Test func `times before 1970 have negative ordinals, rounded down`() {
        let instant = Datum.long(-1)
        #expect(Transform.year.apply(instant, .timestamp) == .int(-1))
        #expect(Transform.month.apply(instant, .timestamp) == .int(-1))
        #expect(Transform.day.apply(instant, .timestamptz) == .int(-1))
        #expect(Transform.hour.apply(instant, .timestamptz) == .int(-1))
        #expect(Transform.year.apply(.int(-365), .date) == .int(-1))
        #expect(Transform.year.apply(.int(-366), .date) == .int(-2))
    }

    @Test func `ordinals of the specification's example`() {
        let instant = Datum.long(1_510_871_468_000_000)  // 2017-11-16T22:31:08
        #expect(Transform.year.apply(instant, .timestamp) == .int(47))
        #expect(Transform.month.apply(instant, .timestamp) == .int(574))
        #expect(Transform.day.apply(instant, .timestamp) == .int(17_486))
        #expect(Transform.hour.apply(instant, .timestamp) == .int(419_686))
        #expect(Transform.month.apply(.int(17_486), .date) == .int(574))
        #expect(Transform.day.apply(.int(17_486), .date) == .int(17_486))
    }

    @Test func `months count through leap years`() {
        var day: Int32 = 0
        for year in 1970..<2110 {
            for month in 1...12 {
                let ordinal = Int32((year - 1970) * 12 + month - 1)
                #expect(Transform.month.apply(.int(day), .date) == .int(ordinal))
                let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
                let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
                day += Int32(length)
                #expect(Transform.month.apply(.int(day - 1), .date) == .int(ordinal))
            }
        }
    }

    @Test(arguments: ["identity", "bucket[16]", "truncate[4]", "year", "month", "day", "hour", "void", "zorder[3]"])
    func `names come back`(_ name: String) { #expect(Transform(name).name == name) }

    @Test(arguments: ["bucket[0]", "bucket[-1]", "bucket[x]", "bucket", "truncate[]"])
    func `what is no known transform is kept as unknown`(_ name: String) {
        #expect(Transform(name) == .unknown(name))
    }

    @Test func `null stays null and types are checked`() {
        for name in ["identity", "bucket[2]", "truncate[2]", "year", "void"] {
            #expect(Transform(name).apply(nil, .date) == nil)
        }
        #expect(Transform.bucket(count: 2).resultType(.double) == nil)
        #expect(Transform.hour.resultType(.date) == nil)
        #expect(Transform.day.resultType(.timestamp) == .date)
        #expect(Transform.void.apply(.int(1), .int) == nil)
    }
}
