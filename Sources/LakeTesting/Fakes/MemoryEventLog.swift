package import EventLog
import Foundation
import Synchronization

/// A log in memory, by the same rules as a real one, with ``FaultHooks`` around `append`.
package final class MemoryEventLog: EventLog {
    private struct Claimed {
        var digest: String
        var records: [StoredRecord]
        var expiresMicroseconds: Int64
    }

    private struct State {
        var topics: [String: [StoredRecord]] = [:]
        /// Records that were dropped, by topic.
        var starts: [String: Int] = [:]
        var places: [String: StoredRecord] = [:]
        var claims: [String: Claimed] = [:]
    }

    package let incarnation: String
    package let hooks = FaultHooks()
    private let limits: EventLogLimits
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())
    private let signal = AppendSignal()

    package init(
        incarnation: String = UUID().uuidString, limits: EventLogLimits = EventLogLimits(),
        nowMicroseconds: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000_000) }
    ) {
        self.incarnation = incarnation
        self.limits = limits
        now = nowMicroseconds
    }

    package func append(
        _ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?
    ) async throws -> AppendOutcome {
        _ = try limits.validate(records, topic: topic, idempotency: idempotency)
        try await hooks.before("append")
        let outcome = try apply(records, topic, idempotency)
        signal.send()
        try await hooks.after("append")
        return outcome
    }

    private func apply(_ records: [LogRecord], _ topic: String, _ claim: IdempotencyClaim?) throws -> AppendOutcome {
        let clock = now()
        return try state.withLock { state in
            if let claim, let earlier = state.claims[claim.key], earlier.expiresMicroseconds > clock {
                guard earlier.digest == claim.requestDigest else { return .conflict }
                return .replayed(Self.kept(earlier.records, from: state.starts[topic] ?? 0))
            }
            for record in records where state.places[record.id] != nil { throw EventLogLimits.idTaken(record.id) }
            var all = state.topics[topic] ?? []
            let time = max(all.last?.appendedMicroseconds ?? 0, clock)
            let stored = records.enumerated().map { index, record in
                StoredRecord(
                    topic: topic, partition: 0, offset: Int64(state.starts[topic, default: 0] + all.count + index),
                    appendedMicroseconds: time,
                    record: record)
            }
            all += stored
            state.topics[topic] = all
            for record in stored { state.places[record.record.id] = record }
            if let claim {
                state.claims[claim.key] = Claimed(
                    digest: claim.requestDigest, records: stored,
                    expiresMicroseconds: clock + limits.idempotencySeconds * 1_000_000)
            }
            return .appended(stored)
        }
    }

    package func read(
        topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int
    ) async throws -> [StoredRecord] {
        guard partition == 0, recordsMax > 0 else { return [] }
        let first = Int(max(0, offset))
        let all = try kept(topic, from: first)
        var result: [StoredRecord] = []
        var bytes = 0
        for record in all.prefix(recordsMax) {
            bytes += record.record.byteCount
            if !result.isEmpty, bytes > bytesMax { break }
            result.append(record)
        }
        return result
    }

    /// The records from an offset on.
    private func kept(_ topic: String, from first: Int) throws -> ArraySlice<StoredRecord> {
        try state.withLock { state in
            let start = state.starts[topic] ?? 0
            let all = state.topics[topic] ?? []
            guard first >= start || first >= start + all.count else {
                throw EventLogError.trimmed(
                    topic: topic, partition: 0, offset: Int64(first), startOffset: Int64(start))
            }
            return all.dropFirst(first - start)
        }
    }

    /// Records as a replay brings them back: those before `start` without content.
    private static func kept(_ records: [StoredRecord], from start: Int) -> [StoredRecord] {
        guard let first = records.first, first.offset < start else { return records }
        return records.map { record in
            var left = record
            left.appendedMicroseconds = 0
            left.record = LogRecord(id: record.record.id, payload: [])
            return left
        }
    }

    package func endOffset(topic: String, partition: Int) async throws -> Int64 {
        try await extent(topic: topic, partition: partition).endOffset
    }

    package func heads(topic: String, partition: Int, from offset: Int64, recordsMax: Int) async throws -> [RecordHead]
    {
        guard partition == 0, recordsMax > 0 else { return [] }
        return try kept(topic, from: Int(max(0, offset))).prefix(recordsMax).map(RecordHead.init)
    }

    package func extent(topic: String, partition: Int) async throws -> LogExtent {
        guard partition == 0 else { return LogExtent(startOffset: 0, endOffset: 0, byteCount: 0) }
        return state.withLock { state in
            let start = state.starts[topic] ?? 0
            let all = state.topics[topic] ?? []
            return LogExtent(
                startOffset: Int64(start), endOffset: Int64(start + all.count),
                byteCount: all.reduce(0) { $0 + Int64($1.record.byteCount) })
        }
    }

    package func offset(topic: String, partition: Int, appendedSince microseconds: Int64) async throws -> Int64 {
        guard partition == 0 else { return 0 }
        return state.withLock { state in
            let all = state.topics[topic] ?? []
            let index = all.firstIndex { $0.appendedMicroseconds >= microseconds } ?? all.count
            return Int64(state.starts[topic, default: 0] + index)
        }
    }

    package func trim(topic: String, partition: Int, before offset: Int64) async throws -> Int {
        guard partition == 0 else { return 0 }
        try await hooks.before("trim")
        let count = state.withLock { state in
            let start = state.starts[topic] ?? 0
            let all = state.topics[topic] ?? []
            let count = min(max(0, Int(offset) - start), all.count)
            for record in all.prefix(count) { state.places[record.record.id] = nil }
            state.topics[topic] = Array(all.dropFirst(count))
            state.starts[topic] = start + count
            return count
        }
        try await hooks.after("trim")
        return count
    }

    package func record(id: String) async throws -> StoredRecord? { state.withLock { $0.places[id] } }

    package func appends() -> AsyncStream<Void> { signal.stream() }
}
