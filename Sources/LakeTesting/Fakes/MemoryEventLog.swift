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
                return earlier.digest == claim.requestDigest ? .replayed(earlier.records) : .conflict
            }
            for record in records where state.places[record.id] != nil { throw EventLogLimits.idTaken(record.id) }
            var all = state.topics[topic] ?? []
            let time = max(all.last?.appendedMicroseconds ?? 0, clock)
            let stored = records.enumerated().map { index, record in
                StoredRecord(
                    topic: topic, partition: 0, offset: Int64(all.count + index), appendedMicroseconds: time,
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
        let all = state.withLock { $0.topics[topic] ?? [] }
        var result: [StoredRecord] = []
        var bytes = 0
        for record in all.dropFirst(Int(max(0, offset))).prefix(recordsMax) {
            bytes += record.record.byteCount
            if !result.isEmpty, bytes > bytesMax { break }
            result.append(record)
        }
        return result
    }

    package func endOffset(topic: String, partition: Int) async throws -> Int64 {
        partition == 0 ? Int64(state.withLock { $0.topics[topic]?.count ?? 0 }) : 0
    }

    package func record(id: String) async throws -> StoredRecord? { state.withLock { $0.places[id] } }

    package func appends() -> AsyncStream<Void> { signal.stream() }
}
