import ObjectStorage
import CatalogService
import Iceberg
package import LakeModel
import ParquetFormat

/// Which rejects are wanted.
package struct QuarantineQuery: Sendable, Hashable {
    package var sha256: String?
    package var code: String?
    package var jobID: String?

    package init(sha256: String? = nil, code: String? = nil, jobID: String? = nil) {
        self.sha256 = sha256
        self.code = code
        self.jobID = jobID
    }
}

/// A row in quarantine.
package struct StoredReject: Sendable, Hashable {
    package var sha256: String
    package var line: Int64
    package var byteOffset: Int64
    package var column: String?
    package var code: String
    package var message: String
    package var raw: [UInt8]
    package var isRawTruncated: Bool
    package var delimiter: UInt8?
    package var jobID: String
    package var rejectedMicroseconds: Int64
}

/// Reads a table's quarantine, file by file in the order of their commits, rows in the order of their file.
package struct QuarantineReader: Sendable {
    private let table: TableIdentifier
    private let tables: LakeTables

    package init(_ declaration: TableDeclaration, tables: LakeTables) {
        table = LakeTables.quarantine(declaration)
        self.tables = tables
    }

    /// The rejects that match, one data file in memory at a time.
    package func rejects(_ query: QuarantineQuery) async throws -> AsyncThrowingStream<StoredReject, any Error> {
        let cursor = Cursor(reader: self, query: query, tasks: try await plan(query))
        return AsyncThrowingStream { try await cursor.next() }
    }

    /// Where a reader of the stream has got to.
    private actor Cursor {
        private let reader: QuarantineReader
        private let query: QuarantineQuery
        private var tasks: ArraySlice<FileScanTask>
        private var ready: [StoredReject] = []
        private var position = 0

        init(reader: QuarantineReader, query: QuarantineQuery, tasks: [FileScanTask]) {
            self.reader = reader
            self.query = query
            self.tasks = tasks[...]
        }

        func next() async throws -> StoredReject? {
            while position == ready.count {
                guard let task = tasks.popFirst() else { return nil }
                ready = try await reader.read(task, query)
                position = 0
            }
            position += 1
            return ready[position - 1]
        }
    }

    private func plan(_ query: QuarantineQuery) async throws -> [FileScanTask] {
        guard let metadata = try await tables.metadata(table) else { return [] }
        var filters: [Expression] = []
        if let sha256 = query.sha256 { filters.append(.equal("file_sha256", .string(sha256))) }
        if let code = query.code { filters.append(.equal("code", .string(code))) }
        if let jobID = query.jobID { filters.append(.equal("job_id", .string(jobID))) }
        let plan = try await TableScan(metadata: metadata, io: tables.io, filter: .all(filters)).plan()
        return plan.tasks.sorted {
            ($0.sequenceNumber, $0.dataFile.location) < ($1.sequenceNumber, $1.dataFile.location)
        }
    }

    private func read(_ task: FileScanTask, _ query: QuarantineQuery) async throws -> [StoredReject] {
        let reader = try ParquetFileReader(try await tables.objects.open(tables.io.key(task.dataFile.location)))
        let deleted = try await DeleteReader(tables: tables).positions(
            of: task.dataFile.location, in: task.deleteFiles)
        var rejects: [StoredReject] = []
        var position: Int64 = 0
        for group in reader.metadata.rowGroups.indices {
            // A distant store is waited for, and the caller may be a request on the cooperative pool.
            let batch = try await BlockingPool.shared.run {
                try reader.read(rowGroup: group, fields: QuarantineSchema.schema.fields)
            }
            for row in 0..<batch.rowCount {
                defer { position += 1 }
                guard !deleted.contains(position), let reject = StoredReject(batch, row: row), query.matches(reject)
                else { continue }
                rejects.append(reject)
            }
        }
        return rejects
    }
}

extension QuarantineQuery {
    fileprivate func matches(_ reject: StoredReject) -> Bool {
        (sha256 == nil || sha256 == reject.sha256) && (code == nil || code == reject.code)
            && (jobID == nil || jobID == reject.jobID)
    }
}

extension StoredReject {
    /// `nil` for a row that lacks what every reject has.
    fileprivate init?(_ batch: ColumnBatch, row: Int) {
        func text(_ column: Int) -> String? {
            if case .string(let text) = batch.columns[column].datum(row) { text } else { nil }
        }
        func number(_ column: Int) -> Int64? {
            if case .long(let number) = batch.columns[column].datum(row) { number } else { nil }
        }
        guard let sha256 = text(0), let line = number(1), let byteOffset = number(2), let code = text(4),
            let message = text(5), case .bytes(let raw) = batch.columns[6].datum(row),
            case .boolean(let isRawTruncated) = batch.columns[7].datum(row), let jobID = text(9),
            let rejected = number(10)
        else { return nil }
        self.init(
            sha256: sha256, line: line, byteOffset: byteOffset, column: text(3), code: code, message: message, raw: raw,
            isRawTruncated: isRawTruncated, delimiter: text(8)?.utf8.first, jobID: jobID,
            rejectedMicroseconds: rejected)
    }
}
