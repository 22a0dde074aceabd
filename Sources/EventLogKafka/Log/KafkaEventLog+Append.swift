import CRdKafka
package import EventLog
import Foundation
internal import Logging
import Synchronization

extension KafkaEventLog {
    package func append(
        _ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?
    ) async throws -> AppendOutcome {
        let byteCount = try limits.validate(records, topic: topic, idempotency: idempotency)
        try RecordCoding.validate(records)
        guard let open = try await directory.topic(topic, creating: true) else { preconditionFailure("it is made") }
        guard let idempotency else { return .appended(try await write(records, byteCount, open, claim: nil)) }
        return try await ClaimedAppend(
            log: self, records: records, byteCount: byteCount, topic: open, claim: idempotency
        )
        .run()
    }

    /// Appends records whose ids are free.
    /// - Throws: `record-id-taken`, `log-overloaded`, `log-unreachable`, `log-refused`, `record-too-large`: nothing was
    ///   appended. `append-state-unknown`.
    func write(
        _ records: [LogRecord], _ byteCount: Int, _ topic: OpenTopic, claim: String?
    ) async throws -> [StoredRecord] {
        let ids = records.map(\.id)
        // A message that others read may be sent once more, under its id, where it is not certain that it arrived.
        if !KafkaLogOptions.isDerived(topic.name) { try await checkFree(ids) }
        try pending.withLock { pending in
            if let taken = ids.first(where: { pending.ids.contains($0) }) { throw EventLogLimits.idTaken(taken) }
            guard pending.byteCount == 0 || pending.byteCount + byteCount <= limits.pendingBytesMax else {
                throw limits.overloaded(pendingBytes: pending.byteCount)
            }
            pending.byteCount += byteCount
            pending.ids.formUnion(ids)
        }
        defer {
            pending.withLock { pending in
                pending.byteCount -= byteCount
                pending.ids.subtract(ids)
            }
        }
        return try await send(records, topic, claim: claim)
    }

    /// What is told when the broker has a message and does not say where.
    static var placeUnknown: KafkaFault { KafkaFault(RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER) }

    /// Between two looks for a record that is known to be in the log.
    private static let lookPause = Duration.milliseconds(20)

    /// The record with this id, as soon as the reader at the partition's end has come to it.
    private func locate(_ id: String, _ tail: PartitionTail) async throws -> StoredRecord? {
        let deadline = ContinuousClock.now + .milliseconds(options.requestMilliseconds)
        while .now < deadline {
            let found = tail.look { recent, _ in
                recent.offset(ofID: id).flatMap { recent.records(from: $0, recordsMax: 1, bytesMax: 1)?.first }
            }
            if let found { return found }
            try await Task.sleep(for: Self.lookPause)
        }
        return nil
    }

    func checkFree(_ ids: [String]) async throws {
        for topic in await directory.all {
            for tail in topic.tails {
                if let taken = tail.taken(ids) { throw EventLogLimits.idTaken(taken) }
            }
        }
    }

    private func send(_ records: [LogRecord], _ topic: OpenTopic, claim: String?) async throws -> [StoredRecord] {
        let count = topic.tails.count
        // Records without a key stay together.
        let spread = count == 1 ? 0 : Int.random(in: 0..<count)
        let messages = records.map { record in
            RecordCoding.message(
                record, partition: record.key.map { KeyPartitioner.partition(of: $0, count: count) } ?? spread,
                claim: claim)
        }
        let deliveries = try await producer.send(messages, to: topic.brokerName)
        var stored: [StoredRecord] = []
        var refused: KafkaFault?
        var unknown: KafkaFault?
        for (index, delivery) in deliveries.enumerated() {
            switch delivery {
            case .stored(let offset, let milliseconds):
                stored.append(
                    StoredRecord(
                        topic: topic.name, partition: messages[index].partition, offset: offset,
                        appendedMicroseconds: milliseconds * 1_000, record: records[index]))
            case .storedSomewhere:
                let tail = topic.tails[messages[index].partition]
                if let record = try await locate(records[index].id, tail) {
                    stored.append(record)
                } else {
                    unknown = unknown ?? Self.placeUnknown
                }
            case .refused(let fault): refused = refused ?? fault
            case .unknown(let fault): unknown = unknown ?? fault
            }
        }
        for (partition, group) in Dictionary(grouping: stored, by: \.partition) {
            topic.tails[partition].appended(group.sorted { $0.offset < $1.offset })
        }
        if !stored.isEmpty { signal.send() }
        if let unknown { throw EventLogError.stateUnknown(unknown) }
        if let refused {
            guard stored.isEmpty else { throw EventLogError.stateUnknown(refused) }
            if refused.is(RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                throw limits.overloaded(pendingBytes: limits.pendingBytesMax)
            }
            throw refused.refusal("the append to \(topic.brokerName)")
        }
        return stored
    }
}

/// One append under an idempotency key: takes the key, appends, says that it is done.
struct ClaimedAppend {
    let log: KafkaEventLog
    let records: [LogRecord]
    let byteCount: Int
    let topic: OpenTopic
    let claim: IdempotencyClaim

    /// Milliseconds beyond the time of an append after which its holder is taken to be gone.
    private static let leaseGraceMilliseconds: Int64 = 5_000
    /// Messages that are looked through at once for what a holder that has gone may have appended.
    private static let searchRecordsMax = 1_000
    private static let searchBytesMax = 8 << 20

    private var nowMilliseconds: Int64 { log.nowMicroseconds() / 1_000 }

    private func verdict() -> ClaimBook.Verdict {
        let now = nowMilliseconds
        return log.claims.look { $0.verdict(key: claim.key, digest: claim.requestDigest, nowMilliseconds: now) }
    }

