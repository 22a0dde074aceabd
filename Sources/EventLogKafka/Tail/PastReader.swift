import CRdKafka
import EventLog
import Logging

/// Reads what lies too far back to be in memory: a few clients, each on a thread of its own, which stay where they are so
/// that whoever reads on finds the next records fetched already.
final class PastReader: Sendable {
    /// Threads, and so readers at places far apart at once.
    static let lanesMax = 3

    private let lanes: [BlockingThread<PastLane>]

    init(_ setup: KafkaSetup) {
        lanes = (0..<Self.lanesMax).map { index in
            BlockingThread(name: "kafka-past-\(index)") { try PastLane(setup) }
        }
    }

    func close() { for lane in lanes { lane.close() } }

    /// Messages of a partition from `offset` on and before `end`, at least one when there is one.
    /// - Parameter lane: who asks; the same number reads on where it was.
    func read(
        _ place: PartitionName, from offset: Int64, before end: Int64, recordsMax: Int, bytesMax: Int, lane: Int
    ) async throws -> [FetchedMessage] {
        guard offset < end, recordsMax > 0 else { return [] }
        return try await lanes[lane % lanes.count].run {
            try $0.read(place, from: offset, before: end, recordsMax: recordsMax, bytesMax: bytesMax)
        }
    }

    /// Where a partition ends, by an answer to a question that is asked now: what can be read of it.
    /// - Parameter offset: not behind the end.
    func end(_ place: PartitionName, from offset: Int64, lane: Int) async throws -> Int64 {
        try await lanes[lane % lanes.count].run { try $0.end(place, from: offset) }
    }
}

/// One client and where it stands in each partition. It belongs to one thread.
final class PastLane {
    private struct Position {
        /// The next message's offset.
        var next: Int64
        /// Fetched, and not yet wanted.
        var held: FetchedMessage?
    }

    private let consumer: KafkaConsumer
    private let milliseconds: Int
    private let logger: Logger
    private var positions: [PartitionName: Position] = [:]

    init(_ setup: KafkaSetup) throws {
        consumer = try KafkaConsumer(setup)
        milliseconds = setup.options.requestMilliseconds
        logger = setup.logger
    }

    func read(
        _ place: PartitionName, from offset: Int64, before end: Int64, recordsMax: Int, bytesMax: Int
    ) throws -> [FetchedMessage] {
        do {
            try go(to: offset, place)
            return try take(place, before: end, recordsMax: recordsMax, bytesMax: bytesMax)
        } catch {
            // The next read begins anew.
            positions[place] = nil
            try consumer.stop(place)
            throw error
        }
    }

    func end(_ place: PartitionName, from offset: Int64) throws -> Int64 {
        // A fetch that is under way may have been asked earlier, so the reader begins anew.
        positions[place] = nil
        try consumer.stop(place)
        try consumer.start(place, from: offset, isShared: false)
        let end = Result { try reachEnd(place, from: offset) }
        try consumer.stop(place)
        return try end.get()
    }

    private func reachEnd(_ place: PartitionName, from offset: Int64) throws -> Int64 {
        var deadline = ContinuousClock.now + .milliseconds(milliseconds)
        var seen = offset
        while .now < deadline {
            switch try consumer.next(place, milliseconds: 100) {
            case .message(_, let message)?:
                deadline = .now + .milliseconds(milliseconds)
                seen = message.offset + 1
            case .end(_, let end)?: return end
            case .fault?, nil: continue
            }
        }
        if let end = consumer.countedRange(place, milliseconds: milliseconds)?.upperBound, end > seen {
            // A broker that was killed may have counted messages that it never kept, and never answers for those offsets.
            logger.warning(
                "the broker counts messages at the end of a partition that it does not have",
                metadata: ["partition": "\(place)", "from": "\(seen)", "to": "\(end)"])
            return seen
        }
        let silence = KafkaFault(RD_KAFKA_RESP_ERR__TIMED_OUT).explained(by: consumer.trouble)
        throw silence.refusal("the end of \(place) after offset \(offset)")
    }

    private func go(to offset: Int64, _ place: PartitionName) throws {
        if positions[place]?.next == offset { return }
        if consumer.isStarted(place) {
            try consumer.seek(place, to: offset)
        } else {
            try consumer.start(place, from: offset, isShared: false)
        }
        positions[place] = Position(next: offset)
    }

    private func take(
        _ place: PartitionName, before end: Int64, recordsMax: Int, bytesMax: Int
    ) throws -> [FetchedMessage] {
        var position = positions[place] ?? Position(next: 0)
        defer { positions[place] = position }
        var result: [FetchedMessage] = []
        var bytes = 0
        var deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while result.count < recordsMax, position.next < end {
            let message: FetchedMessage
            if let held = position.held {
                message = held
                position.held = nil
            } else if let fetched = try fetch(place, &position, deadline) {
                message = fetched
            } else {
                continue
            }
            bytes += RecordCoding.stored(message, topic: "", partition: 0).record.byteCount
            if message.offset >= end || (!result.isEmpty && bytes > bytesMax) {
                position.held = message
                position.next = message.offset
                break
            }
            result.append(message)
            position.next = message.offset + 1
            deadline = .now + .milliseconds(milliseconds)
        }
        return result
    }

    /// The next message; `nil` when the end was met instead.
    private func fetch(
        _ place: PartitionName, _ position: inout Position, _ deadline: ContinuousClock.Instant
    ) throws -> FetchedMessage? {
        let left = Int((deadline - .now) / .milliseconds(1))
        guard left > 0 else {
            throw KafkaFault(RD_KAFKA_RESP_ERR__TIMED_OUT).refusal("reading \(place) at offset \(position.next)")
        }
        switch try consumer.next(place, milliseconds: min(left, 100)) {
        case .message(_, let message)?: return message.offset >= position.next ? message : nil
        case .end?, nil: return nil
        case .fault(_, let fault)?:
            if fault.is(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) || fault.is(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
                throw EventLogError(
                    code: "offset-trimmed",
                    message: "offset \(position.next) of \(place) is no longer kept by the broker: \(fault)",
                    remedy: "go on from a later offset, or load the files again from bronze", cause: fault)
            }
            return nil
        }
    }
}
