import TrinoSQL

/// Small tables to translate for.
enum Lab {
    static let context: TranslationContext = {
        var context = TranslationContext(catalog: "lake", schema: "silver", user: "ada")
        define("jobs", [("id", .bigint), ("job", .varchar)], &context)
        define(
            "mix",
            [
                ("i", .integer), ("b", .bigint), ("d", .decimal(precision: 15, scale: 2)), ("f", .double),
                ("s", .varchar),
                ("day", .date), ("ts", .timestamp(precision: 6)), ("tz", .timestampWithZone(precision: 6)),
                ("flag", .boolean), ("list", .array(.integer)), ("map", .map(.varchar, .integer)),
                ("pair", .row([.init(name: "x", type: .integer), .init(name: "y", type: .varchar)])),
            ], &context)
        context.tables[TableName(catalog: "lake", schema: "silver", table: "jobs$snapshots")] = TableDefinition(
            source: .engine(namespace: "silver", name: "jobs$snapshots"), columns: nil)
        context.tables[TableName(catalog: "system", schema: "jdbc", table: "catalogs")] = TableDefinition(
            source: .rows([[.text("lake"), .null], [.text("it's"), .integer(1)]]),
            columns: [.init("table_cat", .varchar), .init("n", .bigint)])
        let tpch: [(String, [(String, TrinoType)])] = [
            ("region", [("r_regionkey", .integer), ("r_name", .varchar)]),
            ("nation", [("n_nationkey", .integer), ("n_name", .varchar), ("n_regionkey", .integer)]),
            (
                "supplier",
                texts("s_name", "s_address", "s_phone", "s_comment") + [
                    ("s_suppkey", .bigint), ("s_nationkey", .integer), money("s_acctbal"),
                ]
            ),
            (
                "customer",
                texts("c_name", "c_address", "c_phone", "c_mktsegment", "c_comment") + [
                    ("c_custkey", .bigint), ("c_nationkey", .integer), money("c_acctbal"),
                ]
            ),
            (
                "part",
                texts("p_name", "p_mfgr", "p_brand", "p_type", "p_container") + [
                    ("p_partkey", .bigint), ("p_size", .integer),
                ]
            ),
            (
                "partsupp",
                [("ps_partkey", .bigint), ("ps_suppkey", .bigint), ("ps_availqty", .bigint), money("ps_supplycost")]
            ),
            (
                "orders",
                texts("o_orderstatus", "o_orderpriority", "o_comment") + [
                    ("o_orderkey", .bigint), ("o_custkey", .bigint), money("o_totalprice"), ("o_orderdate", .date),
                    ("o_shippriority", .integer),
                ]
            ),
            (
                "lineitem",
                texts("l_returnflag", "l_linestatus", "l_shipinstruct", "l_shipmode") + [
                    ("l_orderkey", .bigint), ("l_partkey", .bigint), ("l_suppkey", .bigint), money("l_quantity"),
                    money("l_extendedprice"), money("l_discount"), money("l_tax"), ("l_shipdate", .date),
                    ("l_commitdate", .date), ("l_receiptdate", .date),
                ]
            ),
        ]
        for (name, columns) in tpch { define(name, columns, &context) }
        return context
    }()

    private static func texts(_ names: String...) -> [(String, TrinoType)] { names.map { ($0, .varchar) } }
    private static func money(_ name: String) -> (String, TrinoType) { (name, .decimal(precision: 15, scale: 2)) }

    private static func define(_ name: String, _ columns: [(String, TrinoType)], _ context: inout TranslationContext) {
        context.tables[TableName(catalog: "lake", schema: "silver", table: name)] = TableDefinition(
            source: .engine(namespace: "silver", name: name), columns: columns.map { .init($0.0, $0.1) })
    }

    static func translate(_ text: String, context: TranslationContext = context) throws -> Translation {
        guard case .query(let query) = try TrinoStatement(text).kind else {
            throw TrinoSQLError(code: "trino-invalid", name: "NOT_SUPPORTED", message: "no query")
        }
        return try query.translated(for: context)
    }
}

/// A small generator of random numbers with a seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
