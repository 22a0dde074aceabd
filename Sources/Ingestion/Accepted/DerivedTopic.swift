import CatalogService
import EventLog
import LakeModel
internal import Logging
internal import Metrics

/// A topic that is published for other programs from the log records of a table, behind the lake and in the log's order. It is
/// its own memory: its last message says where to go on (``AcceptedPosition``).
struct DerivedTopic: Sendable {
    /// `accepted` or `rejected`: the ending of the topic's name.
    let kind: String
    let declaration: TableDeclaration
    let ingestion: DipperIngestion
    let tables: LakeTables
    let logger: Logger

    /// Messages of one append, and their bytes, about.
    static let portionRecordsMax = 1_000
    static let portionBytesMax = 4 << 20

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

    /// The next records that the lake has taken, and where in the first of them to go on.
    /// - Parameter known: where this process is; `nil`: the topic is asked.
    /// - Returns: `nil` while the lake has taken nothing of this log.
    func next(_ known: AcceptedPosition?) async throws -> (start: AcceptedPosition, records: [StoredRecord])? {
        guard let lake = try await tables.catalog.watermark(topic: declaration.name, partition: 0),
            LogLife(lake.incarnation).log == ingestion.log.incarnation
        else { return nil }
        let start: AcceptedPosition = if let known { known } else { try await resume() }
        guard start.offset < lake.nextOffset else { return (start, []) }
        let records = try await ingestion.log.read(
            topic: declaration.name, partition: 0, from: start.offset,
            recordsMax: Int(min(lake.nextOffset - start.offset, Int64(ingestion.limits.recordsPerCommitMax))),
            bytesMax: ingestion.limits.bytesPerCommitMax)
        return (start, records)
    }

    /// Where the topic's last message says that publishing is.
    private func resume() async throws -> AcceptedPosition {
        let log = ingestion.log
        let first = try await log.extent(topic: declaration.name, partition: 0).startOffset
        let end = try await log.endOffset(topic: name, partition: 0)
        let last =
            end > 0 ? try await log.read(topic: name, partition: 0, from: end - 1, recordsMax: 1, bytesMax: 1) : []
        let found = last.first?.record.headers[AcceptedPosition.header].flatMap { AcceptedPosition($0) }
        guard let found, found.incarnation == log.incarnation else { return place(first) }
        guard found.offset < first else { return found }
        logger.warning(
            "records were dropped from the log; rows of theirs that were not published before are left out",
            metadata: ["from": "\(found.offset)", "to": "\(first)"])
        return place(first)
    }

    func append(_ portion: inout [LogRecord]) async throws {
        if portion.isEmpty { return }
        _ = try await ingestion.log.append(portion, to: name, idempotency: nil)
        Counter(label: "dipper_\(kind)_published_total", dimensions: [("table", declaration.name)])
            .increment(by: portion.count)
        portion = []
    }
}

/// Publishes a ``DerivedTopic``.
protocol TopicSink: Sendable {
    var topic: DerivedTopic { get }

    /// Publishes the next file, or several batches, that the lake has taken.
    /// - Returns: whether there was one.
    func workOnce() async throws -> Bool

    /// Has the topic asked where to go on.
    func forgetPosition()
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
                forgetPosition()
                topic.logger.error(
                    "rows could not be published, it will be tried again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(Self.retryMilliseconds))
            }
        }
    }
}
