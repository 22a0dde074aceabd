import CSVFormat
import LakeModel
import Testing

@Suite struct ValueParserTests {
    private func code(_ text: String, _ type: PrimitiveType) -> String? {
        do {
            _ = try ValueParser.parse(text, as: type)
            return nil
        } catch {
            return error.code
        }
    }

    /// A 38-digit mantissa times ten passed 128 bits, and the process ended.
    @Test func `a decimal whose exponent passes 128 bits is out of range`() {
        let decimal = PrimitiveType.decimal(precision: 38, scale: 0)
        for text in ["99999999999999999999999999999999999999e1", "35e37", "1e38", "4e99999", "-35e37"] {
            #expect(code(text, decimal) == "value-out-of-range", "\(text)")
        }
        #expect(throws: Never.self) { try ValueParser.parse("1e37", as: decimal) }
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("+7", 7), (" 42\t", 42), ("2147483647", Int32.max), ("-2147483648", Int32.min),
            ("000000000012", 12),
        ] as [(String, Int32)])
    func `whole numbers have a sign and digits`(_ text: String, _ value: Int32) throws {
        #expect(try ValueParser.parse(text, as: .int) == .int(value))
        #expect(try ValueParser.parse(text, as: .long) == .long(Int64(value)))
    }

    @Test func `whole numbers beyond the type are out of range`() throws {
        #expect(code("2147483648", .int) == "value-out-of-range")
        #expect(code("-2147483649", .int) == "value-out-of-range")
        #expect(code("9223372036854775808", .long) == "value-out-of-range")
        #expect(try ValueParser.parse("-9223372036854775808", as: .long) == .long(.min))
        #expect(try ValueParser.parse("9223372036854775807", as: .long) == .long(.max))
        #expect(code("99999999999999999999999999", .int) == "value-out-of-range")
    }

    @Test(arguments: ["1.0", "1e3", "12a", "--1", "-", "+", "1 2", "٣", "0x1f", "1_000", "1,5"])
    func `anything else is no whole number`(_ text: String) { #expect(code(text, .int) == "value-invalid") }

    @Test func `an empty text is missing, but an empty string is a string`() throws {
        #expect(code("", .int) == "value-missing")
        #expect(code("   ", .timestamptz) == "value-missing")
        #expect(try ValueParser.parse("", as: .string) == .string(""))
        #expect(try ValueParser.parse("  x ", as: .string) == .string("  x "))
    }

    @Test(arguments: ["true", "T", "1", "YES", "y", "True"])
    func `words for true`(_ text: String) throws {
        #expect(try ValueParser.parse(text, as: .boolean) == .boolean(true))
    }

    @Test(arguments: ["false", "F", "0", "no", "N", "FALSE"])
    func `words for false`(_ text: String) throws {
        #expect(try ValueParser.parse(text, as: .boolean) == .boolean(false))
    }

    @Test func `other words are no truth value`() {
        for text in ["2", "tr", "truee", "on", "-1"] { #expect(code(text, .boolean) == "value-invalid") }
    }

    @Test(
        arguments: [
            ("12.34", 1234), ("-12.3", -1230), ("12", 1200), ("0.10", 10), (".5", 50), ("5.", 500), ("1.230000", 123),
            ("1.5e2", 15_000), ("150e-1", 1500), ("-0.00", 0), ("9999999.99", 999_999_999), ("0e99999999", 0),
        ] as [(String, Int)])
    func `decimals are exact`(_ text: String, _ unscaled: Int) throws {
        #expect(try ValueParser.parse(text, as: .decimal(precision: 9, scale: 2)) == .decimal(Int128(unscaled)))
    }

    @Test func `decimals that do not fit are refused`() throws {
        let type = PrimitiveType.decimal(precision: 9, scale: 2)
        #expect(code("1.005", type) == "value-invalid")
        #expect(code("10000000", type) == "value-out-of-range")
        #expect(code("1e999999999999", type) == "value-out-of-range")
        #expect(code("1e", type) == "value-invalid")
        #expect(code("1.2.3", type) == "value-invalid")
        #expect(code("nan", type) == "value-invalid")
        let nines = String(repeating: "9", count: 38)
        let wide = PrimitiveType.decimal(precision: 38, scale: 0)
        #expect(try ValueParser.parse("-" + nines, as: wide) == .decimal(try #require(Int128("-" + nines))))
        #expect(code("1" + nines, wide) == "value-out-of-range")
        #expect(try ValueParser.parse("0." + String(repeating: "0", count: 60), as: wide) == .decimal(0))
    }

    @Test(arguments: [
        "0", "1", "-1.5", "3.14159265358979", "1e22", "1e23", "123456789012345678", "2.2250738585072014e-308", "5e-324",
        "1.7976931348623157e308", "9007199254740993", "0.1", "1e-5", "6.02214076e23", "8.41e21", "9.5367431640625e-07",
        "00000000000000000000000000000000000000000000000001.5",
        "1.00000000000000011102230246251565404236316680908203126",
    ])
    func `doubles and floats are rounded correctly`(_ text: String) throws {
        #expect(try ValueParser.parse(text, as: .double) == .double(try #require(Double(text))))
        if let float = Float(text), float.isFinite {
            #expect(try ValueParser.parse(text, as: .float) == .float(float))
        }
    }

    @Test func `random doubles are rounded as the standard library rounds them`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        for _ in 0..<3000 {
            let digits = next(&state) >> (next(&state) % 60)
            let text = "\(digits)e\(Int(next(&state) % 48) - 30)"
            #expect(try ValueParser.parse(text, as: .double) == .double(Double(text) ?? .nan), "seed \(seed): \(text)")
            #expect(try ValueParser.parse(text, as: .float) == .float(Float(text) ?? .nan), "seed \(seed): \(text)")
        }
    }

    @Test func `special floats have names`() throws {
        guard case .double(let nan) = try ValueParser.parse("NaN", as: .double) else {
            Issue.record("no double")
            return
        }
        #expect(nan.isNaN)
        #expect(try ValueParser.parse("-Infinity", as: .double) == .double(-.infinity))
        #expect(try ValueParser.parse("inf", as: .float) == .float(.infinity))
        #expect(code("1e400", .double) == "value-out-of-range")
        #expect(code("1e39", .float) == "value-out-of-range")
        #expect(try ValueParser.parse("1e-400", as: .double) == .double(0))
        for text in ["0x1p3", "nan(1)", "1d", "infinite", ".", "e5", "-"] {
            #expect(code(text, .double) == "value-invalid")
        }
    }

    @Test(
        arguments: [
            ("2021-11-07T02:48:42Z", 1_636_253_322_000_000), ("2021-11-07t02:48:42z", 1_636_253_322_000_000),
            ("2021-11-07 02:48:42", 1_636_253_322_000_000), ("2021-11-07T04:48:42+02:00", 1_636_253_322_000_000),
            ("2021-11-07T04:48:42+0200", 1_636_253_322_000_000), ("2021-11-07T04:48:42+02", 1_636_253_322_000_000),
            ("2021-11-06T21:18:42-05:30", 1_636_253_322_000_000), ("2021-11-07 02:48:42 UTC", 1_636_253_322_000_000),
            ("2021-11-07T02:48:42.5Z", 1_636_253_322_500_000), ("2021-11-07T02:48:42,123456", 1_636_253_322_123_456),
            ("2021-11-07T02:48:42.123456000Z", 1_636_253_322_123_456), ("2021-11-07T02:48Z", 1_636_253_280_000_000),
            ("2021-11-07", 1_636_243_200_000_000), ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999999Z", -1),
            ("0001-01-01", -62_135_596_800_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            ("2020-02-29T00:00:00Z", 1_582_934_400_000_000), ("2000-02-29", 951_782_400_000_000),
        ] as [(String, Int64)])
    func `timestamps have the forms of ISO 8601`(_ text: String, _ microseconds: Int64) throws {
        #expect(try ValueParser.parse(text, as: .timestamptz) == .long(microseconds))
    }

    @Test(arguments: [
        "2021-02-30T00:00:00Z", "2021-02-29", "1900-02-29", "2021-13-01", "2021-00-01", "2021-01-00", "0000-01-01",
        "2021-11-07T24:00:00Z", "2021-11-07T25:00:00Z", "2021-11-07T02:60:00Z", "2016-12-31T23:59:60Z",
        "2021-11-07T02:48:42.1234567Z", "2021-11-07T02:48:42.Z", "2021-11-07T02:48:42ZZ", "2021-11-07T",
        "2021-11-07T02",
        "2021-11-07X02:48:42Z", "20211107T024842Z", "07/11/2021", "2021-11-7", "2021-11-07T02:48:42+19:00",
        "2021-11-07T02:48:42+2:00", "2021-11-07T2:48:42Z", "tomorrow", "2021-11-07Z", "-2021-11-07",
    ])
    func `impossible timestamps are refused`(_ text: String) { #expect(code(text, .timestamptz) == "value-invalid") }

    @Test func `an offset must not lead out of the calendar`() {
        #expect(code("0001-01-01T00:00:00+01:00", .timestamptz) == "value-out-of-range")
        #expect(code("9999-12-31T23:59:59-01:00", .timestamptz) == "value-out-of-range")
    }

    @Test func `a timestamp without zone takes no offset`() throws {
        #expect(try ValueParser.parse("2021-11-07T02:48:42", as: .timestamp) == .long(1_636_253_322_000_000))
        #expect(code("2021-11-07T02:48:42Z", .timestamp) == "value-invalid")
    }

    @Test func `dates and times stand alone`() throws {
        #expect(try ValueParser.parse("1970-01-02", as: .date) == .int(1))
        #expect(code("1970-01-02T00:00:00", .date) == "value-invalid")
        #expect(try ValueParser.parse("23:59:59.000001", as: .time) == .long(86_399_000_001))
        #expect(code("24:00:00", .time) == "value-invalid")
    }

    @Test func `bytes are hexadecimal digits`() throws {
        #expect(try ValueParser.parse("0aFf", as: .binary) == .bytes([10, 255]))
        #expect(try ValueParser.parse("0x0aff", as: .fixed(length: 2)) == .bytes([10, 255]))
        #expect(try ValueParser.parse("\\x00", as: .binary) == .bytes([0]))
        #expect(code("0af", .binary) == "value-invalid")
        #expect(code("0g", .binary) == "value-invalid")
        #expect(code("0aff00", .fixed(length: 2)) == "value-invalid")
        let uuid: [UInt8] = [
            0xF8, 0x1D, 0x4F, 0xAE, 0x7D, 0xEC, 0x11, 0xD0, 0xA7, 0x65, 0x00, 0xA0, 0xC9, 0x1E, 0x6B, 0xF6,
        ]
        #expect(try ValueParser.parse("F81D4FAE-7dec-11d0-a765-00a0c91e6bf6", as: .uuid) == .bytes(uuid))
        #expect(try ValueParser.parse("f81d4fae7dec11d0a76500a0c91e6bf6", as: .uuid) == .bytes(uuid))
        #expect(code("f81d4fae-7dec-11d0-a765-00a0c91e6bf", .uuid) == "value-invalid")
        #expect(code("f81d4fae07dec-11d0-a765-00a0c91e6bf6", .uuid) == "value-invalid")
    }

    @Test func `a message names the value and what is expected`() {
        do {
            _ = try ValueParser.parse("2021-02-30T00:00:00Z", as: .timestamptz)
            Issue.record("no error")
        } catch {
            #expect(
                error.message
                    == "\"2021-02-30T00:00:00Z\" is no timestamptz: that month has no such day; expected an ISO 8601 time "
                    + "such as 2021-11-07T02:48:42Z or 2021-11-07T04:48:42+02:00")
        }
    }

    @Test func `broken UTF-8 is found where it is`() {
        let bytes: [UInt8] = [0x61, 0xC3, 0x28]
        do {
            _ = try ValueParser.parse(bytes.span, as: .string)
            Issue.record("no error")
        } catch {
            #expect(error.code == "utf8-invalid")
            #expect(error.byteOffset == 1)
        }
    }
}

/// A small generator, the same on every machine (SplitMix64).
func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
}
