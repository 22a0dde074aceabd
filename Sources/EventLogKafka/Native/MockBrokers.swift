import CRdKafka
import EventLog
package import Logging

/// librdkafka's own brokers, inside this process and without a disk, which fail when they are told to: for tests of what
/// happens when real ones do.
@safe package final class MockBrokers: Sendable {
    private let handle: KafkaHandle
    /// Belongs to `handle`, which outlives it.
    private nonisolated(unsafe) let cluster: OpaquePointer

    /// Errors that a broker may give in the place of storing records.
    package enum Refusal: Sendable {
        /// Passing: the leader is being elected.
        case notLeader
        /// Passing: too few copies are in step.
        case tooFewInSync
        /// Lasting: the record passes the topic's `max.message.bytes`.
        case tooLarge

        fileprivate var code: rd_kafka_resp_err_t {
            switch self {
            case .notLeader: RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
            case .tooFewInSync: RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS
            case .tooLarge: RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
            }
        }
    }

    /// - Parameter topics: each with one partition.
    package init(brokers: Int, topics: [String], logger: Logger) throws {
        handle = try KafkaHandle(
            .producer, ["client.id": "mock"], setup: KafkaSetup(KafkaLogOptions(brokers: ""), logger: logger))
        guard let made = unsafe rd_kafka_mock_cluster_new(handle.pointer, Int32(brokers)) else {
            throw KafkaFault(RD_KAFKA_RESP_ERR__FAIL).refusal("mock brokers")
        }
        unsafe cluster = made
        for topic in topics { unsafe rd_kafka_mock_topic_create(cluster, topic, 1, Int32(brokers)) }
    }

    deinit { unsafe rd_kafka_mock_cluster_destroy(cluster) }

    /// `HOST:PORT` with commas between.
    package var addresses: String {
        unsafe rd_kafka_mock_cluster_bootstraps(cluster).map { unsafe String(cString: $0) } ?? ""
    }

    /// The next `times` requests to store records, at most 16, are refused.
    package func refuse(_ refusal: Refusal, times: Int) {
        unsafe dipper_kafka_mock_fail_produce(cluster, refusal.code, times)
    }

    /// - Parameter id: from 1.
    package func setDown(_ id: Int, _ isDown: Bool) {
        if isDown {
            unsafe rd_kafka_mock_broker_set_down(cluster, Int32(id))
        } else {
            unsafe rd_kafka_mock_broker_set_up(cluster, Int32(id))
        }
    }

    /// Adds to the time of every answer of a broker.
    package func setDelay(_ id: Int, milliseconds: Int) {
        unsafe rd_kafka_mock_broker_set_rtt(cluster, Int32(id), Int32(milliseconds))
    }
}
