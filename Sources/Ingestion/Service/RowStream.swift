internal import BlockCompression
internal import ByteKernels
import CatalogService
import EventLog
internal import Foundation
import LakeModel

/// An NDJSON body of any length on its way into the log.
///
/// 1. Lines are gathered to slices of ``IngestionLimits/streamSliceBytes``, cut behind a line feed: where, follows from the
///    bytes alone.
/// 2. Each slice is validated and becomes a log record of its own, durable before more is read. One slice is held back, so
///    that the last one can be marked as such. So memory stays at a few slices, and a slow disk slows the sender down.
/// 3. A body of one slice is a job like a batch. Of more, the slices' jobs are `<id>.0`, `<id>.1` …, and the receipt `<id>`
///    adds them up.
/// 4. With an idempotency key each slice has its own claim. A body that broke off is resumed by sending it again: slices that
///    are in the log stay what they are.
///
/// `@unchecked Sendable`: the request's task is the only user.
final class RowStream: UploadSession, @unchecked Sendable {
    private struct Slice {
        var payload: [UInt8]
        var sha256: String
        var rows: BatchRows
        var byteCount: Int
    }

    private let request: BatchRequest
    private let table: TableDeclaration
    private let ingestion: DipperIngestion
    private var reader: LineReader
    private var position = LineReader.Position()
    private var decompressor: StreamDecompressor?
    private var buffer: [UInt8] = []
    /// Bytes of a line that is longer than a slice, while its end is looked for.
    private var overlong: (head: [UInt8], byteCount: Int, hash: SHA256Stream)?
    private var held: Slice?
    private var id = JobID.new()
    private var parts = 0
    private var appended = 0
    private var total: JobReceipt?
    private let sliceBytes: Int

    /// Between two looks whether a slice finds room.
    private static let waitMilliseconds = 20
    /// Compressed bytes that are decompressed together: four bytes of zstd can stand for 128 KiB.
    private static let compressedPieceBytes = 1 << 10

