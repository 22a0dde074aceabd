import CatalogService
import EventLog
import LakeModel
internal import Logging
internal import Metrics

/// A topic that is published for other programs from the log records of a table, behind the lake and in the log's order. It is
/// its own memory: its newest messages say where to go on (``TopicPortion``).
struct DerivedTopic: Sendable {
    /// `accepted` or `rejected`: the ending of the topic's name.
    let kind: String
    let declaration: TableDeclaration
    let ingestion: DipperIngestion
    let tables: LakeTables
    let logger: Logger

    /// Messages at each partition's end that are looked at to find out where to go on: more than one portion, for a process
    /// that has lost its role without knowing it may have added one.
    static let lookBackMessages = 4 * TopicPortion.messagesMax

    init(
        _ kind: String, _ declaration: TableDeclaration, ingestion: DipperIngestion, tables: LakeTables, logger: Logger
    ) {
        self.kind = kind
        self.declaration = declaration
        self.ingestion = ingestion
        self.tables = tables
        var logger = logger
        logger[metadataKey: "table"] = "\(declaration.name)"
        logger[metadataKey: "sink"] = "\(kind)"
        self.logger = logger
    }

    var name: String { "\(declaration.name).\(kind)" }

    func place(_ offset: Int64, rows: Int64 = 0) -> AcceptedPosition {
        AcceptedPosition(incarnation: ingestion.log.incarnation, offset: offset, rows: rows)
    }

    /// The next records that the lake has taken, and the portion to go on with.
    /// - Parameter known: where this process is; `nil`: the topic is asked.
    /// - Returns: `nil` while the lake has taken nothing of this log.
    func next(_ known: TopicPortion?) async throws -> (portion: TopicPortion, records: [StoredRecord])? {
        guard let lake = try await tables.catalog.watermark(topic: declaration.name, partition: 0),
            LogLife(lake.incarnation).log == ingestion.log.incarnation
        else { return nil }
        let portion: TopicPortion = if let known { known } else { try await resume() }
        let first = portion.start.offset
        guard first < lake.nextOffset else { return (portion, []) }
        let records = try await ingestion.log.read(
            topic: declaration.name, partition: 0, from: first,
            recordsMax: Int(min(lake.nextOffset - first, Int64(ingestion.limits.recordsPerCommitMax))),
            bytesMax: ingestion.limits.bytesPerCommitMax)
        return (portion, records)
    }

    /// Where the ends of the topic's partitions say that publishing is: at the highest portion that any of them has got.
    private func resume() async throws -> TopicPortion {
        let log = ingestion.log
        let first = try await log.extent(topic: declaration.name, partition: 0).startOffset
        // Who had the role before may have appended a moment ago.
        try await log.catchUp(topic: name)
        var start: AcceptedPosition?
        var there: Set<String> = []
        for partition in 0..<(try await log.partitionCount(topic: name)) {
            for head in try await end(of: partition) {
                guard let text = head.headers[AcceptedPosition.header], let place = AcceptedPosition(text),
                    place.incarnation == log.incarnation
                else { continue }
                if let known = start, place.isBefore(known) { continue }
                if place != start { there = [] }
                start = place
                there.insert(head.id)
            }
        }
        guard let start else { return TopicPortion(from: place(first)) }
        guard start.offset < first else { return TopicPortion(from: start, there: there) }
        logger.warning(
            "records were dropped from the log; rows of theirs that were not published before are left out",
            metadata: ["from": "\(start.offset)", "to": "\(first)"])
        return TopicPortion(from: place(first), there: there)
    }

    private func end(of partition: Int) async throws -> [RecordHead] {
        let log = ingestion.log
        let extent = try await log.extent(topic: name, partition: partition)
        guard extent.endOffset > extent.startOffset else { return [] }
        let far = max(extent.startOffset, extent.endOffset - Int64(Self.lookBackMessages))
        do {
            return try await log.heads(
                topic: name, partition: partition, from: far, recordsMax: Self.lookBackMessages)
        } catch let error as EventLogError where error.code == "offset-trimmed" {
            // The brokers drop messages of these topics by their age, and have just done so.
            logger.notice("old messages of the topic are gone", metadata: ["error": "\(error)"])
            return try await log.heads(
                topic: name, partition: partition, from: extent.endOffset - 1, recordsMax: 1)
        }
    }

    /// Sends what a portion holds.
    /// - Parameter place: everything before it is in the topic then.
    func send(_ portion: inout TopicPortion, before place: AcceptedPosition) async throws {
        if !portion.messages.isEmpty {
            _ = try await ingestion.log.append(portion.messages, to: name, idempotency: nil)
            Counter(label: "dipper_\(kind)_published_total", dimensions: [("table", declaration.name)])
                .increment(by: portion.messages.count)
        }
        portion.isOut(before: place)
    }
}

/// Publishes a ``DerivedTopic``.
protocol TopicSink: Sendable {
    var topic: DerivedTopic { get }

    /// Publishes the next file, or several batches, that the lake has taken.
    /// - Returns: whether there was one.
    func workOnce() async throws -> Bool
}

extension TopicSink {
    private static var retryMilliseconds: Int { 1_000 }
    private static var pollMilliseconds: Int { 100 }

    /// Works until cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                if try await workOnce() { continue }
                try await Task.sleep(for: .milliseconds(Self.pollMilliseconds))
            } catch is CancellationError {
                return
            } catch {
                topic.logger.error(
                    "rows could not be published, it will be tried again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(Self.retryMilliseconds))
            }
        }
    }
}
