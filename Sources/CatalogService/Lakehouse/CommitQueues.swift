import Synchronization

/// A change that waits for its turn, and who waits for it.
struct PendingCommit: Sendable {
    var change: TableChange
    var ticket: IdempotencyTicket?
    var continuation: CheckedContinuation<TableDocument, any Error>

    func fail(_ error: any Error) { continuation.resume(throwing: error) }
    func succeed(_ document: TableDocument) { continuation.resume(returning: document) }
}

/// The changes that wait, by table. Whoever finds a table without a worker starts one, which takes all that wait at
/// once: changes that came while a file was written share the next one.
final class CommitQueues: Sendable {
    /// Changes that share a metadata file at most.
    static let groupMax = 64
    /// Changes of one table that wait at most.
    static let waitingMax = 1_024

    private struct Queue {
        var waiting: [PendingCommit] = []
    }

    private let queues = Mutex<[TableIdentifier: Queue]>([:])

    enum Place { case behindOthers, first, full }

    /// - Returns: ``Place/first`` when the caller has to start a worker.
    func add(_ pending: PendingCommit) -> Place {
        queues.withLock { queues in
            guard var queue = queues[pending.change.table] else {
                queues[pending.change.table] = Queue(waiting: [pending])
                return .first
            }
            guard queue.waiting.count < Self.waitingMax else { return .full }
            queue.waiting.append(pending)
            queues[pending.change.table] = queue
            return .behindOthers
        }
    }

    /// The next changes of a table. With none left the queue is closed, and the worker ends.
    func take(_ table: TableIdentifier) -> [PendingCommit] {
        queues.withLock { queues in
            guard var queue = queues[table], !queue.waiting.isEmpty else {
                queues[table] = nil
                return []
            }
            let group = Array(queue.waiting.prefix(Self.groupMax))
            queue.waiting.removeFirst(group.count)
            queues[table] = queue
            return group
        }
    }
}
