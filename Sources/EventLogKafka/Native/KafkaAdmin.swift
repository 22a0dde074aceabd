import CRdKafka
import EventLog

/// Topics: which there are, making one, dropping records. Every call blocks its thread, which is never one of Swift's.
@safe final class KafkaAdmin: Sendable {
    private let handle: KafkaHandle
    private let timeoutMilliseconds: Int

    init(_ setup: KafkaSetup) throws {
        handle = try KafkaHandle(
            .consumer, setup.options.consumerProperties, optional: KafkaLogOptions.consumerTuning, setup: setup)
        timeoutMilliseconds = setup.options.requestMilliseconds
    }

    /// How many partitions each topic has.
    ///
    /// All topics are asked for: a question for one by name has many brokers create it, with their own settings.
    func partitionCounts() throws -> [String: Int] {
        var answer: UnsafePointer<rd_kafka_metadata>?
        let code = unsafe rd_kafka_metadata(handle.pointer, 1, nil, &answer, Int32(timeoutMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found = unsafe answer else {
            throw explained(KafkaFault(code)).refusal("the list of topics")
        }
        handle.isWell()
        defer { unsafe rd_kafka_metadata_destroy(found) }
        var counts: [String: Int] = [:]
        for index in 0..<Int(unsafe found.pointee.topic_cnt) {
            let topic = unsafe found.pointee.topics[index]
            guard unsafe topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = unsafe topic.topic else { continue }
            unsafe counts[String(cString: name)] = Int(topic.partition_cnt)
        }
        return counts
    }

    /// Makes a topic; one that exists stays as it is.
    func create(_ name: String, partitions: Int, replication: Int, settings: [String: String]) throws {
        var reason = [CChar](repeating: 0, count: 512)
        let pairs = settings.sorted { $0.key < $1.key }
        let code = unsafe KafkaStrings.with(pairs.map(\.key)) { keys in
            unsafe KafkaStrings.with(pairs.map(\.value)) { values in
                unsafe dipper_kafka_create_topic(
                    handle.pointer, name, Int32(partitions), Int32(replication), keys, values, pairs.count,
                    Int32(timeoutMilliseconds), &reason, reason.count)
            }
        }
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR, code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS else { return }
        throw explained(KafkaFault(code, KafkaStrings.text(reason))).refusal("creating the topic \(name)")
    }

    /// Where no connection comes about, that is what to tell.
    private func explained(_ fault: KafkaFault) -> KafkaFault {
        unsafe rd_kafka_poll(handle.pointer, 0)
        guard let trouble = handle.trouble, fault.isSilence else { return fault }
        return trouble.isLasting ? trouble : fault.explained(by: trouble)
    }

    /// Asks the broker to drop what lies before `offset`.
    func deleteRecords(_ place: PartitionName, before offset: Int64) throws {
        let code = unsafe dipper_kafka_delete_records(
            handle.pointer, place.topic, Int32(place.partition), offset, Int32(timeoutMilliseconds))
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw KafkaFault(code)
    }
}

/// A list of strings as C takes it, valid inside a closure.
enum KafkaStrings {
    /// What C wrote into a buffer, up to its null.
    static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @unsafe static func with<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for string in strings {
            starts.append(bytes.count)
            bytes.append(contentsOf: string.utf8CString)
        }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            let pointers: [UnsafePointer<CChar>?] = unsafe starts.map { start in
                unsafe buffer.baseAddress.map { unsafe $0 + start }
            }
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
        }
    }
}
