import Testing

@testable import TrinoSQL

@Suite struct ValueTests {
    private func encoded(_ text: String, _ type: TrinoType) -> String {
        var bytes: [UInt8] = []
        ValueEncoder(type).append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("1.50", TrinoType.decimal(precision: 3, scale: 2), "\"1.50\""),
        ("a\"b\n\u{1}é", .varchar, "\"a\\\"b\\n\\u0001é\""),
        ("ab", .char(length: 4), "\"ab  \""), ("00ff61", .varbinary, "\"AP9h\""), ("6162", .varbinary, "\"YWI=\""),
        ("", .varbinary, "\"\""), ("2021-11-07", .date, "\"2021-11-07\""),
        ("2021-11-07T02:48:42", .timestamp(precision: 6), "\"2021-11-07 02:48:42.000000\""),
        ("2021-11-07T02:48:42.5", .timestamp(precision: 3), "\"2021-11-07 02:48:42.500\""),
        ("2021-11-07T02:48:42.123456", .timestamp(precision: 0), "\"2021-11-07 02:48:42\""),
        ("2021-11-07T02:48:42.5Z", .timestampWithZone(precision: 6), "\"2021-11-07 02:48:42.500000 UTC\""),
        ("12:34:56.5", .time(precision: 3), "\"12:34:56.500\""),
        ("12:34:56+02:00", .timeWithZone(precision: 3), "\"12:34:56.000+02:00\""),
        ("P1DT2H3M4.5S", .intervalDayToSecond, "\"1 02:03:04.500\""),
        ("PT-3H", .intervalDayToSecond, "\"-0 03:00:00.000\""),
        ("PT0S", .intervalDayToSecond, "\"0 00:00:00.000\""), ("P1Y2M", .intervalYearToMonth, "\"1-2\""),
        ("P-14M", .intervalYearToMonth, "\"-1-2\""), ("12345678901234567890", .bigint, "12345678901234567890"),
        ("[1,null,3]", .array(.integer), "[1,null,3]"), ("[]", .array(.integer), "[]"),
        ("[\"a\\\"b\",\"c\"]", .array(.varchar), "[\"a\\\"b\",\"c\"]"),
        ("[\"1.5\"]", .array(.decimal(precision: 2, scale: 1)), "[\"1.5\"]"),
        ("[\"6162\"]", .array(.varbinary), "[\"YWI=\"]"),
        ("[\"2021-11-07T02:48:42Z\"]", .array(.timestampWithZone(precision: 3)), "[\"2021-11-07 02:48:42.000 UTC\"]"),
        (
            "{\"x\":1,\"y\":\"a\"}", .row([.init(name: "x", type: .integer), .init(name: "y", type: .varchar)]),
            "[1,\"a\"]"
        ),
        (
            "{\"\":[1],\"\":null}", .row([.init(name: nil, type: .array(.integer)), .init(name: nil, type: .varchar)]),
            "[[1],null]"
        ),
        ("{\"a\":1,\"b\":null}", .map(.varchar, .integer), "{\"a\":1,\"b\":null}"),
        ("{}", .map(.varchar, .integer), "{}"),
        ("[[1,\"a\"],[2,\"b\"]]", .map(.integer, .varchar), "{\"1\":\"a\",\"2\":\"b\"}"),
        ("[[\"2020-01-01\",[1]]]", .map(.date, .array(.integer)), "{\"2020-01-01\":[1]}"),
        (
            "[{\"k\":{\"z\":[true]}}]", .array(.map(.varchar, .row([.init(name: "z", type: .array(.boolean))]))),
            "[{\"k\":[[true]]}]"
        ),
        ("{\"a\":1}", .json, "\"{\\\"a\\\":1}\""), ("[1.5,\"nan\"]", .array(.double), "[1.5,\"NaN\"]"),
    ]) func `values go out as Trino sends them`(_ text: String, _ type: TrinoType, _ wanted: String) {
        #expect(encoded(text, type) == wanted)
    }

    @Test func `numbers that JSON has not are text`() {
        var bytes: [UInt8] = []
        for value in [Double.nan, .infinity, -.infinity, 0.1] { ValueEncoder(.double).append(value, to: &bytes) }
        #expect(String(decoding: bytes, as: UTF8.self) == "\"NaN\"\"Infinity\"\"-Infinity\"0.1")
    }

    @Test func `broken nested text does no harm`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Seeded(seed)
        let type = TrinoType.array(.map(.varchar, .row([.init(name: "a", type: .array(.date))])))
        for _ in 0..<2_000 {
            let length = Int.random(in: 0...24, using: &random)
            let characters = Array("[]{}\",:\\un1a")
            _ = encoded(String((0..<length).map { _ in characters.randomElement(using: &random) ?? "[" }), type)
        }
    }

    @Test(arguments: [
        ("BIGINT", "bigint"), ("HUGEINT", "decimal(38,0)"), ("DECIMAL(9,2)", "decimal(9,2)"),
        ("VARCHAR[]", "array(varchar)"),
        ("MAP(VARCHAR, INTEGER[])", "map(varchar, array(integer))"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp(6) with time zone"),
        ("STRUCT(a INTEGER, b TIMESTAMP WITH TIME ZONE)", "row(a integer, b timestamp(6) with time zone)"),
        (
            "STRUCT(a STRUCT(b DECIMAL(4,1))[], c MAP(DATE, FLOAT))[]",
            "array(row(a array(row(b decimal(4,1))), c map(date, real)))"
        ),
        ("TIMESTAMP_NS", "timestamp(9)"), ("INTERVAL", "interval day to second"), ("UBIGINT", "decimal(20,0)"),
        ("INTEGER[3]", "array(integer)"), ("NULL", "unknown"), ("whatever", "unknown"),
    ]) func `the engine's types have names in Trino`(_ engine: String, _ name: String) {
        #expect(TrinoType(engineName: engine).name == name)
    }

    @Test func `a known type stands while the engine's result fits it`() {
        #expect(TrinoType.ofResult(known: .varchar(length: 3), engineName: "VARCHAR").name == "varchar(3)")
        #expect(TrinoType.ofResult(known: .bigint, engineName: "HUGEINT").name == "decimal(38,0)")
        #expect(TrinoType.ofResult(known: .intervalYearToMonth, engineName: "INTERVAL") == .intervalYearToMonth)
        #expect(TrinoType.ofResult(known: .unresolved, engineName: "DATE") == .date)
    }

    @Test func `patterns of names match as LIKE does`() {
        #expect(NamePattern("a%").matches("abc"))
        #expect(!NamePattern("a%").matches("ba"))
        #expect(NamePattern("_b%").matches("abc"))
        #expect(NamePattern("a!_c", escape: "!").matches("a_c"))
        #expect(!NamePattern("a!_c", escape: "!").matches("abc"))
        #expect(NamePattern(String(repeating: "%a", count: 200)).matches(String(repeating: "a", count: 400)))
    }
}
