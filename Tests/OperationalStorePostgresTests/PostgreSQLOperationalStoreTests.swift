import LakeModel
import LakeTesting
import OperationalStore
import PostgreSQLSupport
import Testing

@testable import OperationalStorePostgres

@Suite(.enabled(if: PostgreSQLSchema.hasServer, "needs PostgreSQL: bin/test starts one"))
struct PostgreSQLOperationalStoreTests {
    private func withStore(_ body: (PostgreSQLOperationalStore) async throws -> Void) async throws {
        try await PostgreSQLSchema.with { options in
            let store = try await PostgreSQLOperationalStore(options)
            defer { store.close() }
            try await body(store)
        }
    }

    private func table(_ name: String, _ types: [(String, PrimitiveType)], key: [Int]) -> OperationalTable {
        OperationalTable(
            name: name,
            columns: zip(1..., types).map { SchemaField(id: $0, name: $1.0, type: $1.1, required: false) },
            keyColumns: key)
    }

    private func change(_ table: String, _ offset: Int64, _ columns: [ColumnVector]) -> OperationalChange {
        OperationalChange(
            table: table, topic: table, partition: 0,
            watermark: OperationalWatermark(incarnation: "i", nextOffset: offset),
            upserts: columns.isEmpty ? [] : [ColumnBatch(columns: columns, rowCount: columns[0].count)])
    }

    private func texts(_ store: PostgreSQLOperationalStore, _ sql: String) async throws -> [[String]] {
        try await store.pool.run { session in
            let rows = try session.execute(sql)
            return (0..<rows.rowCount).map { row in
                (0..<rows.columnCount).map { rows.optionalText(row, $0) ?? "NULL" }
            }
        }
    }

