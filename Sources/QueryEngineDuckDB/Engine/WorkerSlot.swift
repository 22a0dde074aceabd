import Foundation
import LakeModel
import Logging
import Metrics
import QueryEngine
import Synchronization

/// One place in the pool: a thread of its own that keeps a worker process and runs one request after the other in it.
///
/// Everything here blocks, so nothing here runs on Swift's own threads.
final class WorkerSlot {
    static let folderPrefix = "query-worker-"

    private let configuration: DuckDBConfiguration
    private let queue: JobQueue
    private let processes: ProcessList
    private let logger: Logger
    private let started = ContinuousClock.now
    private var process: WorkerProcess?
    /// Versions of the tables that the process has, by ``StatementAdmission/key(namespace:name:)``.
    private var tableVersions: [String: String] = [:]
    /// What the process may read.
    private var folders: Set<String> = []
    /// Why there is no process, for the next one's count.
    private var ended = Ending.first

    private enum Ending: String {
        /// None was needed before.
        case first
        /// It was ended with its query: cancelled, or out of time.
        case query
        /// It went by itself.
        case gone
        /// The next query's tables lie in other folders.
        case folders
    }

    private var backoff = RestartBackoff()

    init(configuration: DuckDBConfiguration, queue: JobQueue, processes: ProcessList, logger: Logger) {
        self.configuration = configuration
        self.queue = queue
        self.processes = processes
        self.logger = logger
    }

    /// Serves requests until the queue closes, then ends the process.
    func run() {
        while let job = queue.pop() { serve(job) }
        endProcess()
    }

    private func endProcess() {
        process?.end()
        process = nil
    }

    private func serve(_ job: QueryJob) {
        guard job.isWaiting else { return }
        do {
            let process = try readyProcess(for: job.work)
            guard job.begin(kill: { process.kill() }) else { return }
            let answer: QueryJob.Answer
            switch job.work {
            case .query(let request): answer = .result(try run(request, in: process))
            case .outline(let sql): answer = .outline(try outline(sql, in: process))
            }
            backoff.succeeded()
            job.answer(.success(answer))
            // Cancelled between its last row and the answer: the process was killed already.
            if job.isCancelled { endProcess() }
        } catch {
            job.answer(.failure(translate(error, job: job)))
        }
    }

    /// What the caller is told; ends the process when it cannot be used any more.
    private func translate(_ error: any Error, job: QueryJob) -> any Error {
        if let error = error as? WireError, error.code != "engine-crashed" {
            switch error.code {
            // A folder that was removed and made anew is another one to a process that is confined to the former.
            case "data-unreadable":
                endProcess()
                ended = .folders
            // What is left of its memory is in pieces, and the next query might find none.
            case "query-memory":
                endProcess()
                ended = .query
            default: break
            }
            return error.queryError
        }
        if let error = error as? QueryError, process == nil { return error }
        let ending = process?.end() ?? "unknown"
        process = nil
        ended = .query
        if job.isCancelled { return CancellationError() }
        if case WorkerProcess.Failure.timeout = error {
            return QueryError(
                code: "query-timeout",
                message: "the query took longer than \(job.timeoutMilliseconds) ms",
                remedy: "ask for less at once, or raise the time limit")
        }
        ended = .gone
        backoff.failed(nowMilliseconds: nowMilliseconds)
        logger.warning("query worker ended", metadata: ["ending": "\(ending)", "failures": "\(backoff.failures)"])
        let detail = (error as? WireError).map { ": \($0.message)" } ?? " (\(ending))"
        return QueryError(
            code: "engine-crashed", message: "the query engine stopped while it ran the query\(detail)",
            remedy: "run the query again", isRetryable: true)
    }

    private func outline(_ sql: String, in process: WorkerProcess) throws -> StatementOutline {
        let deadline = ContinuousClock.now + .milliseconds(QueryJob.Work.outlineMillisecondsMax)
        try process.send(Frame(.outline, json: WireOutlineRequest(sql: sql)), deadline: deadline)
        let frame = try process.receive(deadline: deadline)
        switch frame.kind {
        case .outlined: return try frame.decode(StatementOutline.self)
        case .failure: throw try frame.decode(WireError.self)
        default: throw WorkerProcess.Failure.gone
        }
    }

