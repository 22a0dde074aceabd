import LakeTesting
import OperationalStore
import Testing

@Suite struct OperationalStoreConformanceTests {
    @Test(arguments: OperationalStoreConformance.checks)
    func `in memory`(check: ConformanceCheck<any OperationalStore>) async throws {
        try await check.run(MemoryOperationalStore())
    }

    @Test(arguments: OperationalStoreConformance.checks)
    func `in SQLite`(check: ConformanceCheck<any OperationalStore>) async throws {
        let folder = try TemporaryFolder()
        try await check.run(try SQLiteOperationalStore(path: folder.file("operational.sqlite")))
    }
}
