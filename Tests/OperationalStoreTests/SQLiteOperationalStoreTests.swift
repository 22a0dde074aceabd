import GRDB
import LakeModel
import LakeTesting
import SQLiteSupport
import Testing

@testable import OperationalStore

@Suite struct SQLiteOperationalStoreTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ name: String = "operational.sqlite") throws -> SQLiteOperationalStore {
        try SQLiteOperationalStore(path: folder.file(name))
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
            upserts: [ColumnBatch(columns: columns, rowCount: columns[0].count)])
    }

    @Test func `the writer runs in WAL mode and syncs at checkpoints`() throws {
        let store = try open()
        let (level, mode) = try store.pool.writeWithoutTransaction { db in
            (try SQLiteFile.synchronous(of: db), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
        }
        #expect(level == 1)
        #expect(mode == "wal")
    }

    @Test func `rows and watermark of a killed process are there together`() async throws {
        let store = try open()
        let numbers = table("n", [("id", .long)], key: [0])
        try await store.prepare([numbers])
        try await store.apply(change("n", 1, [ColumnVector(type: .long, storage: .int64([1, 2]))]))
        try folder.copyDatabase("operational.sqlite", to: "killed.sqlite")
        try await store.apply(change("n", 2, [ColumnVector(type: .long, storage: .int64([3]))]))
        let after = try open("killed.sqlite")
        try await after.prepare([numbers])
        #expect(try await after.rowCount(table: "n") == 2)
        #expect(try await after.watermark(topic: "n", partition: 0)?.nextOffset == 1)
    }

    @Test func `a single integer key is the row's number, any other a table without one`() async throws {
        let store = try open()
        try await store.prepare([
            table("one", [("id", .long), ("x", .string)], key: [0]),
            table("text", [("id", .string), ("x", .string)], key: [0]),
            table("two", [("a", .int), ("b", .int)], key: [1, 0]),
            table("none", [("a", .int)], key: []),
        ])
        let sql = try await store.pool.read { db in
            try String.fetchAll(
                db, sql: "SELECT sql FROM sqlite_master WHERE name IN ('none', 'one', 'text', 'two') ORDER BY name")
        }
        #expect(
            sql == [
                #"CREATE TABLE "none" ("a" INTEGER)"#,
                #"CREATE TABLE "one" ("id" INTEGER PRIMARY KEY, "x" TEXT)"#,
                #"CREATE TABLE "text" ("id" TEXT NOT NULL, "x" TEXT, PRIMARY KEY ("id")) WITHOUT ROWID"#,
                #"CREATE TABLE "two" ("a" INTEGER NOT NULL, "b" INTEGER NOT NULL, PRIMARY KEY ("b", "a")) WITHOUT ROWID"#,
            ])
    }

    @Test func `the readable view shows times as ISO 8601, before 1970 too`() async throws {
        let store = try open()
        let times = table(
            "times",
            [
                ("id", .int), ("d", .date), ("t", .time), ("ts", .timestamp), ("tz", .timestamptz), ("b", .boolean),
                ("u", .uuid),
            ], key: [0])
        try await store.prepare([times])
        try await store.apply(
            change(
                "times", 1,
                [
                    OperationalStoreConformance.vector(.int, [.int(1), .int(2), .int(3)]),
                    OperationalStoreConformance.vector(.date, [.int(-1), .int(18_993), nil]),
                    OperationalStoreConformance.vector(.time, [.long(0), .long(86_399_999_999), nil]),
                    OperationalStoreConformance.vector(.timestamp, [.long(-1), .long(0), nil]),
                    OperationalStoreConformance.vector(
                        .timestamptz, [.long(-62_135_596_800_000_000), .long(1_627_355_283_000_001), nil]),
                    OperationalStoreConformance.vector(.boolean, [.boolean(true), .boolean(false), nil]),
                    OperationalStoreConformance.vector(.uuid, [.bytes([UInt8](0..<16)), nil, nil]),
                ]))
        let rows = try await store.pool.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM times_readable ORDER BY id").map { row in
                row.databaseValues.map { String.fromDatabaseValue($0) ?? "\($0)" }
            }
        }
        #expect(
            rows == [
                [
                    "1", "1969-12-31", "00:00:00.000000", "1969-12-31T23:59:59.999999", "0001-01-01T00:00:00.000000Z",
                    "true", "00010203-0405-0607-0809-0a0b0c0d0e0f",
                ],
                [
                    "2", "2022-01-01", "23:59:59.999999", "1970-01-01T00:00:00.000000", "2021-07-27T03:08:03.000001Z",
                    "false", "NULL",
                ],
                ["3", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"],
            ])
    }

    @Test func `decimals are stored with all digits of their scale`() async throws {
        let store = try open()
        let type = PrimitiveType.decimal(precision: 38, scale: 2)
        try await store.prepare([table("d", [("id", .int), ("x", type)], key: [0])])
        let values: [Int128] = [0, 5, -5, 123, -12345, 99_999_999_999_999_999_999_999_999_999_999_999_999]
        try await store.apply(
            change(
                "d", 1,
                [
                    ColumnVector(type: .int, storage: .int32((0..<Int32(values.count)).map { $0 })),
                    ColumnVector(type: type, storage: .int128(values)),
                ]))
        let texts = try await store.pool.read { try String.fetchAll($0, sql: "SELECT x FROM d ORDER BY id") }
        #expect(
            texts == ["0.00", "0.05", "-0.05", "1.23", "-123.45", "999999999999999999999999999999999999.99"])
        for (index, value) in values.enumerated() {
            #expect(try await store.row(table: "d", key: [.int(Int32(index))])?[1] == .decimal(value))
        }
    }

    @Test func `a name with quotes, spaces or SQL in it is only a name`() async throws {
        let store = try open()
        let odd = table("x\"; DROP TABLE y; --", [("a \"b\"", .int), ("select", .string)], key: [0])
        try await store.prepare([table("y", [("id", .int)], key: [0]), odd])
        try await store.apply(
            change(
                odd.name, 1,
                [
                    OperationalStoreConformance.vector(.int, [.int(1)]),
                    OperationalStoreConformance.vector(.string, [.string("v")]),
                ]))
        #expect(try await store.row(table: odd.name, key: [.int(1)]) == [.int(1), .string("v")])
        #expect(try await store.rowCount(table: "y") == 0)
    }

    @Test func `text with a NUL in it comes back whole, also as a key`() async throws {
        let store = try open()
        try await store.prepare([table("t", [("k", .string), ("x", .string)], key: [0])])
        let column = OperationalStoreConformance.vector(.string, [.string("a\0b"), .string("a")])
        try await store.apply(change("t", 1, [column, column]))
        #expect(try await store.row(table: "t", key: [.string("a\0b")]) == [.string("a\0b"), .string("a\0b")])
        #expect(try await store.row(table: "t", key: [.string("a")])?[1] == .string("a"))
        #expect(try await store.rowCount(table: "t") == 2)
    }

    @Test(arguments: ["sqlite_x", "_dipper_tables", "", "a_readable"])
    func `names that the store keeps for itself are refused`(name: String) async throws {
        let store = try open()
        let error = await #expect(throws: OperationalError.self) {
            try await store.prepare([table(name, [("id", .int)], key: [0])])
        }
        #expect(error?.code == "table-name-invalid")
    }

    @Test func `columns that SQL does not tell apart are refused`() async throws {
        let store = try open()
        let error = await #expect(throws: OperationalError.self) {
            try await store.prepare([table("t", [("id", .int), ("ID", .int)], key: [0])])
        }
        #expect(error?.code == "column-invalid")
    }

    @Test func `a table that someone else made is not taken over`() async throws {
        let store = try open()
        try await store.pool.write { try $0.execute(sql: "CREATE TABLE t (x)") }
        let error = await #expect(throws: OperationalError.self) {
            try await store.prepare([table("t", [("id", .int)], key: [0])])
        }
        #expect(error?.code == "schema-change-refused")
    }

    @Test func `random batches leave the last row of each key`() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        let store = try open()
        try await store.prepare([table("r", [("id", .long), ("x", .string)], key: [0])])
        var expected: [Int64: String?] = [:]
        for offset in 1...20 {
            var keys: [Datum?] = []
            var texts: [Datum?] = []
            for _ in 0..<Int(next(200)) + 1 {
                let key = Int64(next(300)) - 150
                let text = next(5) == 0 ? nil : "v\(next(1_000_000))"
                keys.append(.long(key))
                texts.append(text.map { .string($0) })
                expected[key] = text
            }
            try await store.apply(
                change(
                    "r", Int64(offset),
                    [
                        OperationalStoreConformance.vector(.long, keys),
                        OperationalStoreConformance.vector(.string, texts),
                    ]))
        }
        #expect(try await store.rowCount(table: "r") == expected.count, "seed \(seed)")
        for (key, text) in expected {
            let row = try await store.row(table: "r", key: [.long(key)])
            #expect(row == [.long(key), text.map { .string($0) }], "seed \(seed)")
        }
    }
}