    @Test func `other programs read PostgreSQL's own types`() async throws {
        try await withStore { store in
            let every = table(
                "every",
                [
                    ("id", .int), ("d", .date), ("t", .time), ("ts", .timestamp), ("tz", .timestamptz), ("b", .boolean),
                    ("u", .uuid), ("n", .decimal(precision: 38, scale: 2)), ("f", .float), ("x", .binary),
                ], key: [0])
            try await store.prepare([every])
            let columns: [(PrimitiveType, Datum?)] = [
                (.int, .int(1)), (.date, .int(-1)), (.time, .long(86_399_999_999)), (.timestamp, .long(-1)),
                (.timestamptz, .long(1_627_355_283_000_001)), (.boolean, .boolean(true)),
                (.uuid, .bytes([UInt8](0..<16))), (.decimal(precision: 38, scale: 2), .decimal(-12_345)),
                (.float, .float(1.5)), (.binary, .bytes([0, 255])),
            ]
            try await store.apply(
                change("every", 1, columns.map { OperationalStoreConformance.vector($0, [$1]) }))
            #expect(
                try await texts(
                    store,
                    "SELECT d::text, t::text, ts::text, tz::text, b::text, u::text, n::text, f::text, x::text FROM every"
                )
                    == [
                        [
                            "1969-12-31", "23:59:59.999999", "1969-12-31 23:59:59.999999",
                            "2021-07-27 03:08:03.000001+00", "true", "00010203-0405-0607-0809-0a0b0c0d0e0f", "-123.45",
                            "1.5", "\\x00ff",
                        ]
                    ])
        }
    }

    @Test func `a row with the stored values is not written again`() async throws {
        try await withStore { store in
            try await store.prepare([table("t", [("id", .long), ("x", .string), ("y", .double)], key: [0])])
            let rows = [
                OperationalStoreConformance.vector(.long, [.long(2), .long(1)]),
                OperationalStoreConformance.vector(.string, [.string("b"), nil]),
                OperationalStoreConformance.vector(.double, [.double(.nan), .double(-0.0)]),
            ]
            try await store.apply(change("t", 1, rows))
            let before = try await texts(store, "SELECT xmin::text, ctid::text FROM t ORDER BY id")
            try await store.apply(change("t", 2, rows))
            #expect(try await texts(store, "SELECT xmin::text, ctid::text FROM t ORDER BY id") == before)
        }
    }

    @Test func `a name with quotes, spaces or SQL in it is only a name`() async throws {
        try await withStore { store in
            let odd = table("x\"; DROP TABLE y; --", [("a \"b\"", .int), ("select", .string)], key: [0])
            try await store.prepare([table("y", [("id", .int)], key: [0]), odd])
            for offset in 1...2 {
                try await store.apply(
                    change(
                        odd.name, Int64(offset),
                        [
                            OperationalStoreConformance.vector(.int, [.int(1)]),
                            OperationalStoreConformance.vector(.string, [.string("v\(offset)")]),
                        ]))
            }
            #expect(try await store.row(table: odd.name, key: [.int(1)]) == [.int(1), .string("v2")])
            #expect(try await store.rowCount(table: "y") == 0)
        }
    }

    @Test func `NUL in text is kept as its symbol, in keys too`() async throws {
        try await withStore { store in
            try await store.prepare([table("t", [("k", .string), ("x", .string)], key: [0])])
            let column = OperationalStoreConformance.vector(.string, [.string("a\0b"), .string("a")])
            try await store.apply(change("t", 1, [column, column]))
            #expect(
                try await store.row(table: "t", key: [.string("a\0b")])
                    == [.string("a\u{2400}b"), .string("a\u{2400}b")])
            #expect(try await store.rowCount(table: "t") == 2)
        }
    }

    @Test(arguments: ["_dipper_tables", "", "pg_x", String(repeating: "n", count: 64)])
    func `names that the store or the database keeps are refused`(name: String) async throws {
        try await withStore { store in
            let error = await #expect(throws: OperationalError.self) {
                try await store.prepare([table(name, [("id", .int)], key: [0])])
            }
            #expect(error?.code == "table-name-invalid")
        }
    }

    @Test func `a table that someone else made is not taken over`() async throws {
        try await withStore { store in
            try await store.pool.run { _ = try $0.run("CREATE TABLE t (x int)") }
            let error = await #expect(throws: OperationalError.self) {
                try await store.prepare([table("t", [("id", .int)], key: [0])])
            }
            #expect(error?.code == "schema-change-refused")
        }
    }

    @Test func `a time that PostgreSQL does not know is refused by name`() async throws {
        try await withStore { store in
            try await store.prepare([table("t", [("id", .int), ("ts", .timestamp)], key: [0])])
            let error = await #expect(throws: OperationalError.self) {
                try await store.apply(
                    change(
                        "t", 1,
                        [
                            OperationalStoreConformance.vector(.int, [.int(1)]),
                            OperationalStoreConformance.vector(.timestamp, [.long(.min)]),
                        ]))
            }
            #expect(error?.code == "value-unsupported")
            #expect(try await store.watermark(topic: "t", partition: 0) == nil)
        }
    }

    @Test func `two processes that apply the same changes apply each once`() async throws {
        try await PostgreSQLSchema.with { options in
            let stores = [try await PostgreSQLOperationalStore(options), try await PostgreSQLOperationalStore(options)]
            defer { for store in stores { store.close() } }
            let numbers = table("n", [("id", .long), ("x", .long)], key: [0])
            for store in stores { try await store.prepare([numbers]) }
            for offset in 1...20 {
                let values = OperationalStoreConformance.vector(.long, (0..<50).map { .long(Int64($0 * offset)) })
                let applied = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for store in stores {
                        group.addTask { try await store.apply(change("n", Int64(offset), [values, values])) }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(applied == 1)
            }
        }
    }

    @Test(arguments: [false, true])
    func `random batches and deletes leave what a dictionary holds`(textKeys: Bool) async throws {
        var random = SeededRandom(purpose: "operational rows")
        let keyType: PrimitiveType = textKeys ? .string : .long
        func key(_ number: Int64) -> Datum { textKeys ? .string("k\(number)") : .long(number) }
        try await withStore { store in
            try await store.prepare([table("r", [("id", keyType), ("x", .string)], key: [0])])
            var expected: [Int64: String?] = [:]
            for offset in 1...25 {
                var change = change("r", Int64(offset), [])
                if Int.random(in: 0..<4, using: &random) == 0 {
                    let numbers = (0..<5).map { _ in Int64.random(in: -150..<150, using: &random) }
                    change.deletes = numbers.map { [key($0)] }
                    for number in numbers { expected[number] = nil }
                }
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    var keys: [Datum?] = []
                    var texts: [Datum?] = []
                    for _ in 0..<Int.random(in: 1...200, using: &random) {
                        let number = Int64.random(in: -150..<150, using: &random)
                        let text = Int.random(in: 0..<5, using: &random) == 0 ? nil : "v\(random.next())"
                        keys.append(key(number))
                        texts.append(text.map { .string($0) })
                        expected[number] = .some(text)
                    }
                    change.upserts.append(
                        ColumnBatch(
                            columns: [
                                OperationalStoreConformance.vector(keyType, keys),
                                OperationalStoreConformance.vector(.string, texts),
                            ], rowCount: keys.count))
                }
                try await store.apply(change)
            }
            #expect(try await store.rowCount(table: "r") == expected.count)
            for (number, text) in expected {
                let row = try await store.row(table: "r", key: [key(number)])
                #expect(row == [key(number), text.map { .string($0) }])
            }
        }
    }
}
