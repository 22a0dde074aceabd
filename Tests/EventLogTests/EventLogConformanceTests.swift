import EventLog
import LakeTesting
import Testing

@Suite struct EventLogConformanceTests {
    @Test(arguments: EventLogConformance.checks)
    func `in memory`(check: ConformanceCheck<any EventLog>) async throws {
        try await check.run(MemoryEventLog())
    }

    @Test(arguments: EventLogConformance.checks)
    func `in SQLite`(check: ConformanceCheck<any EventLog>) async throws {
        let folder = try TemporaryFolder()
        try await check.run(try SQLiteEventLog(path: folder.file("log.sqlite")))
    }
}