    private func run(_ request: QueryRequest, in process: WorkerProcess) throws -> QueryResult {
        let deadline = ContinuousClock.now + .milliseconds(request.limits.timeoutMilliseconds)
        let keys = request.tables.map { StatementAdmission.key(namespace: $0.namespace, name: $0.name) }
        try process.send(Frame(.request, json: wireRequest(request, keys: keys)), deadline: deadline)
        for (key, table) in zip(keys, request.tables) { tableVersions[key] = table.version }
        var columns: [QueryResult.Column] = []
        var rows: [[QueryValue]] = []
        var bytesLeft = request.limits.resultBytesMax
        while true {
            let frame = try process.receive(deadline: deadline)
            switch frame.kind {
            case .columns:
                columns = try frame.decode([WireColumn].self).map { QueryResult.Column(name: $0.name, type: $0.type) }
            case .rows:
                bytesLeft -= frame.payload.count
                var reader = ColumnBlockReader(frame.payload)
                let block = try reader.rows(columnCount: columns.count)
                guard bytesLeft >= 0, rows.count + block.count <= request.limits.rowsMax else {
                    throw WorkerProcess.Failure.gone
                }
                rows += block
            case .end:
                let end = try frame.decode(WireEnd.self)
                return QueryResult(
                    columns: columns, rows: rows, isTruncated: end.isTruncated,
                    elapsedMicroseconds: end.elapsedMicroseconds)
            case .failure:
                let error = try frame.decode(WireError.self)
                if error.tablesLost { for key in keys { tableVersions[key] = nil } }
                throw error
            case .progress: request.progress?(try frame.decode(QueryProgress.self))
            case .setup, .request, .ready, .outline, .outlined: throw WorkerProcess.Failure.gone
            }
        }
    }

    private func wireRequest(_ request: QueryRequest, keys: [String]) -> WireRequest {
        let tables = zip(keys, request.tables).map { key, table in
            WireRequest.Table(
                namespace: table.namespace, name: table.name,
                definition: tableVersions[key] == table.version ? nil : WireRequest.Definition(table))
        }
        var wire = WireRequest(
            sql: request.sql, tables: tables, rowsMax: request.limits.rowsMax,
            resultBytesMax: request.limits.resultBytesMax, reportsProgress: request.progress != nil)
        switch request.parameters {
        case .positional(let values): wire.positional = values.map { WireValue($0) }
        case .named(let values): wire.named = values.mapValues { WireValue($0) }
        }
        return wire
    }

    /// Folders that a process may be able to read at most; past that many it starts anew with those of one query.
    private static let foldersMax = 256

    /// What the process for a request may read: the folders of its tables, and those of the requests before, which it has
    /// open anyway. What an engine may read cannot be changed once it is locked.
    private func wantedFolders(for work: QueryJob.Work) -> Set<String> {
        guard case .query(let request) = work else { return folders }
        var wanted: Set<String> = []
        for table in request.tables {
            wanted.formUnion(table.folders)
            let hasFiles = !table.plainFiles.isEmpty || !table.deletedFromFiles.isEmpty || !table.equalityGroups.isEmpty
            if table.folders.isEmpty, hasFiles { wanted.formUnion(configuration.dataFolders) }
        }
        if request.isIsolated { return wanted }
        return wanted.count + folders.count <= Self.foldersMax ? wanted.union(folders) : wanted
    }

    /// The slot's process, started anew if there is none that may read what it has to, and nothing that it must not.
    /// - Throws: ``QueryError`` `engine-missing`, `engine-crashed`.
    private func readyProcess(for work: QueryJob.Work) throws -> WorkerProcess {
        let wanted = wantedFolders(for: work)
        var reason = ended
        if let process {
            if wanted == folders, process.isWaiting { return process }
            reason = wanted == folders ? .gone : .folders
            // It went while nobody asked it anything, or is not wanted any more: no request is lost, so none fails.
            endProcess()
        }
        folders = wanted
        let pause = backoff.pauseMilliseconds(nowMilliseconds: nowMilliseconds)
        guard pause == 0 else {
            throw QueryError(
                code: "engine-crashed",
                message: "the query engine stopped \(backoff.failures) times in a row and starts again in \(pause) ms",
                remedy: "wait, then run the query again", isRetryable: true)
        }
        do {
            let process = try startProcess()
            Counter(label: "dipper_query_workers_started_total", dimensions: [("reason", reason.rawValue)]).increment()
            ended = .gone
            self.process = process
            processes.insert(process)
            tableVersions = [:]
            return process
        } catch {
            backoff.failed(nowMilliseconds: nowMilliseconds)
            throw error
        }
    }

