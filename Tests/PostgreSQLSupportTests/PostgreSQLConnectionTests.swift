import LakeTesting
import Synchronization
import Testing

@testable import PostgreSQLSupport

@Suite(.enabled(if: PostgreSQLSchema.hasServer, "needs PostgreSQL: bin/test starts one"))
struct PostgreSQLConnectionTests {
    /// A session whose schema is there.
    private func withPool(
        _ adjust: (inout PostgreSQLOptions) -> Void = { _ in }, _ body: (PostgreSQLPool) async throws -> Void
    ) async throws {
        try await PostgreSQLSchema.with { options in
            var options = options
            adjust(&options)
            let pool = PostgreSQLPool(options)
            defer { pool.close() }
            try await pool.run { try PostgreSQLMigrations.apply([], of: "test", on: $0) }
            try await body(pool)
        }
    }

    private func number(_ sql: String, _ pool: PostgreSQLPool) async throws -> Int64 {
        try await pool.read { try $0.execute(sql).int64(0, 0) }
    }

    private func code(_ body: () async throws -> Void) async -> String? {
        do { try await body() } catch let error as PostgreSQLFailure { return error.code } catch { return "\(error)" }
        return nil
    }

    @Test func `values go and come in binary, quotes, bytes and nulls too`() async throws {
        try await withPool { pool in
            try await pool.run { session in
                let rows = try session.execute(
                    "SELECT $1, $2, $3, $4, $5, $6",
                    [
                        .text("it's \"ü\" \u{1F600} \\"), .bigint(.min), .bytes([0, 255, 39]), .boolean(true),
                        .text(nil),
                        .bytes([]),
                    ])
                #expect(rows.text(0, 0) == "it's \"ü\" \u{1F600} \\")
                #expect(rows.int64(0, 1) == .min)
                #expect(rows.bytes(0, 2) == [0, 255, 39])
                #expect(rows.boolean(0, 3))
                #expect(rows.isNull(0, 4) && rows.optionalText(0, 4) == nil)
                #expect(!rows.isNull(0, 5) && rows.bytes(0, 5) == [])
            }
            #expect(
                await code { try await pool.run { _ = try $0.execute("SELECT $1", [.text("a\0b")]) } }
                    == "value-refused")
        }
    }

    @Test func `more statements than a session keeps are prepared anew`() async throws {
        try await withPool { pool in
            try await pool.run { session in
                for round in 0..<2 {
                    for number in 0..<PostgreSQLConnection.statementsMax + 5 {
                        let rows = try session.execute("SELECT \(number)::bigint + $1", [.bigint(round)])
                        #expect(rows.int64(0, 0) == Int64(number + round))
                    }
                }
            }
        }
    }

    @Test func `a statement and a lock that take too long are given up, and the session goes on`() async throws {
        try await withPool({ ($0.statementMilliseconds, $0.lockMilliseconds, $0.connectionsMax) = (1_000, 100, 2) }) {
            pool in
            #expect(await code { try await pool.run { _ = try $0.run("SELECT pg_sleep(5)") } } == "statement-timeout")
            try await pool.run { _ = try $0.run("CREATE TABLE t (x int)") }
            let lock = "LOCK TABLE t IN ACCESS EXCLUSIVE MODE"
            try await pool.transaction { session in
                try session.run(lock)
                let other = try PostgreSQLConnection(session.options)
                let error = #expect(throws: PostgreSQLFailure.self) { try other.transaction { _ = try $0.run(lock) } }
                #expect(error?.code == "lock-timeout")
                #expect(error?.isRetryable == true)
            }
            let found = try await number("SELECT 1::bigint", pool)
            #expect(found == 1)
        }
    }

    @Test func `a server that says nothing is given up`() async throws {
        try await withPool({ ($0.statementMilliseconds, $0.graceMilliseconds) = (100, 200) }) { pool in
            let start = ContinuousClock.now
            let failed = await code {
                try await pool.run { session in
                    // What the server would end by itself is switched off.
                    try session.run("SET statement_timeout = 0")
                    try session.run("SELECT pg_sleep(20)")
                }
            }
            #expect(failed == "statement-timeout")
            #expect(ContinuousClock.now - start < .seconds(10))
            let found = try await number("SELECT 1::bigint", pool)
            #expect(found == 1)
        }
    }

    @Test func `a session that the server ended is replaced`() async throws {
        try await withPool({ $0.connectionsMax = 1 }) { pool in
            let first = try await pool.run { try $0.execute("SELECT pg_backend_pid()::bigint").int64(0, 0) }
            let killer = PostgreSQLPool(pool.options)
            defer { killer.close() }
            _ = try await killer.run {
                try $0.execute("SELECT pg_terminate_backend($1::integer)", [.bigint(first)]).rowCount
            }
            let second = try await pool.read { try $0.execute("SELECT pg_backend_pid()::bigint").int64(0, 0) }
            #expect(second != first)
        }
    }

    // MARK: Transactions

    @Test func `a transaction that throws leaves nothing`() async throws {
        struct Stop: Error {}
        try await withPool { pool in
            try await pool.run { _ = try $0.run("CREATE TABLE t (x int)") }
            await #expect(throws: Stop.self) {
                try await pool.transaction { session in
                    try session.run("INSERT INTO t VALUES (1)")
                    throw Stop()
                }
            }
            #expect(
                await code {
                    try await pool.transaction { session in
                        try session.run("INSERT INTO t VALUES (1)")
                        try session.run("SELECT nothing")
                    }
                } == "database-failed")
            let found = try await number("SELECT count(*) FROM t", pool)
            #expect(found == 0)
        }
    }

    /// Makes COMMIT, and nothing before it, run `body`.
    private func atCommit(_ body: String, _ pool: PostgreSQLPool) async throws {
        try await pool.run { session in
            _ = try session.run(
                """
                CREATE TABLE t (x int);
                CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION at_commit();
                """)
        }
    }

    @Test func `a connection that drops during COMMIT leaves the state unknown`() async throws {
        try await withPool { pool in
            try await atCommit("PERFORM pg_terminate_backend(pg_backend_pid())", pool)
            let failed = await code { try await pool.transaction { _ = try $0.run("INSERT INTO t VALUES (1)") } }
            #expect(failed == "commit-state-unknown")
            let found = try await number("SELECT count(*) FROM t", pool)
            #expect(found == 0)
        }
    }

    @Test func `a COMMIT that the server refuses has certainly failed`() async throws {
        try await withPool { pool in
            try await atCommit("RAISE EXCEPTION 'no' USING ERRCODE = '23514'", pool)
            let failed = await code { try await pool.transaction { _ = try $0.run("INSERT INTO t VALUES (1)") } }
            #expect(failed == "constraint-violated")
        }
    }

    @Test func `a transaction that stood in another one's way is run again`() async throws {
        try await withPool { pool in
            let runs = Mutex(0)
            let value = try await pool.transaction { session in
                let run = runs.withLock {
                    $0 += 1; return $0
                }
                if run < 3 { try session.run("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$") }
                return run
            }
            #expect(value == 3)
        }
    }

    // MARK: COPY

    @Test func `rows are copied in, and a COPY that is given up leaves the session usable`() async throws {
        struct Stop: Error {}
        try await withPool { pool in
            try await pool.run { session in
                try session.run("CREATE TABLE t (x int, y text)")
                let line = Array("7\tseven\n".utf8)
                let count = try session.copyIn("COPY t FROM STDIN") { sink in
                    for _ in 0..<20_000 { try sink.send(line) }
                }
                #expect(count == 20_000)
                #expect(throws: Stop.self) {
                    _ = try session.copyIn("COPY t FROM STDIN") { sink in
                        try sink.send(line)
                        throw Stop()
                    }
                }
                let error = #expect(throws: PostgreSQLFailure.self) {
                    _ = try session.copyIn("COPY t FROM STDIN") { try $0.send(Array("x\ty\n".utf8)) }
                }
                #expect(error?.code == "value-refused")
                #expect(try session.execute("SELECT count(*) FROM t").int64(0, 0) == 20_000)
            }
        }
    }

    // MARK: Pool and migrations

    @Test func `many callers share few sessions`() async throws {
        try await withPool({ $0.connectionsMax = 3 }) { pool in
            let sessions = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        try await pool.run {
                            try $0.execute("SELECT pg_backend_pid()::bigint, pg_sleep(0.005)").int64(0, 0)
                        }
                    }
                }
                return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
            }
            #expect((1...3).contains(sessions.count))
        }
    }

    @Test func `migrations run once, however many processes start, and later ones are refused by older programs`()
        async throws
    {
        let first = PostgreSQLMigration(name: "1", sql: "CREATE TABLE once (x int); INSERT INTO once VALUES (1)")
        let second = PostgreSQLMigration(name: "2", sql: "ALTER TABLE once ADD COLUMN y int")
        try await PostgreSQLSchema.with { options in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let pool = PostgreSQLPool(options)
                        defer { pool.close() }
                        try await pool.run { try PostgreSQLMigrations.apply([first], of: "c", on: $0) }
                    }
                }
                try await group.waitForAll()
            }
            let pool = PostgreSQLPool(options)
            defer { pool.close() }
            try await pool.run { session in
                try PostgreSQLMigrations.apply([first, second], of: "c", on: session)
                #expect(try session.execute("SELECT count(*), max(y) FROM once").int64(0, 0) == 1)
                let error = #expect(throws: PostgreSQLFailure.self) {
                    try PostgreSQLMigrations.apply([first], of: "c", on: session)
                }
                #expect(error?.code == "database-newer")
            }
        }
    }
}
