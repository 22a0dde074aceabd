import AvroFormat
import LakeModel
import Testing

@testable import Iceberg

@Suite struct SingleValueJSONTests {
    /// The examples of the specification's table, and values at the edges.
    private static let values: [(PrimitiveType, Datum, JSONValue)] = [
        (.boolean, .boolean(true), true), (.int, .int(-34), -34), (.long, .long(Int64.max), .integer(.max)),
        (.float, .float(1.5), .number("1.5")), (.double, .double(-1e300), .number("-1e+300")),
        (.decimal(precision: 9, scale: 2), .decimal(1420), "14.20"),
        (.decimal(precision: 9, scale: 3), .decimal(-5), "-0.005"),
        (.decimal(precision: 9, scale: 0), .decimal(7), "7"),
        (.date, .int(17_486), "2017-11-16"), (.date, .int(-1), "1969-12-31"),
        (.time, .long(81_068_123_456), "22:31:08.123456"), (.time, .long(0), "00:00:00"),
        (.timestamp, .long(1_510_871_468_123_456), "2017-11-16T22:31:08.123456"),
        (.timestamp, .long(-1), "1969-12-31T23:59:59.999999"),
        (.timestamptz, .long(1_510_871_468_000_000), "2017-11-16T22:31:08+00:00"),
        (.string, .string("iceberg"), "iceberg"),
        (
            .uuid,
            .bytes([0xf7, 0x9c, 0x3e, 0x09, 0x67, 0x7c, 0x4b, 0xbd, 0xa4, 0x79, 0x3f, 0x34, 0x9c, 0xb7, 0x85, 0xe7]),
            "f79c3e09-677c-4bbd-a479-3f349cb785e7"
        ),
        (.fixed(length: 4), .bytes([0, 1, 2, 255]), "000102FF"), (.binary, .bytes([]), ""),
    ]

    @Test func `values of every type are written as the specification says, and read back`() {
        for (type, value, json) in Self.values {
            #expect(SingleValueJSON.json(value, type) == json, "\(type)")
            #expect(SingleValueJSON.parse(json, type) == value, "\(type)")
        }
        #expect(SingleValueJSON.json(nil, .int) == .null)
    }

    @Test func `other spellings of clients are read, too`() {
        let cases: [(PrimitiveType, JSONValue, Datum)] = [
            (.timestamptz, "2020-01-01T02:00:00+02:00", .long(1_577_836_800_000_000)),
            (.timestamptz, "2020-01-01T00:00:00Z", .long(1_577_836_800_000_000)),
            (.timestamp, "2020-01-01T00:00", .long(1_577_836_800_000_000)),
            (.timestamp, .integer(5), .long(5)), (.date, .integer(5), .int(5)), (.double, 3, .double(3)),
            (.decimal(precision: 9, scale: 2), "1.5", .decimal(150)),
            (.decimal(precision: 9, scale: 2), .number("1.50E1"), .decimal(1500)),
            (.decimal(precision: 9, scale: 2), 3, .decimal(300)), (.binary, "00ff", .bytes([0, 255])),
        ]
        for (type, json, value) in cases { #expect(SingleValueJSON.parse(json, type) == value, "\(json)") }
    }

    @Test func `what is no value of the type is refused`() {
        let cases: [(PrimitiveType, JSONValue)] = [
            (.boolean, 1), (.int, .integer(1 << 31)), (.int, "1"), (.long, .number("1.5")), (.date, "2020-02-30"),
            (.date, "2020-13-01"), (.time, "24:00:00"), (.time, "1:2:3.1234567890"), (.timestamp, "2020-01-01"),
            (.timestamp, "2020-01-01T00:00:00Z"), (.timestamp, "2020-01-01T00:00:00+01:00"),
            (.decimal(precision: 9, scale: 1), "1.25"), (.decimal(precision: 9, scale: 1), ""),
            (.decimal(precision: 38, scale: 0), "1e99999999999"), (.uuid, "f79c3e09"), (.fixed(length: 2), "00"),
            (.binary, "0"), (.binary, "0g"), (.string, 1), (.float, "x"), (.date, ""), (.timestamptz, "T"),
        ]
        for (type, json) in cases { #expect(SingleValueJSON.parse(json, type) == nil, "\(json) as \(type)") }
    }
}
