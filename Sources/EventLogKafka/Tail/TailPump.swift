import CRdKafka
import EventLog
import Foundation
import Logging
import Synchronization

/// What the reader of partitions' ends hands its messages to.
protocol TailSink: Sendable {
    var place: PartitionName { get }
    /// The partition's first offset and its end; where to jump to, if anywhere.
    func began(at first: Int64, end: Int64) -> Int64?
    func came(_ message: FetchedMessage)
    func reachedEnd(_ offset: Int64)
    func failed(_ fault: KafkaFault)
    func lost(_ fault: KafkaFault)
    func expire()
    func close()
}

extension PartitionTail: TailSink {}

/// One thread with one client that follows the ends of all partitions in use, and hands on what comes.
///
/// The end of a partition is learned from the answers to fetches, never by asking for the newest offset alone: so what it says
/// is what a reader gets (``EndlessPartitions`` tells of the exception).
final class TailPump: Sendable {
    private struct State {
        var added: [any TailSink] = []
        var isClosed = false
    }

    private let setup: KafkaSetup
    private let state = Mutex(State())
    private let signal: @Sendable () -> Void

    private static let waitMilliseconds = 20
    private static let stackBytes = 1 << 20
    /// Between two attempts to make the client or to begin a partition.
    private static let retrySeconds = 0.5

    /// - Parameter signal: called when records came.
    init(_ setup: KafkaSetup, signal: @escaping @Sendable () -> Void) {
        self.setup = setup
        self.signal = signal
    }

    func start() {
        let thread = Thread { [self] in work() }
        thread.name = "kafka-tail"
        thread.stackSize = Self.stackBytes
        thread.start()
    }

    func add(_ sink: any TailSink) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.added.append(sink) }
            return state.isClosed
        }
        if isClosed { sink.close() }
    }

    func close() { state.withLock { $0.isClosed = true } }

    private func work() {
        var sinks: [PartitionName: any TailSink] = [:]
        var endless = EndlessPartitions()
        let consumer = makeConsumer()
        while let consumer, let added = next() {
            for sink in added { begin(sink, consumer, &sinks, &endless) }
            var came = false
            // Whatever waits is taken before anyone is woken for it.
            var milliseconds = Self.waitMilliseconds
            for _ in 0..<1_000 {
                guard let event = consumer.next(milliseconds: milliseconds) else { break }
                milliseconds = 0
                if take(event, consumer, sinks, &endless) { came = true }
            }
            pass(&endless, consumer, sinks)
            if let trouble = consumer.trouble {
                for sink in sinks.values { sink.failed(trouble) }
            }
            if came { signal() }
            for sink in sinks.values { sink.expire() }
        }
        for sink in Array(sinks.values) + state.withLock({ $0.added }) { sink.close() }
    }

    /// `nil` when the pump was closed, or when the settings can't be used: then nothing else of the log works either.
    private func makeConsumer() -> KafkaConsumer? {
        do {
            return try KafkaConsumer(setup)
        } catch {
            setup.logger.error("the log's reader can't begin", metadata: ["error": "\(error)"])
            close()
            return nil
        }
    }

    private func next() -> [any TailSink]? {
        state.withLock { state in
            if state.isClosed { return nil }
            defer { state.added = [] }
            return state.added
        }
    }

    private func begin(
        _ sink: any TailSink, _ consumer: KafkaConsumer, _ sinks: inout [PartitionName: any TailSink],
        _ endless: inout EndlessPartitions
    ) {
        do {
            try consumer.start(sink.place, from: KafkaConsumer.beginning, isShared: true)
            sinks[sink.place] = sink
            endless.began(sink.place, now: .now)
        } catch {
            setup.logger.warning("a partition can't be followed", metadata: ["error": "\(error)"])
            sink.expire()
            // Tried again with the next round; those who wait are told when their time is up.
            Thread.sleep(forTimeInterval: Self.retrySeconds)
            state.withLock { $0.added.append(sink) }
        }
    }

    /// - Returns: whether it was a record.
    private func take(
        _ event: FetchEvent, _ consumer: KafkaConsumer, _ sinks: [PartitionName: any TailSink],
        _ endless: inout EndlessPartitions
    ) -> Bool {
        switch event {
        case .message(let place, let message):
            guard let sink = sinks[place] else { return false }
            let end = max(consumer.knownEnd(place) ?? 0, message.offset + 1)
            var position = message.offset + 1
            if let target = sink.began(at: message.offset, end: end), jump(consumer, place, to: target) {
                position = target
            }
            endless.moved(place, to: position, now: .now)
            sink.came(message)
            consumer.isWell()
            return true
        case .end(let place, let offset):
            consumer.isWell()
            reachedEnd(sinks[place], offset, &endless)
            return false
        case .fault(let place, let fault):
            guard let place, let sink = sinks[place] else {
                for sink in sinks.values { sink.failed(fault) }
                return false
            }
            if fault.is(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) || fault.is(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
                sink.lost(fault)
                endless.ended(place)
            } else {
                sink.failed(fault)
            }
            return false
        }
    }

    private func reachedEnd(_ sink: (any TailSink)?, _ offset: Int64, _ endless: inout EndlessPartitions) {
        guard let sink else { return }
        endless.ended(sink.place)
        _ = sink.began(at: offset, end: offset)
        sink.reachedEnd(offset)
    }

    /// Looks whether there are partitions whose end never comes, and takes the place of their reader for it.
    private func pass(
        _ endless: inout EndlessPartitions, _ consumer: KafkaConsumer, _ sinks: [PartitionName: any TailSink]
    ) {
        for place in endless.silent(now: .now) {
            let range = consumer.countedRange(place, milliseconds: EndlessPartitions.askMilliseconds)
            let end = endless.answered(place, range, now: .now)
            // A broker that says nothing is not asked for the others, too: what comes is to be taken meanwhile.
            if range == nil { return }
            guard let end else { continue }
            setup.logger.warning(
                "the broker counts messages at the end of a partition that it does not have",
                metadata: ["partition": "\(place)", "from": "\(end)", "to": "\(range?.upperBound ?? end)"])
            reachedEnd(sinks[place], end, &endless)
        }
    }

    /// - Returns: whether the reader goes on at `target`.
    private func jump(_ consumer: KafkaConsumer, _ place: PartitionName, to target: Int64) -> Bool {
        do {
            try consumer.seek(place, to: target)
            return true
        } catch {
            // It reads all that is between instead, and keeps none of it.
            setup.logger.warning("the reader can't jump ahead", metadata: ["error": "\(error)", "place": "\(place)"])
            return false
        }
    }
}
