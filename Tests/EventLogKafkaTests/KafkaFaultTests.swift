import EventLog
import EventLogKafka
import Testing

/// Brokers that fail: librdkafka's own, in this process.
@Suite struct KafkaFaultTests {
    private func with(
        milliseconds: Int = 3_000, _ body: (MockBrokers, KafkaEventLog) async throws -> Void
    ) async throws {
        let brokers = try MockBrokers(
            brokers: 1, topics: ["t", "_dipper.meta", "_dipper.claims"], logger: TestBroker.logger)
        var options = KafkaLogOptions(brokers: brokers.addresses)
        options.appendMilliseconds = milliseconds
        options.requestMilliseconds = 5_000
        let log = try await KafkaEventLog(options, logger: TestBroker.logger)
        defer { log.close() }
        try await body(brokers, log)
    }

    private func record(_ id: String, _ size: Int = 3) -> LogRecord {
        LogRecord(id: id, payload: [UInt8](repeating: 7, count: size))
    }

    private func offsets(_ log: KafkaEventLog) async throws -> [Int64] {
        try await log.read(topic: "t", partition: 0, from: 0, recordsMax: 100, bytesMax: .max).map(\.offset)
    }

    @Test(arguments: [MockBrokers.Refusal.notLeader, .tooFewInSync])
    func `a passing refusal is lived through, and the record stands once`(refusal: MockBrokers.Refusal) async throws {
        try await with { brokers, log in
            _ = try await log.append([record("a")], to: "t", idempotency: nil)
            brokers.refuse(refusal, times: 3)
            _ = try await log.append([record("b")], to: "t", idempotency: nil)
            #expect(try await offsets(log) == [0, 1])
        }
    }

    @Test func `a record that the broker finds too large is an error of its own, and the log goes on`() async throws {
        try await with { brokers, log in
            _ = try await log.append([record("a")], to: "t", idempotency: nil)
            brokers.refuse(.tooLarge, times: 1)
            let error = await #expect(throws: EventLogError.self) {
                _ = try await log.append([record("b")], to: "t", idempotency: nil)
            }
            #expect(error?.code == "record-too-large")
            #expect(error?.isRetryable == false)
            _ = try await log.append([record("c")], to: "t", idempotency: nil)
            #expect(try await log.record(id: "b") == nil)
            #expect(try await log.record(id: "c")?.offset == 1)
        }
    }

    @Test func `a record beyond the limit does not reach the broker`() async throws {
        try await with { _, log in
            let error = await #expect(throws: EventLogError.self) {
                _ = try await log.append([record("a", log.limits.recordBytesMax + 1)], to: "t", idempotency: nil)
            }
            #expect(error?.code == "record-too-large")
        }
    }

    @Test func `a broker that is away makes errors that pass, and nothing acknowledged is lost`() async throws {
        try await with(milliseconds: 1_500) { brokers, log in
            _ = try await log.append([record("a")], to: "t", idempotency: nil)
            brokers.setDown(1, true)
            let claim = IdempotencyClaim(key: "k", requestDigest: "d")
            for idempotency in [nil, claim] {
                let error = await #expect(throws: EventLogError.self) {
                    _ = try await log.append([record("b")], to: "t", idempotency: idempotency)
                }
                #expect(["log-unreachable", "append-state-unknown"].contains(error?.code))
                #expect(error?.isRetryable == true)
            }
            brokers.setDown(1, false)
            // A client repeats what was answered so.
            var last: StoredRecord?
            for attempt in 0..<20 where last == nil {
                do {
                    let outcome = try await log.append([record("c\(attempt)")], to: "t", idempotency: nil)
                    if case .appended(let stored) = outcome { last = stored.first }
                } catch let error as EventLogError where error.isRetryable {
                    continue
                }
            }
            let read = try await log.read(topic: "t", partition: 0, from: 0, recordsMax: 99, bytesMax: .max)
            #expect(read.first?.record.id == "a")
            // These brokers give the same time of their own to all that they store.
            let there = read.first { $0.offset == last?.offset }
            #expect(there != nil && there?.record == last?.record)
            #expect(Set(read.map(\.record.id)).count == read.count)
        }
    }

    @Test func `cluster that is not there is told as one that may come`() async throws {
        var options = KafkaLogOptions(brokers: "127.0.0.1:1")
        options.requestMilliseconds = 1_000
        let error = await #expect(throws: EventLogError.self) {
            _ = try await KafkaEventLog(options, logger: TestBroker.logger)
        }
        #expect(error?.code == "log-unreachable")
        #expect(error?.isRetryable == true)
    }
}
