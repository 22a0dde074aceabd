package import EventLog
import LakeModel

/// What every ``EventLog`` promises.
package enum EventLogConformance {
    package static let checks: [ConformanceCheck<any EventLog>] = appends + reads + idempotency + retention

    private static func record(_ id: String, _ size: Int = 3) -> LogRecord {
        LogRecord(id: id, payload: [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size))
    }

    private static func appended(_ outcome: AppendOutcome, line: Int = #line) throws -> [StoredRecord] {
        guard case .appended(let records) = outcome else {
            throw ConformanceFailure(message: "\(outcome) where an append was expected", line: line)
        }
        return records
    }

    private static let appends: [ConformanceCheck<any EventLog>] = [
        .init("records come back as they were appended, with dense offsets from 0") { log in
            let first = LogRecord(
                id: "1", key: [], headers: ["kind": "file", "é\"": "\n"], payload: [UInt8](0...255))
            let one = try appended(try await log.append([first, record("2", 0)], to: "t", idempotency: nil))
            let two = try appended(try await log.append([record("3")], to: "t", idempotency: nil))
            let other = try appended(try await log.append([record("4")], to: "u", idempotency: nil))
            try checkEqual((one + two).map(\.offset), [0, 1, 2])
            try checkEqual(other.map(\.offset), [0])
            let read = try await log.read(topic: "t", partition: 0, from: 0, recordsMax: 10, bytesMax: 10_000)
            try checkEqual(read, one + two)
            try checkEqual(read[0].record, first)
            try checkEqual(try await log.endOffset(topic: "t", partition: 0), 3)
            try checkEqual(try await log.endOffset(topic: "none", partition: 0), 0)
        },
        .init("appends from many tasks get distinct dense offsets, each append's records side by side") { log in
            let outcomes = try await withThrowingTaskGroup(of: [StoredRecord].self) { group in
                for task in 0..<16 {
                    group.addTask {
                        var all: [StoredRecord] = []
                        for step in 0..<10 {
                            let records = [record("\(task)-\(step)-a"), record("\(task)-\(step)-b")]
                            all += try appended(try await log.append(records, to: "t", idempotency: nil))
                        }
                        return all
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try checkEqual(outcomes.map(\.offset).sorted(), (0..<320).map { Int64($0) })
            let read = try await log.read(topic: "t", partition: 0, from: 0, recordsMax: 1000, bytesMax: .max)
            try checkEqual(read, outcomes.sorted { $0.offset < $1.offset })
            for pair in stride(from: 0, to: 320, by: 2) {
                try checkEqual(read[pair].record.id.dropLast(), read[pair + 1].record.id.dropLast())
            }
            let times = read.map(\.appendedMicroseconds)
            try checkEqual(times, times.sorted())
        },
        .init("a taken id refuses the whole append, and the log goes on") { log in
            _ = try await log.append([record("a")], to: "t", idempotency: nil)
            for records in [[record("b"), record("a")], [record("c"), record("c")]] {
                try await checkThrows("record-id-taken") {
                    _ = try await log.append(records, to: "u", idempotency: nil)
                }
            }
            try checkEqual(try await log.endOffset(topic: "u", partition: 0), 0)
            let next = try appended(try await log.append([record("b"), record("c")], to: "u", idempotency: nil))
            try checkEqual(next.map(\.offset), [0, 1])
        },
        .init("appends without records and topics that Kafka would refuse are errors") { log in
            try await checkThrows("append-empty") { _ = try await log.append([], to: "t", idempotency: nil) }
            for topic in ["", "a b", "a/b", "é", "..", String(repeating: "x", count: 250)] {
                try await checkThrows("topic-invalid") {
                    _ = try await log.append([record("x")], to: topic, idempotency: nil)
                }
            }
            for text in ["", "a\0b", "é", String(repeating: "x", count: 2000)] {
                try await checkThrows("record-id-invalid") {
                    _ = try await log.append([record(text)], to: "t", idempotency: nil)
                }
                try await checkThrows("idempotency-key-invalid") {
                    let claim = IdempotencyClaim(key: text, requestDigest: "d")
                    _ = try await log.append([record("x")], to: "t", idempotency: claim)
                }
            }
        },
    ]

    private static let reads: [ConformanceCheck<any EventLog>] = [
        .init("reads keep their limits and always give one record") { log in
            for index in 0..<10 { _ = try await log.append([record("\(index)", 1000)], to: "t", idempotency: nil) }
            func offsets(_ from: Int64, _ records: Int, _ bytes: Int) async throws -> [Int64] {
                try await log.read(topic: "t", partition: 0, from: from, recordsMax: records, bytesMax: bytes)
                    .map(\.offset)
            }
            try checkEqual(try await offsets(4, 3, .max), [4, 5, 6])
            try checkEqual(try await offsets(8, 100, .max), [8, 9])
            try checkEqual(try await offsets(2, 100, 1), [2])
            try checkEqual(try await offsets(0, 100, 3500).count, 3)
            try checkEqual(try await offsets(10, 100, .max), [])
            try checkEqual(try await offsets(11, 100, .max), [])
            try checkEqual(
                try await log.read(topic: "t", partition: 1, from: 0, recordsMax: 9, bytesMax: .max), [])
        },
        .init("a record is found by its id") { log in
            let stored = try appended(try await log.append([record("x"), record("y")], to: "t", idempotency: nil))
            try checkEqual(try await log.record(id: "y"), stored[1])
            try checkEqual(try await log.record(id: "z"), nil)
        },
        .init("an append wakes those who wait, once for many") { log in
            let stream = log.appends()
            for index in 0..<5 { _ = try await log.append([record("\(index)")], to: "t", idempotency: nil) }
            var iterator = stream.makeAsyncIterator()
            try check(await iterator.next() != nil, "a signal was expected")
        },
    ]

    private static let idempotency: [ConformanceCheck<any EventLog>] = [
        .init("a repeated key with the same request gets the first records, with another a conflict") { log in
            let claim = IdempotencyClaim(key: "k", requestDigest: "d")
            let first = try appended(
                try await log.append([record("1"), record("2")], to: "t", idempotency: claim))
            let again = try await log.append([record("3")], to: "t", idempotency: claim)
            try checkEqual(again, .replayed(first))
            let other = IdempotencyClaim(key: "k", requestDigest: "e")
            try checkEqual(try await log.append([record("4")], to: "t", idempotency: other), .conflict)
            try checkEqual(try await log.endOffset(topic: "t", partition: 0), 2)
            try checkEqual(try await log.record(id: "3"), nil)
        },
        .init("of many appends with one key at once, one appends and all get its records") { log in
            let claim = IdempotencyClaim(key: "k", requestDigest: "d")
            let outcomes = try await withThrowingTaskGroup(of: AppendOutcome.self) { group in
                for task in 0..<16 {
                    group.addTask { try await log.append([record("\(task)")], to: "t", idempotency: claim) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let first = outcomes.compactMap { if case .appended(let records) = $0 { records } else { nil } }
            try checkEqual(first.count, 1)
            try checkEqual(outcomes.count { $0 == .replayed(first[0]) }, 15)
            try checkEqual(try await log.endOffset(topic: "t", partition: 0), 1)
        },
        .init("a refused append does not use up its key") { log in
            _ = try await log.append([record("a")], to: "t", idempotency: nil)
            let claim = IdempotencyClaim(key: "k", requestDigest: "d")
            try await checkThrows("record-id-taken") {
                _ = try await log.append([record("a")], to: "t", idempotency: claim)
            }
            _ = try appended(try await log.append([record("b")], to: "t", idempotency: claim))
        },
    ]

    private static let retention: [ConformanceCheck<any EventLog>] = [
        .init("trimming drops the oldest records and no others, and offsets go on") { log in
            let stored = try appended(
                try await log.append((0..<7).map { record("\($0)", 10) }, to: "t", idempotency: nil))
            try checkEqual(try await log.trim(topic: "t", partition: 0, before: 3), 3)
            try checkEqual(try await log.trim(topic: "t", partition: 0, before: 2), 0)
            try checkEqual(
                try await log.read(topic: "t", partition: 0, from: 3, recordsMax: 9, bytesMax: .max),
                Array(stored[3...]))
            for offset in [Int64(0), 2] {
                try await checkThrows("offset-trimmed") {
                    _ = try await log.read(topic: "t", partition: 0, from: offset, recordsMax: 9, bytesMax: .max)
                }
                try await checkThrows("offset-trimmed") {
                    _ = try await log.heads(topic: "t", partition: 0, from: offset, recordsMax: 9)
                }
            }
            try checkEqual(try await log.record(id: "2"), nil)
            try checkEqual(try await log.record(id: "3"), stored[3])
            let extent = try await log.extent(topic: "t", partition: 0)
            try checkEqual(extent, LogExtent(startOffset: 3, endOffset: 7, byteCount: 4 * 11))
            try checkEqual(try await log.trim(topic: "t", partition: 0, before: 100), 4)
            try checkEqual(try await log.read(topic: "t", partition: 0, from: 7, recordsMax: 9, bytesMax: .max), [])
            let next = try appended(try await log.append([record("next")], to: "t", idempotency: nil))
            try checkEqual(next.map(\.offset), [7])
            try checkEqual(try await log.trim(topic: "none", partition: 0, before: 5), 0)
            try checkEqual(
                try await log.extent(topic: "none", partition: 0),
                LogExtent(startOffset: 0, endOffset: 0, byteCount: 0))
        },
        .init("heads tell what stands beside payloads") { log in
            let stored = try appended(
                try await log.append(
                    [LogRecord(id: "a", headers: ["kind": "file"], payload: [1, 2, 3]), record("b", 500)], to: "t",
                    idempotency: nil))
            try checkEqual(
                try await log.heads(topic: "t", partition: 0, from: 0, recordsMax: 9).map(\.id), ["a", "b"])
            let head = try await log.heads(topic: "t", partition: 0, from: 0, recordsMax: 1)
            try checkEqual(head.map(\.headers), [["kind": "file"]])
            try checkEqual(head.map(\.appendedMicroseconds), [stored[0].appendedMicroseconds])
            try checkEqual(try await log.heads(topic: "t", partition: 0, from: 2, recordsMax: 9), [])
            let since = stored[0].appendedMicroseconds
            try checkEqual(try await log.offset(topic: "t", partition: 0, appendedSince: since), 0)
            try checkEqual(try await log.offset(topic: "t", partition: 0, appendedSince: since + 1), 2)
        },
        .init("a key outlives the records that came with it") { log in
            let claim = IdempotencyClaim(key: "k", requestDigest: "d")
            _ = try await log.append([record("1"), record("2")], to: "t", idempotency: claim)
            try await log.trim(topic: "t", partition: 0, before: 2)
            guard case .replayed(let left) = try await log.append([record("3")], to: "t", idempotency: claim) else {
                throw ConformanceFailure(message: "the key was forgotten", line: #line)
            }
            try checkEqual(left.map(\.record.id), ["1", "2"])
            try checkEqual(left.map(\.offset), [0, 1])
            let other = IdempotencyClaim(key: "k", requestDigest: "e")
            try checkEqual(try await log.append([record("4")], to: "t", idempotency: other), .conflict)
        },
    ]
}