    init(request: BatchRequest, table: TableDeclaration, ingestion: DipperIngestion) throws {
        self.request = request
        self.table = table
        self.ingestion = ingestion
        reader = try LineReader(table: table, limits: ingestion.limits)
        sliceBytes =
            request.atomic ? ingestion.limits.atomicStreamBytesMax + 1 : ingestion.limits.streamSliceBytes
        if let compression = request.compression {
            decompressor = try StreamDecompressor(
                compression == .gzip ? .gzip : .zstd,
                limits: StreamDecompressor.Limits(outputBytesMax: ingestion.limits.decompressedBytesMax))
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        guard decompressor != nil else {
            buffer += bytes
            return try await cut()
        }
        for start in stride(from: 0, to: bytes.count, by: Self.compressedPieceBytes) {
            do {
                let end = min(start + Self.compressedPieceBytes, bytes.count)
                unsafe try decompressor?.push(bytes.span.extracting(start..<end).bytes, into: &buffer)
            } catch let error as CompressionError {
                throw Self.broken(error)
            }
            try await cut()
        }
    }

    private static func broken(_ error: CompressionError) -> IngestionError {
        IngestionError(
            code: "body-compression", message: "the compressed body can't be read: \(error.message)",
            remedy: "compress it anew, or send it plain", cause: error)
    }

    /// Takes all whole slices out of the buffer.
    private func cut() async throws {
        var start = 0
        while buffer.count - start >= sliceBytes || overlong != nil {
            if overlong != nil {
                guard let next = try await endOverlong(from: start) else {
                    start = buffer.count
                    break
                }
                start = next
                continue
            }
            if request.atomic {
                throw IngestionError(
                    code: "batch-too-large",
                    message: "an atomic body has more than \(ingestion.limits.atomicStreamBytesMax) bytes",
                    remedy: "send less at a time, or without `atomic`")
            }
            let window = start..<start + sliceBytes
            if let feed = buffer[window].lastIndex(of: 0x0A) {
                try await take(start..<feed + 1)
                start = feed + 1
            } else {
                overlong = ([], 0, SHA256Stream())
            }
        }
        if start > 0 { buffer.removeSubrange(..<start) }
    }

    /// Drops bytes up to the end of an overlong line.
    /// - Returns: where the next line begins, `nil` when the end has not come yet.
    private func endOverlong(from start: Int) async throws -> Int? {
        guard var line = overlong, start < buffer.count else { return nil }
        let feed = buffer[start...].firstIndex(of: 0x0A)
        let end = feed.map { $0 + 1 } ?? buffer.count
        let missing = max(0, ingestion.limits.rejectBytesKept - line.head.count)
        line.head += buffer[start..<min(end, start + missing)]
        line.byteCount += end - start
        unsafe line.hash.update(buffer.span.extracting(start..<end).bytes)
        overlong = line
        guard feed != nil else { return nil }
        try await closeOverlong()
        return end
    }

    private func closeOverlong() async throws {
        guard var line = overlong else { return }
        overlong = nil
        let rows = reader.tooLong(line.head, byteCount: line.byteCount, &position)
        try await hold(rows, sha256: SHA256Stream.hex(line.hash.finish()), byteCount: line.byteCount)
    }

    private func take(_ range: Range<Int>) async throws {
        let rows = reader.read(buffer.span.extracting(range), &position)
        if request.atomic { try ingestion.refuse(rows) }
        let sha256 = unsafe SHA256Stream.hex(SHA256Stream.digest(buffer.span.extracting(range).bytes))
        try await hold(rows, sha256: sha256, byteCount: range.count)
    }

    private func hold(_ rows: BatchRows, sha256: String, byteCount: Int) async throws {
        if let slice = held.take() { try await append(slice, isLast: false) }
        held = Slice(
            payload: BatchCoding.encode(rows, bodyBytes: byteCount, table: table), sha256: sha256, rows: rows,
            byteCount: byteCount)
    }

    func finish() async throws -> JobReceipt {
        do {
            try decompressor.take()?.finish()
        } catch let error as CompressionError {
            throw Self.broken(error)
        }
        try await cut()
        if overlong != nil {
            try await closeOverlong()
        } else if !buffer.isEmpty {
            try await take(0..<buffer.count)
        }
        guard let slice = held.take(), position.lines > 0 else {
            throw IngestionError(code: "batch-empty", message: "the body is empty", remedy: "send an object a line")
        }
        try await append(slice, isLast: true)
        guard var receipt = total else { preconditionFailure("the last slice leaves a receipt") }
        receipt.isReplay = appended == 0
        return receipt
    }

    func abort() async {}

    private func append(_ slice: Slice, isLast: Bool) async throws {
        try await waitForRoom()
        let part = StreamPart(number: parts, isLast: isLast)
        var headers = [LogPayload.kindHeader: LogPayload.batchKind, BatchLanded.shaHeader: slice.sha256]
        if !part.isWhole { headers[StreamPart.header] = part.text }
        let record = LogRecord(id: part.isWhole ? id : part.id(of: id), headers: headers, payload: slice.payload)
        let claim = request.idempotencyKey.map { key in
            IdempotencyClaim(
                key: parts == 0 ? key : "\(key)#\(parts)",
                requestDigest: "ndjson/\(table.name)/\(request.atomic)/\(slice.sha256)/\(part.text)")
        }
        let stored = try await ingestion.append(record, to: table.name, idempotency: claim)
        if stored.isReplay {
            // The slices behind it belong to the body that came first.
            if parts == 0 { id = StreamPart.parent(of: stored.record.record.id) ?? stored.record.record.id }
        } else {
            appended += 1
        }
        parts += 1
        let receipt = ingestion.receipt(
            of: stored.record, sha256: slice.sha256, rows: slice.rows, bodyBytes: slice.byteCount)
        if !part.isWhole { ingestion.streams.add(receipt, to: id) }
        total = StreamPart.sum(total, receipt, id: id, verdictsMax: ingestion.limits.verdictsMax)
    }

    /// Waits while too many jobs wait already: what a client sends faster than it can be worked stays with it.
    private func waitForRoom() async throws {
        let deadline = ContinuousClock.now + .seconds(ingestion.limits.streamWaitSecondsMax)
        while ingestion.gauge.total >= ingestion.limits.streamBacklogJobsMax {
            if ContinuousClock.now > deadline { try ingestion.refuseStream() }
            try await Task.sleep(for: .milliseconds(Self.waitMilliseconds))
        }
    }
}

extension DipperIngestion {
    package func beginRows(_ request: BatchRequest) async throws -> any UploadSession {
        let table = try declaration(of: request.table)
        try refuseWhenOverloaded()
        return try RowStream(request: request, table: table, ingestion: self)
    }

    fileprivate func refuseStream() throws {
        throw IngestionError(
            code: "overloaded",
            message: "\(gauge.total) jobs waited for \(limits.streamWaitSecondsMax) seconds; the lines before are kept",
            remedy: "send the body again with the same Idempotency-Key to go on where it stopped", isRetryable: true)
    }
}
