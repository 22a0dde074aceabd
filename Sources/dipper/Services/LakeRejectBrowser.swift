import GatewayHTTP
import Ingestion
import LakeModel

/// The quarantine tables as the gateway shows them.
struct LakeRejectBrowser: RejectBrowsing {
    let model: LakeDeclaration
    let tables: LakeTables
    let replays: RejectReplays

    init(model: LakeDeclaration, tables: LakeTables) {
        self.model = model
        self.tables = tables
        replays = RejectReplays(objects: tables.objects, catalog: tables.catalog)
    }

    /// Records that a download takes at a time.
    private static let blockRecords = 1_000

    func rejects(
        of table: String, filter: RejectFilter, page: Int, size: Int
    ) async throws -> ListPage<RejectRecord>? {
        guard let declaration = model.table(named: table) else { return nil }
        var items: [RejectRecord] = []
        var total = 0
        let replayed = try await replays.jobs(of: table)
        for try await reject in try await QuarantineReader(declaration, tables: tables).rejects(filter.query) {
            let job = replayed[reject.identity]
            if let wanted = filter.isReplayed, wanted != (job != nil) { continue }
            if total >= page * size, items.count < size { items.append(RejectRecord(reject, replayedBy: job)) }
            total += 1
        }
        return ListPage(items: items, total: total)
    }

    func rejectStream(of table: String, filter: RejectFilter) async throws -> RejectStream? {
        guard let declaration = model.table(named: table) else { return nil }
        let stream = try await QuarantineReader(declaration, tables: tables).rejects(filter.query)
        let replayed = try await replays.jobs(of: table)
        let cursor = Cursor(stream, replayed, filter.isReplayed)
        return RejectStream(header: declaration.columns.map(\.name)) {
            let block = try await cursor.next(Self.blockRecords)
            return block.isEmpty ? nil : block
        }
    }

    /// Hands a stream out in blocks.
    private actor Cursor {
        private let stream: AsyncThrowingStream<StoredReject, any Error>

        private let replayed: [RejectIdentity: String]
        private let isReplayed: Bool?

        init(
            _ stream: AsyncThrowingStream<StoredReject, any Error>, _ replayed: [RejectIdentity: String],
            _ isReplayed: Bool?
        ) {
            self.stream = stream
            self.replayed = replayed
            self.isReplayed = isReplayed
        }

        func next(_ count: Int) async throws -> [RejectRecord] {
            var block: [RejectRecord] = []
            var iterator = stream.makeAsyncIterator()
            while block.count < count, let reject = try await iterator.next(isolation: #isolation) {
                let job = replayed[reject.identity]
                if let isReplayed, isReplayed != (job != nil) { continue }
                block.append(RejectRecord(reject, replayedBy: job))
            }
            return block
        }
    }
}

extension RejectFilter {
    fileprivate var query: QuarantineQuery { QuarantineQuery(sha256: fileSHA256, code: code, jobID: jobID) }
}

extension RejectRecord {
    init(_ reject: StoredReject, replayedBy: String?) {
        self.init(
            fileSHA256: reject.sha256, line: reject.line, byteOffset: reject.byteOffset, column: reject.column,
            code: reject.code, message: reject.message, raw: reject.raw, isRawTruncated: reject.isRawTruncated,
            delimiter: reject.delimiter ?? UInt8(ascii: ","), jobID: reject.jobID,
            rejectedMicroseconds: reject.rejectedMicroseconds)
        self.replayedBy = replayedBy
    }
}

extension StoredReject {
    fileprivate var identity: RejectIdentity { RejectIdentity(sha256: sha256, byteOffset: byteOffset, code: code) }
}
