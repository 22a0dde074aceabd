import CRdKafka
import EventLog

/// A reader of partitions that it is told by name and offset, without a consumer group: the sinks keep their positions.
///
/// It belongs to one thread. Its partitions either share a queue (``next(milliseconds:)``) or are read one by one
/// (``next(_:milliseconds:)``).
@safe final class KafkaConsumer {
    /// The library's topic, given back before its handle.
    @safe private struct Topic {
        let pointer: OpaquePointer
    }

    private let handle: KafkaHandle
    private let queue: OpaquePointer
    private var topics: [String: Topic] = [:]
    private var started: Set<PartitionName> = []

    /// Milliseconds that a change of position may take.
    private static let seekMilliseconds: Int32 = 5_000

    init(_ setup: KafkaSetup) throws {
        handle = try KafkaHandle(
            .consumer, setup.options.consumerProperties, optional: KafkaLogOptions.consumerTuning, setup: setup)
        guard let made = unsafe rd_kafka_queue_new(handle.pointer) else {
            throw KafkaFault(RD_KAFKA_RESP_ERR__FAIL).refusal("a queue")
        }
        unsafe queue = made
    }

    /// The library wants every partition stopped before its handle goes.
    deinit {
        for place in started {
            if let topic = topics[place.topic] {
                _ = unsafe rd_kafka_consume_stop(topic.pointer, Int32(place.partition))
            }
        }
        for topic in topics.values { unsafe rd_kafka_topic_destroy(topic.pointer) }
        unsafe rd_kafka_queue_destroy(queue)
    }

    /// The offset that stands for the first record that is kept.
    static let beginning = Int64(RD_KAFKA_OFFSET_BEGINNING)

    /// Begins to fetch a partition.
    /// - Parameter isShared: whether its messages come by the shared queue.
    func start(_ place: PartitionName, from offset: Int64, isShared: Bool) throws {
        let topic = try unsafe topic(place.topic)
        let partition = Int32(place.partition)
        let status =
            isShared
            ? unsafe rd_kafka_consume_start_queue(topic, partition, offset, queue)
            : unsafe rd_kafka_consume_start(topic, partition, offset)
        guard status == 0 else { throw KafkaFault(rd_kafka_last_error()).refusal("reading \(place)") }
        started.insert(place)
    }

    /// Goes on at another offset; what was fetched of the partition is dropped.
    func seek(_ place: PartitionName, to offset: Int64) throws {
        let code = unsafe rd_kafka_seek(
            try topic(place.topic), Int32(place.partition), offset, Self.seekMilliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFault(code).refusal("reading \(place)") }
    }

    func stop(_ place: PartitionName) throws {
        guard started.remove(place) != nil else { return }
        unsafe rd_kafka_consume_stop(try topic(place.topic), Int32(place.partition))
    }

    func isStarted(_ place: PartitionName) -> Bool { started.contains(place) }

    /// What the connections have failed with since the last answer.
    var trouble: KafkaFault? { handle.trouble }

    func isWell() { handle.isWell() }

    /// What came next on the shared queue; `nil` when nothing did in time.
    func next(milliseconds: Int) -> FetchEvent? {
        unsafe rd_kafka_poll(handle.pointer, 0)
        guard let message = unsafe rd_kafka_consume_queue(queue, Int32(milliseconds)) else { return nil }
        return unsafe FetchEvent(taking: message)
    }

    /// What came next of one partition.
    func next(_ place: PartitionName, milliseconds: Int) throws -> FetchEvent? {
        unsafe rd_kafka_poll(handle.pointer, 0)
        let message = unsafe rd_kafka_consume(
            try topic(place.topic), Int32(place.partition), Int32(milliseconds))
        guard let message = unsafe message else { return nil }
        return unsafe FetchEvent(taking: message)
    }

    /// The end of a partition as the last answer to a fetch told it; `nil` before there was one. No request is made.
    func knownEnd(_ place: PartitionName) -> Int64? {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = unsafe rd_kafka_get_watermark_offsets(
            handle.pointer, place.topic, Int32(place.partition), &low, &high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }

    /// The first offset and the end of a partition as the broker counts them, of which not all may be kept: the end that it
    /// tells when asked, or that of the last answer to a fetch when that is further; `nil` when it does not answer in time.
    func countedRange(_ place: PartitionName, milliseconds: Int) -> Range<Int64>? {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = unsafe rd_kafka_query_watermark_offsets(
            handle.pointer, place.topic, Int32(place.partition), &low, &high, Int32(milliseconds))
        let end = max(high, knownEnd(place) ?? high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && low >= 0 && low <= end ? low..<end : nil
    }

    private func topic(_ name: String) throws -> OpaquePointer {
        if let known = topics[name] { return unsafe known.pointer }
        guard let made = unsafe rd_kafka_topic_new(handle.pointer, name, nil) else {
            throw KafkaFault(rd_kafka_last_error()).refusal("the topic \(name)")
        }
        topics[name] = unsafe Topic(pointer: made)
        return unsafe made
    }
}
