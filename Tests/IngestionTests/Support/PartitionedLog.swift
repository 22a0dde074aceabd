import EventLog
import LakeTesting
import Synchronization

/// A shared log in memory whose topics of accepted and refused rows have several partitions, and whose appends to these can
/// break off in the middle, with the answer lost.
final class PartitionedLog: EventLog {
    /// What of an append arrives all the same: for each message its partition and its index among those of the partition.
    typealias Breakage = @Sendable (_ partition: Int, _ index: Int) -> Bool

    private struct State {
        var partitions: [String: [[StoredRecord]]] = [:]
        var breakage: Breakage?
        var appends = 0
    }

    let inner = MemoryEventLog()
    private let count: Int
    private let state = Mutex(State())

    init(partitions: Int) { count = partitions }

    var incarnation: String { inner.incarnation }
    var isShared: Bool { true }

    private static func isDerived(_ topic: String) -> Bool { topic.contains(".") }

    /// Breaks the next append to a derived topic off.
    func breakNext(_ breakage: @escaping Breakage) { state.withLock { $0.breakage = breakage } }

    /// Messages of one partition.
    func messages(_ topic: String, _ partition: Int) -> [LogRecord] {
        state.withLock { $0.partitions[topic]?[partition].map(\.record) ?? [] }
    }

    /// Of all partitions, one after another.
    func messages(_ topic: String) -> [LogRecord] { (0..<count).flatMap { messages(topic, $0) } }

    func partition(of key: [UInt8]?) -> Int {
        let sum = (key ?? []).reduce(UInt32(7)) { $0 &* 31 &+ UInt32($1) }
        return Int(sum % UInt32(count))
    }

    func partitionCount(topic: String) async throws -> Int { Self.isDerived(topic) ? count : 1 }

    func append(
        _ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?
    ) async throws -> AppendOutcome {
        guard Self.isDerived(topic) else {
            return try await inner.append(records, to: topic, idempotency: idempotency)
        }
        return try state.withLock { state in
            state.appends += 1
            let breakage = state.breakage
            state.breakage = nil
            var all = state.partitions[topic] ?? Array(repeating: [], count: count)
            var indices = Array(repeating: 0, count: count)
            var stored: [StoredRecord] = []
            for record in records {
                let place = partition(of: record.key)
                defer { indices[place] += 1 }
                if let breakage, !breakage(place, indices[place]) { continue }
                let message = StoredRecord(
                    topic: topic, partition: place, offset: Int64(all[place].count), appendedMicroseconds: 0,
                    record: record)
                all[place].append(message)
                stored.append(message)
            }
            state.partitions[topic] = all
            if breakage != nil { throw EventLogError.stateUnknown(EventLogError(code: "lost", message: "lost")) }
            return .appended(stored)
        }
    }

    private func kept(_ topic: String, _ partition: Int, _ offset: Int64) -> ArraySlice<StoredRecord> {
        state.withLock { ($0.partitions[topic]?[partition] ?? []).dropFirst(Int(offset)) }
    }

    func read(
        topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int
    ) async throws -> [StoredRecord] {
        if Self.isDerived(topic) { return Array(kept(topic, partition, offset).prefix(recordsMax)) }
        return try await inner.read(
            topic: topic, partition: partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax)
    }

    func heads(topic: String, partition: Int, from offset: Int64, recordsMax: Int) async throws -> [RecordHead] {
        try await read(topic: topic, partition: partition, from: offset, recordsMax: recordsMax, bytesMax: .max)
            .map(RecordHead.init)
    }

    func endOffset(topic: String, partition: Int) async throws -> Int64 {
        if Self.isDerived(topic) { return Int64(kept(topic, partition, 0).count) }
        return try await inner.endOffset(topic: topic, partition: partition)
    }

    func extent(topic: String, partition: Int) async throws -> LogExtent {
        if Self.isDerived(topic) {
            return LogExtent(startOffset: 0, endOffset: Int64(kept(topic, partition, 0).count), byteCount: 0)
        }
        return try await inner.extent(topic: topic, partition: partition)
    }

    func record(id: String) async throws -> StoredRecord? { try await inner.record(id: id) }

    func appends() -> AsyncStream<Void> { inner.appends() }
}
