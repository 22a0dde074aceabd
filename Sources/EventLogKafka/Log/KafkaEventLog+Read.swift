package import EventLog
internal import Logging

/// Reading: from memory where the newest records are, else from the brokers.
extension KafkaEventLog {
    /// Bytes of messages that are held at once while heads far back are read.
    private static let headPortionBytes = 8 << 20

    private enum Found<Value> {
        case here(Value)
        /// Before `end` the brokers are asked.
        case past(end: Int64)
    }

    /// The reader at a partition's end, brought up to what this process has appended; `nil` when there is none.
    func tail(_ topic: String, _ partition: Int) async throws -> PartitionTail? {
        guard let open = try await directory.topic(topic, creating: false), open.tails.indices.contains(partition)
        else {
            return nil
        }
        let tail = open.tails[partition]
        try await tail.reach()
        settle(tail)
        return tail
    }

    /// Takes over where the ledger says that the partition begins: another process may have dropped records.
    func settle(_ tail: PartitionTail) {
        if let start = ledger.look({ $0.starts[tail.place] }) { tail.trimmed(before: start) }
    }

    package func read(
        topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int
    ) async throws -> [StoredRecord] {
        guard recordsMax > 0, let tail = try await tail(topic, partition) else { return [] }
        return try await records(tail, from: max(0, offset), recordsMax: recordsMax, bytesMax: bytesMax)
    }

    private func records(
        _ tail: PartitionTail, from first: Int64, recordsMax: Int, bytesMax: Int
    ) async throws -> [StoredRecord] {
        var result: [StoredRecord] = []
        var bytes = 0
        var next = first
        while result.count < recordsMax, result.isEmpty || bytes < bytesMax {
            let (position, wanted, room) = (next, recordsMax - result.count, bytesMax - bytes)
            let found: Found<[StoredRecord]> = try tail.look { recent, start in
                if position >= recent.endOffset { return .here([]) }
                try Self.check(position, start, tail)
                let here = recent.records(from: position, recordsMax: wanted, bytesMax: room)
                return here.map { .here($0) } ?? .past(end: recent.wholeOffset)
            }
            switch found {
            case .here(let here):
                // The first of them is there whatever its size, which is right for the first of all alone.
                let fits = result.isEmpty || here.first.map { $0.record.byteCount <= room } ?? true
                return fits ? result + here : result
            case .past(let end):
                let messages = try await past.read(
                    tail.place, from: position, before: end, recordsMax: wanted, bytesMax: room,
                    lane: Self.lane(tail))
                let records = messages.map {
                    RecordCoding.stored($0, topic: tail.topic, partition: tail.place.partition)
                }
                let more = records.reduce(0) { $0 + $1.record.byteCount }
                if !result.isEmpty, let only = records.first, only.record.byteCount > room { return result }
                bytes += more
                result += records
                // Without a message the brokers left out everything up to what is here. Less than all that was asked for
                // ends the read: the rest did not fit.
                let reached = records.last.map { $0.offset + 1 } ?? end
                if !records.isEmpty, reached < end { return result }
                next = reached
            }
        }
        return result
    }

    /// Partitions are spread over the readers of the past.
    private static func lane(_ tail: PartitionTail) -> Int {
        Int(KeyPartitioner.murmur2(Array(tail.place.topic.utf8)) & 0xFFFF) + tail.place.partition
    }

    private static func check(_ offset: Int64, _ start: Int64, _ tail: PartitionTail) throws {
        guard offset >= start else {
            throw EventLogError.trimmed(
                topic: tail.topic, partition: tail.place.partition, offset: offset, startOffset: start)
        }
    }

    package func catchUp(topic: String) async throws {
        guard let open = try await directory.topic(topic, creating: false) else { return }
        for tail in open.tails {
            try await tail.reach()
            try await tail.reach(try await past.end(tail.place, from: tail.knownEnd, lane: Self.lane(tail)))
        }
    }

    package func endOffset(topic: String, partition: Int) async throws -> Int64 {
        try await tail(topic, partition)?.look { recent, _ in recent.endOffset } ?? 0
    }