    func run() async throws -> AppendOutcome {
        let deadline = ContinuousClock.now + .milliseconds(log.options.appendMilliseconds)
        while true {
            switch verdict() {
            case .conflict: return .conflict
            case .done(let claim): return .replayed(try await records(of: claim))
            case .held(_, let until):
                guard .now < deadline else { throw Self.inProgress }
                let end = ContinuousClock.now + .milliseconds(max(0, until - nowMilliseconds) + 10)
                let claim = claim
                let log = log
                await log.claims.change(until: min(end, deadline)) { book in
                    let now = log.nowMicroseconds() / 1_000
                    let verdict = book.verdict(
                        key: claim.key, digest: claim.requestDigest, nowMilliseconds: now)
                    if case .held = verdict { return true }
                    return false
                }
            case .free, .abandoned:
                try await log.checkFree(records.map(\.id))
                if let outcome = try await take() { return outcome }
            }
        }
    }

    /// Reaches for the key.
    /// - Returns: `nil` when another one came first.
    private func take() async throws -> AppendOutcome? {
        let holder = UUID().uuidString.lowercased()
        let wanted = ClaimBook.Reservation(
            key: claim.key, digest: claim.requestDigest, holder: holder, topic: topic.name, ids: records.map(\.id),
            from: topic.tails.map(\.knownEnd),
            leaseMilliseconds: Int64(log.options.appendMilliseconds) + Self.leaseGraceMilliseconds)
        let offset = try await tell(.reserve(wanted))
        try await log.claims.reach(offset + 1)
        guard let mine = log.claims.look({ $0.claim(of: claim.key, holder: holder) }) else { return nil }
        if mine.isTakenOver { return try await takeOver(mine) }
        do {
            let stored = try await log.write(records, byteCount, topic, claim: claim.key)
            await done(mine, stored)
            return .appended(stored)
        } catch let error as EventLogError where error.code != "append-state-unknown" {
            await told(.release(key: claim.key, holder: holder), "a key is not given back at once")
            throw error
        }
    }

    /// Ends what a holder that has gone began: looks for its records, and appends them under their ids if they are not there.
    private func takeOver(_ mine: ClaimBook.Claim) async throws -> AppendOutcome {
        if let found = try await search(mine.reservation) {
            await done(mine, found)
            return .replayed(found)
        }
        let renamed = zip(records, mine.reservation.ids).map { record, id in
            var renamed = record
            renamed.id = id
            return renamed
        }
        let stored = try await log.write(renamed, byteCount, topic, claim: claim.key)
        await done(mine, stored)
        return .replayed(stored)
    }

    private func search(_ reservation: ClaimBook.Reservation) async throws -> [StoredRecord]? {
        var found: [String: StoredRecord] = [:]
        for (partition, from) in reservation.from.enumerated() where partition < topic.tails.count {
            var next = max(from, try await log.extent(topic: topic.name, partition: partition).startOffset)
            while found.count < reservation.ids.count {
                let records = try await log.read(
                    topic: topic.name, partition: partition, from: next, recordsMax: Self.searchRecordsMax,
                    bytesMax: Self.searchBytesMax)
                guard let last = records.last else { break }
                for record in records where reservation.ids.contains(record.record.id) {
                    found[record.record.id] = found[record.record.id] ?? record
                }
                next = last.offset + 1
            }
        }
        let all = reservation.ids.compactMap { found[$0] }
        return all.count == reservation.ids.count ? all : nil
    }

    // MARK: Lines of the topic

    /// - Returns: the offset of the line.
    private func tell(_ event: ClaimBook.Event) async throws -> Int64 {
        let message = OutgoingMessage(
            partition: 0, key: Array(claim.key.utf8), value: try ClaimCoding.bytes(event))
        switch try await log.producer.send([message], to: log.claims.place.topic).first {
        case .stored(let offset, _)?: return offset
        case .storedSomewhere?:
            throw KafkaEventLog.placeUnknown.refusal("taking the idempotency key")
        case .refused(let fault)?, .unknown(let fault)?:
            // Nothing was appended under the key yet; if the line arrives after all its lease ends.
            throw fault.refusal("taking the idempotency key")
        case nil: preconditionFailure("one message, one delivery")
        }
    }

    private func done(_ mine: ClaimBook.Claim, _ stored: [StoredRecord]) async {
        let places = stored.map { ClaimBook.Place(partition: $0.partition, offset: $0.offset) }
        await told(
            .done(key: claim.key, holder: mine.holder, places: places), "it is not written down that a key is done")
    }

    /// Tells what others can find out without: that the records are in the log, or that they are not.
    private func told(_ event: ClaimBook.Event, _ failure: String) async {
        do {
            _ = try await tell(event)
        } catch {
            log.logger.warning("\(failure)", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Answers

    /// What a finished claim brought; records that retention has dropped come without content.
    private func records(of claim: ClaimBook.Claim) async throws -> [StoredRecord] {
        var result: [StoredRecord] = []
        for (id, place) in zip(claim.reservation.ids, claim.places ?? []) {
            let topic = claim.reservation.topic
            let start = try await log.extent(topic: topic, partition: place.partition).startOffset
            let found =
                place.offset < start
                ? []
                : try await log.read(
                    topic: topic, partition: place.partition, from: place.offset, recordsMax: 1, bytesMax: 1)
            if let record = found.first, record.offset == place.offset {
                result.append(record)
            } else {
                result.append(
                    StoredRecord(
                        topic: topic, partition: place.partition, offset: place.offset, appendedMicroseconds: 0,
                        record: LogRecord(id: id, payload: [])))
            }
        }
        return result
    }

    private static let inProgress = EventLogError(
        code: "append-in-progress", message: "another request with this Idempotency-Key is at work",
        remedy: "send it again after the time in Retry-After: it gets the first answer then", isRetryable: true)
}
