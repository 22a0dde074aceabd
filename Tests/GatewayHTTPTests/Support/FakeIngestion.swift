import GatewayHTTP
import Ingestion
import LakeModel
import Synchronization

/// Ingestion in memory: keeps what it was given, works nothing.
final class FakeIngestion: IngestionService {
    struct State: Sendable {
        var uploads: [FakeUpload] = []
        var batches: [(request: BatchRequest, body: [UInt8])] = []
        var streams: [BatchRequest] = []
        var deletes: [DeleteRequest] = []
        var jobs: [JobReceipt] = []
        var backlog = 0
        var answersReplay = false
        var batchError: IngestionError?
        var finishError: (any Error)?
        /// What `waitForJob` makes of a job.
        var endsWhileWaiting = true
        /// States that a job goes through, one at each look; it stays as it is when they are used up.
        var script: [JobReceipt.State] = []
        var waitedSeconds: [Double] = []
    }

    let model: LakeDeclaration
    let state = Mutex(State())

    init() {
        let id = ColumnDeclaration(name: "id", type: .int, required: true)
        model = LakeDeclaration(tables: [
            TableDeclaration(
                name: "departments", silverName: "departments_cleaned",
                columns: [id, ColumnDeclaration(name: "department", type: .string)], key: ["id"])
        ])
    }

    func beginUpload(_ request: UploadRequest) async throws -> any UploadSession {
        let upload = FakeUpload(owner: self, request: request)
        state.withLock { $0.uploads.append(upload) }
        return upload
    }

    func submitBatch(_ request: BatchRequest, body: [UInt8]) async throws -> JobReceipt {
        try state.withLock { state in
            if let error = state.batchError { throw error }
            state.batches.append((request, body))
        }
        return add(kind: .batch, table: request.table, bytes: body.count, fileName: nil)
    }

    func beginRows(_ request: BatchRequest) async throws -> any UploadSession {
        state.withLock { $0.streams.append(request) }
        let upload = FakeUpload(owner: self, request: UploadRequest(table: request.table))
        state.withLock { $0.uploads.append(upload) }
        return upload
    }

    func deleteRow(_ request: DeleteRequest) async throws -> JobReceipt {
        try state.withLock { state in
            if let error = state.batchError { throw error }
            state.deletes.append(request)
        }
        return add(kind: .delete, table: request.table, bytes: 0, fileName: nil)
    }

    func job(id: String) async throws -> JobReceipt? {
        state.withLock { state in
            guard let index = state.jobs.firstIndex(where: { $0.id == id }) else { return nil }
            if !state.script.isEmpty { state.jobs[index].state = state.script.removeFirst() }
            return state.jobs[index]
        }
    }

    func jobs(table: String?, page: Int, size: Int) async throws -> (jobs: [JobReceipt], total: Int) {
        state.withLock { state in
            let all = state.jobs.reversed().filter { table == nil || $0.table == table }
            return (Array(all.dropFirst(page * size).prefix(size)), all.count)
        }
    }

    func waitForJob(id: String, seconds: Double) async throws -> JobReceipt? {
        state.withLock { state in
            state.waitedSeconds.append(seconds)
            guard let index = state.jobs.firstIndex(where: { $0.id == id }) else { return nil }
            if state.endsWhileWaiting { state.jobs[index].state = .committed }
            return state.jobs[index]
        }
    }

    func backlog() async throws -> Int { state.withLock { $0.backlog } }

    func add(kind: JobReceipt.Kind, table: String, bytes: Int, fileName: String?) -> JobReceipt {
        state.withLock { state in
            var receipt = JobReceipt(
                id: "job-\(state.jobs.count + 1)", kind: kind, table: table, state: .accepted,
                createdAt: "2024-01-31T12:00:00Z", bytes: bytes, topic: table, partition: 0,
                offset: Int64(state.jobs.count))
            receipt.fileName = fileName
            state.jobs.append(receipt)
            receipt.isReplay = state.answersReplay
            return receipt
        }
    }
}

final class FakeUpload: UploadSession {
    struct State: Sendable {
        var bytes: [UInt8] = []
        var byteCount = 0
        var writeCount = 0
        var isFinished = false
        var isAborted = false
    }

    let request: UploadRequest
    let state = Mutex(State())
    private let owner: FakeIngestion
    /// Bytes kept; longer uploads are only counted.
    private static let keptBytesMax = 8 << 20

    init(owner: FakeIngestion, request: UploadRequest) {
        self.owner = owner
        self.request = request
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }

    func write(_ bytes: [UInt8]) async throws {
        state.withLock {
            if $0.bytes.count + bytes.count <= Self.keptBytesMax { $0.bytes += bytes }
            $0.byteCount += bytes.count
            $0.writeCount += 1
        }
    }

    func finish() async throws -> JobReceipt {
        if let error = owner.state.withLock({ $0.finishError }) { throw error }
        let count = state.withLock {
            $0.isFinished = true
            return $0.byteCount
        }
        guard count > 0 else { throw IngestionError(code: "upload-empty", message: "the file has no bytes") }
        return owner.add(kind: .file, table: request.table, bytes: count, fileName: request.fileName)
    }

    func abort() async { state.withLock { $0.isAborted = true } }
}
