import GRDB
import LakeTesting
import SQLiteSupport
import Testing

@testable import CatalogService

@Suite struct SQLiteCatalogStoreTests {
    let folder: TemporaryFolder
    let table = TableIdentifier(namespace: "silver", name: "t")

    init() throws { folder = try TemporaryFolder() }

    private func open(_ name: String = "catalog.sqlite") throws -> SQLiteCatalogStore {
        try SQLiteCatalogStore(path: folder.file(name))
    }

    private func commit(from: String?, to: String) -> CatalogCommit {
        var commit = CatalogCommit()
        commit.swaps = [.init(table: table, expectedMetadataLocation: from, newMetadataLocation: to)]
        commit.watermarks = [
            CatalogWatermark(topic: "t", partition: 0, incarnation: "i", nextOffset: Int64(to) ?? 0)
        ]
        return commit
    }

    @Test func `the writer syncs fully, in WAL mode`() throws {
        let store = try open()
        let (level, mode) = try store.pool.writeWithoutTransaction { db in
            (try SQLiteFile.synchronous(of: db), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
        }
        #expect(level == 2)
        #expect(mode == "wal")
    }

    @Test func `what was committed before a kill is there after it`() async throws {
        let store = try open()
        try await store.createNamespace("silver", properties: [:])
        try await store.commit(commit(from: nil, to: "1"))
        try await store.commit(commit(from: "1", to: "2"))
        try folder.copyDatabase("catalog.sqlite", to: "killed.sqlite")
        try await store.commit(commit(from: "2", to: "3"))
        let after = try open("killed.sqlite")
        #expect(try await after.pointer(table)?.metadataLocation == "2")
        #expect(try await after.pointer(table)?.version == 2)
        #expect(try await after.watermark(topic: "t", partition: 0)?.nextOffset == 2)
    }

    @Test func `a store opened again has everything, fences included`() async throws {
        let first = try open()
        try await first.createNamespace("silver", properties: [:])
        try await first.commit(commit(from: nil, to: "1"))
        #expect(try await first.acquireFence(role: "r") == 1)
        try first.close()
        let second = try open()
        #expect(try await second.pointer(table)?.version == 1)
        #expect(try await second.acquireFence(role: "r") == 2)
    }

    @Test func `two connections to one file race for a pointer and one wins`() async throws {
        let stores = [try open(), try open()]
        try await stores[0].createNamespace("silver", properties: [:])
        try await stores[0].commit(commit(from: nil, to: "0"))
        for round in 0..<10 {
            let wins = await withTaskGroup(of: Bool.self) { group in
                for store in stores {
                    group.addTask {
                        do {
                            try await store.commit(commit(from: "\(round)", to: "\(round + 1)"))
                            return true
                        } catch let error as CatalogError {
                            #expect(error.code == "commit-conflict")
                            return false
                        } catch {
                            Issue.record(error)
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
    }

    @Test func `a database of a later version is refused`() throws {
        let store = try open()
        try store.pool.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99-later')")
        }
        try store.close()
        let error = #expect(throws: SQLiteFailure.self) { try open() }
        #expect(error?.code == "database-newer")
    }

    @Test func `a file that is no database is told as damaged`() throws {
        try #require(FileManagerWrite.text(String(repeating: "no database ", count: 100), to: folder.file("x.sqlite")))
        let error = #expect(throws: SQLiteFailure.self) { try open("x.sqlite") }
        #expect(error?.code == "database-corrupt")
    }

    @Test func `an error at COMMIT leaves the state unknown unless it is a full disk or a lock`() {
        for code in [ResultCode.SQLITE_FULL, .SQLITE_BUSY] {
            #expect(SQLiteCatalogStore.isKnownToHaveFailed(DatabaseError(resultCode: code)))
        }
        for code in [ResultCode.SQLITE_IOERR_FSYNC, .SQLITE_IOERR, .SQLITE_NOMEM, .SQLITE_CORRUPT] {
            #expect(!SQLiteCatalogStore.isKnownToHaveFailed(DatabaseError(resultCode: code)))
        }
    }

    @Test func `a commit that the database fails at COMMIT is of unknown state`() async throws {
        let store = try open()
        try await store.createNamespace("silver", properties: [:])
        // A deferred constraint is the one thing that fails at COMMIT and nowhere else.
        try await store.pool.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE parent (id TEXT PRIMARY KEY);
                    CREATE TABLE child (id TEXT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
                    CREATE TRIGGER fail_commit AFTER INSERT ON tables
                        BEGIN INSERT INTO child VALUES (new.name); END;
                    """)
        }
        let error = await #expect(throws: CatalogError.self) { try await store.commit(commit(from: nil, to: "1")) }
        #expect(error?.code == "commit-state-unknown")
        #expect(try await store.pointer(table) == nil)
        // The connection is usable afterwards.
        try await store.pool.write { try $0.execute(sql: "DROP TRIGGER fail_commit") }
        try await store.commit(commit(from: nil, to: "1"))
    }
}
