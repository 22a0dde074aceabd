import EventLog
@testable import EventLogKafka
import Testing

/// Several processes on one log, as several logs of one process.
@Suite(.enabled(if: TestBroker.isThere)) struct KafkaSharingTests {
    private func pair(
        _ change: (inout KafkaLogOptions) -> Void = { _ in },
        _ body: (KafkaEventLog, KafkaEventLog) async throws -> Void
    ) async throws {
        var options = try TestBroker.options(prefix: TestBroker.freshPrefix())
        change(&options)
        let first = try await KafkaEventLog(options, logger: TestBroker.logger)
        defer { first.close() }
        let second = try await KafkaEventLog(options, logger: TestBroker.logger)
        defer { second.close() }
        try await first.prepare(topics: ["t"])
        try await second.prepare(topics: ["t"])
        try await body(first, second)
    }

    private func record(_ id: String, _ size: Int = 3) -> LogRecord {
        LogRecord(id: id, payload: [UInt8](repeating: 7, count: size))
    }

    /// What the other one appended comes by itself, a moment later.
    private func wait(_ log: KafkaEventLog, until end: Int64) async throws {
        for _ in 0..<200 {
            if try await log.endOffset(topic: "t", partition: 0) >= end { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the end stays before \(end)")
    }

    @Test func `all have the same life of the log and see each other's records`() async throws {
        try await pair { first, second in
            #expect(first.incarnation == second.incarnation)
            var signals = second.appends().makeAsyncIterator()
            _ = try await first.append([record("a")], to: "t", idempotency: nil)
            #expect(await signals.next() != nil)
            try await wait(second, until: 1)
            _ = try await second.append([record("b")], to: "t", idempotency: nil)
            try await wait(first, until: 2)
            for log in [first, second] {
                let read = try await log.read(topic: "t", partition: 0, from: 0, recordsMax: 9, bytesMax: .max)
                #expect(read.map(\.record.id) == ["a", "b"])
                #expect(try await log.record(id: "a")?.offset == 0)
            }
        }
    }

    @Test func `who has caught up sees what others have appended before`() async throws {
        try await pair { first, second in
            #expect(try await second.endOffset(topic: "t", partition: 0) == 0)
            for index in 0..<30 {
                _ = try await first.append([record("r\(index)")], to: "t", idempotency: nil)
                try await second.catchUp(topic: "t")
                #expect(try await second.endOffset(topic: "t", partition: 0) == Int64(index) + 1)
            }
            try await second.catchUp(topic: "nowhere")
        }
    }

    @Test func `topics for others get their partitions, keep them, and take a message once more under its id`()
        async throws
    {
        var options = try TestBroker.options(prefix: TestBroker.freshPrefix())
        options.derivedPartitions = 3
        let first = try await KafkaEventLog(options, logger: TestBroker.logger)
        defer { first.close() }
        #expect(try await first.partitionCount(topic: "t.accepted") == 1)
        let records = (0..<60).map { index in
            LogRecord(id: "m\(index)", key: Array("k\(index % 20)".utf8), payload: [UInt8(index)])
        }
        guard case .appended(let stored) = try await first.append(records, to: "t.accepted", idempotency: nil) else {
            Issue.record("nothing was appended")
            return
        }
        #expect(try await first.partitionCount(topic: "t.accepted") == 3)
        #expect(Set(stored.map(\.partition)) == [0, 1, 2])
        let places = Dictionary(grouping: stored) { $0.record.key ?? [] }.mapValues {
            $0.sorted { $0.offset < $1.offset }
        }
        for records in places.values {
            #expect(Set(records.map(\.partition)).count == 1)
            #expect(records.map(\.record.payload) == records.map(\.record.payload).sorted { $0[0] < $1[0] })
        }
        options.derivedPartitions = 5
        let second = try await KafkaEventLog(options, logger: TestBroker.logger)
        defer { second.close() }
        #expect(try await second.partitionCount(topic: "t.accepted") == 3)
        var seen = 0
        for partition in 0..<3 {
            seen += try await second.heads(topic: "t.accepted", partition: partition, from: 0, recordsMax: 100).count
        }
        #expect(seen == 60)
        for log in [first, second] { _ = try await log.append([records[0]], to: "t.accepted", idempotency: nil) }
        // Records of tables are new ones, always.
        _ = try await first.append([record("a")], to: "t", idempotency: nil)
        let error = await #expect(throws: EventLogError.self) {
            _ = try await first.append([record("a")], to: "t", idempotency: nil)
        }
        #expect(error?.code == "record-id-taken")
    }

    @Test func `two who begin a log at once begin one`() async throws {
        let options = try TestBroker.options(prefix: TestBroker.freshPrefix())
        async let first = KafkaEventLog(options, logger: TestBroker.logger)
        async let second = KafkaEventLog(options, logger: TestBroker.logger)
        let logs = try await [first, second]
        #expect(logs[0].incarnation == logs[1].incarnation)
        for log in logs { log.close() }
    }

    @Test func `a key holds across processes`() async throws {
        try await pair { first, second in
            let claim = IdempotencyClaim(key: "k", requestDigest: "d")
            let outcomes = try await withThrowingTaskGroup(of: AppendOutcome.self) { group in
                for index in 0..<8 {
                    let log = index % 2 == 0 ? first : second
                    group.addTask { try await log.append([record("\(index)")], to: "t", idempotency: claim) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let appended = outcomes.compactMap { if case .appended(let records) = $0 { records } else { nil } }
            #expect(appended.count == 1)
            #expect(outcomes.count { $0 == .replayed(appended[0]) } == 7)
            let other = IdempotencyClaim(key: "k", requestDigest: "e")
            #expect(try await second.append([record("x")], to: "t", idempotency: other) == .conflict)
            #expect(try await first.endOffset(topic: "t", partition: 0) == 1)
        }
    }

    /// A gateway that dies between taking the key and saying that it is done.
    @Test(arguments: [true, false])
    func `a key whose holder has gone is ended by the next`(hasAppended: Bool) async throws {
        try await pair { first, second in
            let wanted = ClaimBook.Reservation(
                key: "k", digest: "d", holder: "gone", topic: "t", ids: ["of-the-gone"], from: [0],
                leaseMilliseconds: 500)
            _ = try await first.producer.send(
                [OutgoingMessage(partition: 0, key: nil, value: try ClaimCoding.bytes(.reserve(wanted)))],
                to: first.claims.place.topic)
            if hasAppended { _ = try await first.append([record("of-the-gone")], to: "t", idempotency: nil) }
            let claim = IdempotencyClaim(key: "k", requestDigest: "d")
            let outcome = try await second.append([record("mine")], to: "t", idempotency: claim)
            guard case .replayed(let records) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(records.map(\.record.id) == ["of-the-gone"])
            #expect(records.map(\.offset) == [0])
            #expect(try await second.endOffset(topic: "t", partition: 0) == 1)
            #expect(try await second.append([record("again")], to: "t", idempotency: claim) == .replayed(records))
        }
    }

    @Test func `what one has trimmed is gone for all, also for one that comes later`() async throws {
        try await pair { first, second in
            for index in 0..<5 { _ = try await first.append([record("\(index)")], to: "t", idempotency: nil) }
            try await wait(second, until: 5)
            try await first.trim(topic: "t", partition: 0, before: 3)
            let third = try await KafkaEventLog(second.options, logger: TestBroker.logger)
            defer { third.close() }
            for log in [first, third] {
                #expect(try await log.extent(topic: "t", partition: 0).startOffset == 3)
                let error = await #expect(throws: EventLogError.self) {
                    _ = try await log.read(topic: "t", partition: 0, from: 2, recordsMax: 1, bytesMax: 1)
                }
                #expect(error?.code == "offset-trimmed")
            }
        }
    }

    @Test func `records far back are read from the broker, by offset, by head and by time`() async throws {
        try await pair {
            $0.lookBackRecords = 100
            $0.recentBytes = 20_000
        } _: { first, second in
            var times: [Int64] = []
            for portion in 0..<10 {
                let records = (0..<100).map { record("\(portion * 100 + $0)", 1_000) }
                guard case .appended(let stored) = try await first.append(records, to: "t", idempotency: nil) else {
                    return
                }
                times.append(stored[0].appendedMicroseconds)
                try await Task.sleep(for: .milliseconds(3))
            }
            try await wait(second, until: 1_000)
            for log in [first, second] {
                var next: Int64 = 0
                var ids: [String] = []
                while true {
                    let read = try await log.read(
                        topic: "t", partition: 0, from: next, recordsMax: 77, bytesMax: 50_000)
                    guard let last = read.last else { break }
                    #expect(read.count == 1 || read.reduce(0) { $0 + $1.record.byteCount } <= 50_000)
                    ids += read.map(\.record.id)
                    next = last.offset + 1
                }
                #expect(ids == (0..<1_000).map { "\($0)" })
                let heads = try await log.heads(topic: "t", partition: 0, from: 5, recordsMax: 990)
                #expect(heads.map(\.id) == (5..<995).map { "\($0)" })
                for (portion, time) in times.enumerated() where [3, 9].contains(portion) {
                    let found = try await log.offset(topic: "t", partition: 0, appendedSince: time)
                    #expect(found == Int64(portion * 100))
                }
            }
        }
    }

    @Test func `a key decides the partition, and each partition has its own order`() async throws {
        try await pair {
            $0.partitions = 3
        } _: { first, _ in
            var partitions: [String: Int] = [:]
            for index in 0..<30 {
                let name = "key\(index % 6)"
                let record = LogRecord(id: "\(index)", key: Array(name.utf8), payload: [1])
                guard case .appended(let stored) = try await first.append([record], to: "t", idempotency: nil) else {
                    return
                }
                #expect(partitions[name, default: stored[0].partition] == stored[0].partition)
                partitions[name] = stored[0].partition
            }
            var total = 0
            for partition in 0..<3 {
                let read = try await first.read(
                    topic: "t", partition: partition, from: 0, recordsMax: 99, bytesMax: .max)
                #expect(read.map(\.offset) == read.indices.map { Int64($0) })
                total += read.count
            }
            #expect(total == 30)
            let error = await #expect(throws: EventLogError.self) {
                try await first.prepare(topics: ["t"], partitionsMax: 1)
            }
            #expect(error?.code == "log-partitions")
        }
    }
}