    private func startProcess() throws -> WorkerProcess {
        let libraries = try DuckDBLibrary.candidates(
            environment: configuration.environment, folder: configuration.libraryFolder)
        let folder = "\(configuration.temporaryFolder)/\(Self.folderPrefix)\(UUID().uuidString.lowercased())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let passed = ["PATH", "LD_LIBRARY_PATH"].compactMap { name in
            configuration.environment[name].map { "\(name)=\($0)" }
        }
        let process = try WorkerProcess(
            command: configuration.workerCommand, environment: passed + ["TZ=UTC", "LC_ALL=C.UTF-8"],
            temporaryFolder: folder)
        let setup = WorkerSetup(
            libraries: libraries, threads: configuration.threadsPerWorker,
            memoryBytesMax: configuration.memoryBytesMax, temporaryFolder: folder,
            temporaryBytesMax: configuration.temporaryBytesMax, dataFolders: folders.sorted(),
            attachment: configuration.attachment)
        let deadline = ContinuousClock.now + .milliseconds(configuration.startTimeoutMilliseconds)
        do {
            try process.send(Frame(.setup, json: setup), deadline: deadline)
            let answer = try process.receive(deadline: deadline)
            if answer.kind == .failure { throw try answer.decode(WireError.self).queryError }
            let ready = try answer.decode(WorkerReady.self)
            logger.debug(
                "query worker started",
                metadata: ["engine": "\(ready.engineVersion)", "confined": "\(ready.isConfined)"])
            return process
        } catch let error as WorkerProcess.Failure {
            let ending = process.end() ?? "unknown"
            if case .timeout = error {
                throw QueryError(
                    code: "engine-crashed",
                    message: "the query worker was not ready within \(configuration.startTimeoutMilliseconds) ms",
                    isRetryable: true)
            }
            throw QueryError(
                code: "engine-crashed", message: "the query worker stopped while it started (\(ending))",
                isRetryable: true)
        }
    }

    private var nowMilliseconds: Int64 {
        let elapsed = (ContinuousClock.now - started).components
        return elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000
    }
}

/// The processes of a pool that have not been waited for.
final class ProcessList: Sendable {
    private let processes = Mutex<[WorkerProcess]>([])

    func insert(_ process: WorkerProcess) {
        processes.withLock { list in
            list.removeAll { $0.pid == nil }
            list.append(process)
        }
    }

    var all: [Int32] { processes.withLock { $0.compactMap(\.pid) } }
}

extension WireRequest.Definition {
    init(_ table: QueryTable) {
        self.init(
            fields: table.fields.map { WireField($0) }, plainFiles: table.plainFiles,
            deletedFromFiles: table.deletedFromFiles, deleteFiles: table.deleteFiles,
            locationScheme: table.locationScheme, locationRoot: table.locationRoot,
            rowCount: table.rowCount, equalityGroups: table.equalityGroups.map { WireRequest.EqualityGroup($0) },
            json: table.json,
            attached: table.attached.map { attached in
                WireRequest.Attached(
                    name: "\(DuckDBAttachment.catalog).\(attached.name)", expressions: attached.expressions)
            })
    }
}

extension WireRequest.EqualityGroup {
    init(_ group: QueryTable.EqualityGroup) {
        self.init(
            files: group.files, hasPositionDeletes: group.hasPositionDeletes,
            deletes: group.deletes.map { deletes in
                WireRequest.EqualityDeletes(files: deletes.files, fields: deletes.fields.map { WireField($0) })
            })
    }
}