    package func heads(topic: String, partition: Int, from offset: Int64, recordsMax: Int) async throws -> [RecordHead]
    {
        guard recordsMax > 0, let tail = try await tail(topic, partition) else { return [] }
        var next = max(0, offset)
        var heads: [RecordHead] = []
        while heads.count < recordsMax {
            let wanted = recordsMax - heads.count
            let position = next
            let found: Found<[RecordHead]> = try tail.look { recent, start in
                if position >= recent.endOffset { return .here([]) }
                try Self.check(position, start, tail)
                return recent.heads(from: position, recordsMax: wanted).map { .here($0) }
                    ?? .past(end: recent.startOffset)
            }
            switch found {
            case .here(let here): return heads + here
            case .past(let end):
                let messages = try await past.read(
                    tail.place, from: position, before: end, recordsMax: wanted, bytesMax: Self.headPortionBytes,
                    lane: Self.lane(tail))
                heads += messages.map {
                    RecordHead(RecordCoding.stored($0, topic: tail.topic, partition: tail.place.partition))
                }
                next = messages.last.map { $0.offset + 1 } ?? end
            }
        }
        return heads
    }

    package func extent(topic: String, partition: Int) async throws -> LogExtent {
        guard let tail = try await tail(topic, partition) else {
            return LogExtent(startOffset: 0, endOffset: 0, byteCount: 0)
        }
        return tail.look { recent, start in
            // What is not in memory is taken to be like what is.
            let mean = recent.count > 0 ? recent.byteCount / Int64(recent.count) : 0
            return LogExtent(
                startOffset: start, endOffset: recent.endOffset,
                byteCount: recent.byteCount + max(0, recent.startOffset - start) * mean)
        }
    }

    /// Found by halving on the records' own times: what brokers answer to a question by time differs.
    package func offset(topic: String, partition: Int, appendedSince microseconds: Int64) async throws -> Int64 {
        guard let tail = try await tail(topic, partition) else { return 0 }
        let (start, recentStart, isRecent, recentOffset) = tail.look { recent, start in
            (
                start, recent.startOffset,
                recent.startOffset <= start || recent.firstMicroseconds.map { $0 < microseconds } ?? true,
                recent.offset(appendedSince: microseconds)
            )
        }
        if isRecent { return recentOffset }
        var low = start
        var high = recentStart
        while low < high {
            let middle = low + (high - low) / 2
            let found = try await records(tail, from: middle, recordsMax: 1, bytesMax: 1)
            if let record = found.first, record.appendedMicroseconds < microseconds {
                low = record.offset + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// Looks among the newest records of the topics that this process has open (`lookBackRecords` of each partition).
    package func record(id: String) async throws -> StoredRecord? {
        for topic in await directory.all {
            for tail in topic.tails {
                try await tail.reach()
                settle(tail)
                guard let offset = tail.look({ recent, _ in recent.offset(ofID: id) }) else { continue }
                let found = try await records(tail, from: offset, recordsMax: 1, bytesMax: 1)
                if let record = found.first, record.record.id == id { return record }
            }
        }
        return nil
    }

    // MARK: Retention

    /// Writes down where the partition begins now, which holds for every process, and asks the brokers to drop what lies
    /// before. Where they don't, the records stay on their disks and are not shown.
    @discardableResult package func trim(topic: String, partition: Int, before offset: Int64) async throws -> Int {
        guard let tail = try await tail(topic, partition) else { return 0 }
        let (start, end) = tail.look { recent, start in (start, recent.endOffset) }
        let target = min(offset, end)
        guard target > start else { return 0 }
        let place = tail.place
        let deliveries = try await producer.send(
            [LogLedger.message(place, start: target)], to: ledger.place.topic)
        switch deliveries.first {
        case .stored(let offset, _)?: try await ledger.reach(offset + 1)
        case .refused(let fault)?: throw fault.refusal("trimming \(place)")
        case .unknown(let fault)?: throw EventLogError.stateUnknown(fault)
        case .storedSomewhere?, nil: throw EventLogError.stateUnknown(KafkaEventLog.placeUnknown)
        }
        settle(tail)
        do {
            try await admin.run { try $0.deleteRecords(place, before: target) }
        } catch let fault as KafkaFault {
            logger.warning(
                "the brokers keep records that are no longer needed",
                metadata: ["place": "\(place)", "before": "\(target)", "cause": "\(fault)"])
        }
        return Int(target - start)
    }
}
