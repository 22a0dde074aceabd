import ArrowFormat
import Testing

@testable import QueryEngine

@Suite struct ResultTypeTests {
    @Test func `the engine's type names are read, nested ones too`() {
        let long = ArrowType.int(bits: 64, isSigned: true)
        let cases: [(String, ArrowType)] = [
            ("BIGINT", long), ("UBIGINT", .int(bits: 64, isSigned: false)),
            ("DECIMAL(9,2)", .decimal(precision: 9, scale: 2)),
            ("HUGEINT", .decimal(precision: 38, scale: 0)), ("TIMESTAMP", .timestamp(.microsecond, zone: nil)),
            ("TIMESTAMP_NS", .timestamp(.nanosecond, zone: nil)),
            ("TIMESTAMP WITH TIME ZONE", .timestamp(.microsecond, zone: "UTC")), ("TIME WITH TIME ZONE", .utf8),
            ("TIME", .time(.microsecond)), ("JSON", .utf8), ("UUID", .utf8), ("VARCHAR", .utf8), ("NULL", .null),
            ("BIGINT[][]", .list(ArrowField("item", .list(ArrowField("item", long))))),
            ("DATE[3]", .fixedList(ArrowField("item", .date), count: 3)),
            (
                "STRUCT(a BIGINT, \"b \"\"c\"\", d\" VARCHAR[])",
                .structure([ArrowField("a", long), ArrowField("b \"c\", d", .list(ArrowField("item", .utf8)))])
            ),
            (
                "MAP(VARCHAR, STRUCT(x DOUBLE))[]",
                .list(
                    ArrowField(
                        "item",
                        .map(
                            key: ArrowField("key", .utf8, isNullable: false),
                            value: ArrowField("value", .structure([ArrowField("x", .float64)])))))
            ),
            ("SOMETHING ELSE", .utf8), ("STRUCT(", .utf8), ("", .utf8),
        ]
        for (name, type) in cases { #expect(ResultType.arrow(name) == type, "\(name)") }
    }
}
