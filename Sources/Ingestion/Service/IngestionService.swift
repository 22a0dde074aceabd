package import LakeModel

/// What the gateway and the command line ask of ingestion.
package protocol IngestionService: Sendable {
    var model: LakeDeclaration { get }

    /// Starts an upload whose bytes are streamed to disk and hashed on the way.
    /// - Throws: ``IngestionError`` `unknown-table`, `option-invalid`, `disk-full`, `overloaded`.
    func beginUpload(_ request: UploadRequest) async throws -> any UploadSession

    /// Validates a batch, appends it to the log and answers when it is durable.
    /// - Parameter body: a JSON array of objects.
    /// - Throws: ``IngestionError`` `unknown-table`, `json-syntax`, `batch-empty`, `batch-too-large`,
    ///   `rows-refused` (atomic batches only), `idempotency-conflict`.
    func submitBatch(_ request: BatchRequest, body: [UInt8]) async throws -> JobReceipt

    /// Starts an NDJSON body, whose lines are taken slice by slice while they come.
    /// - Throws: ``IngestionError`` `unknown-table`, `overloaded`.
    func beginRows(_ request: BatchRequest) async throws -> any UploadSession

    /// Appends a delete of one row and answers when it is durable; the job's receipt tells whether there was one.
    /// - Throws: ``IngestionError`` `unknown-table`, `table-without-key`, `key-invalid`, `idempotency-conflict`,
    ///   `overloaded`.
    func deleteRow(_ request: DeleteRequest) async throws -> JobReceipt

    func job(id: String) async throws -> JobReceipt?

    /// Jobs, the newest first, and how many there are in all.
    func jobs(table: String?, page: Int, size: Int) async throws -> (jobs: [JobReceipt], total: Int)

    /// Waits until the job has ended, `seconds` at most, and returns it as it then is.
    func waitForJob(id: String, seconds: Double) async throws -> JobReceipt?

    /// Jobs that are acknowledged and not yet worked, for readiness and backpressure.
    func backlog() async throws -> Int
}

/// One upload's bytes on their way to bronze. Used from one task.
package protocol UploadSession: AnyObject, Sendable {
    /// - Throws: `upload-too-large`, `disk-full`.
    func write(_ bytes: [UInt8]) async throws
    /// Makes the object durable and appends the log record. The receipt is durable when this returns.
    /// - Throws: `upload-empty`, `idempotency-conflict`.
    func finish() async throws -> JobReceipt
    /// Drops the bytes, for a request that broke off.
    func abort() async
}

package struct UploadRequest: Sendable, Hashable {
    package enum Mode: String, Sendable, Hashable, Codable, CaseIterable { case upsert, append, overwrite }
    package enum OnError: String, Sendable, Hashable, Codable, CaseIterable { case quarantine, fail }

    /// What the file is: CSV, or rows in Avro, which take the place of all rows (`mode` is ``Mode/overwrite``).
    package enum Format: String, Sendable, Hashable, Codable { case csv, avro }

    package var table: String
    package var format = Format.csv
    /// As the client named it: shown, never used as a path.
    package var fileName: String?
    package var mode: Mode = .upsert
    package var onError: OnError = .quarantine
    /// One byte; `nil`: sniffed.
    package var delimiter: UInt8?
    /// Whether the first row is a header; `nil`: sniffed.
    package var header: Bool?
    package var idempotencyKey: String?

    package init(table: String) { self.table = table }
}

package struct BatchRequest: Sendable, Hashable {
    package var table: String
    /// Refuse the whole batch when one row is refused.
    package var atomic: Bool = false
    package var idempotencyKey: String?
    /// How the body is compressed.
    package var compression: Compression?
    /// Whether the rows are corrected rejects, each of which may name its reject in the field ``RejectIdentity/field``.
    package var replaysRejects = false

    package enum Compression: Sendable, Hashable { case gzip, zstd }

    package init(table: String) { self.table = table }
}

/// A delete by key.
package struct DeleteRequest: Sendable, Hashable {
    package var table: String
    /// One text a key column, in the declared order.
    package var key: [String]
    package var idempotencyKey: String?

    package init(table: String, key: [String]) {
        self.table = table
        self.key = key
    }
}

/// What ingestion refuses or fails with.
package struct IngestionError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?
    package var isRetryable: Bool
    /// The refused rows of an atomic batch.
    package var verdicts: [RowVerdict]

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil,
        isRetryable: Bool = false, verdicts: [RowVerdict] = []
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
        self.isRetryable = isRetryable
        self.verdicts = verdicts
    }
}
