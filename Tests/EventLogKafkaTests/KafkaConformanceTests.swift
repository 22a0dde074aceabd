import EventLog
import EventLogKafka
import LakeTesting
import Testing

@Suite(.enabled(if: TestBroker.isThere)) struct KafkaConformanceTests {
    @Test(arguments: EventLogConformance.checks)
    func `on a broker`(check: ConformanceCheck<any EventLog>) async throws {
        try await TestBroker.with { try await check.run($0) }
    }

    /// Nothing is in memory but the newest few records: reads, heads and times come from the broker.
    @Test(arguments: EventLogConformance.checks)
    func `on a broker with little memory`(check: ConformanceCheck<any EventLog>) async throws {
        try await TestBroker.with {
            $0.recentBytes = 1
        } _: {
            try await check.run($0)
        }
    }
}
