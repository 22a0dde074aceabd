/// Which appends go into which transaction: a state machine without I/O.
///
/// While one transaction waits for its fsync, appends gather; the next transaction takes all that came meanwhile, up
/// to its limits. So the rate grows with the number of writers, and a lone writer waits for one fsync only.
struct CommitQueue<Request> {
    /// Appends in one transaction at most.
    static var batchRequestsMax: Int { 1024 }
    /// Bytes in one transaction at about which it ends; a single larger append is a transaction of its own.
    static var batchBytesMax: Int { 32 << 20 }

    enum Admission: Equatable {
        /// Queued; the writer is at work and will come to it.
        case queued
        /// Queued; the caller has to start the writer.
        case startWriter
        /// Not queued: so many bytes wait already.
        case refused(pendingBytes: Int)
        case closed
    }

    private struct Entry {
        var request: Request
        var byteCount: Int
    }

    private let pendingBytesMax: Int
    private var entries: [Entry] = []
    private var pendingBytes = 0
    private var isWriting = false
    private var isClosed = false

    init(pendingBytesMax: Int) { self.pendingBytesMax = pendingBytesMax }

    /// Appends that no batch has taken yet.
    var queuedCount: Int { entries.count }

    mutating func enqueue(_ request: Request, byteCount: Int) -> Admission {
        if isClosed { return .closed }
        // An append larger than the limit still passes when nothing waits.
        guard pendingBytes == 0 || pendingBytes + byteCount <= pendingBytesMax else {
            return .refused(pendingBytes: pendingBytes)
        }
        entries.append(Entry(request: request, byteCount: byteCount))
        pendingBytes += byteCount
        if isWriting { return .queued }
        isWriting = true
        return .startWriter
    }

    /// The next transaction's appends in the order of their arrival; empty when the writer may rest, in which case
    /// the next append starts it again.
    mutating func nextBatch() -> [Request] {
        precondition(isWriting, "only the writer takes batches")
        var bytes = 0
        var count = 0
        for entry in entries {
            if count > 0, count == Self.batchRequestsMax || bytes + entry.byteCount > Self.batchBytesMax { break }
            bytes += entry.byteCount
            count += 1
        }
        let batch = entries.prefix(count).map(\.request)
        entries.removeFirst(count)
        pendingBytes -= bytes
        if batch.isEmpty { isWriting = false }
        return batch
    }

    /// Refuses further appends; those queued are still written.
    mutating func close() { isClosed = true }
}
