import Synchronization

/// Keeps maintenance of a table out of the way of this process's writers.
///
/// A writer that is at work is never disturbed: maintenance waits for the end of its unit, does its short commit, and a
/// writer that comes meanwhile waits that long. What keeps commits right is the swap in the catalog; this spares a
/// writer to do its work again because maintenance came first.
package final class WriterTurns: Sendable {
    private struct Maintainer {
        var id: UInt64
        var table: TableIdentifier
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct Writer {
        var tables: [TableIdentifier]
        var nowMicroseconds: Int64
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        /// Starts of the writers that are at work, by table.
        var writing: [TableIdentifier: [Int64]] = [:]
        var maintained: Set<TableIdentifier> = []
        var waitingMaintainers: [Maintainer] = []
        var waitingWriters: [Writer] = []
        var nextID: UInt64 = 0

        mutating func start(_ tables: [TableIdentifier], _ nowMicroseconds: Int64) -> Bool {
            guard tables.allSatisfy({ !maintained.contains($0) }) else { return false }
            for table in tables { writing[table, default: []].append(nowMicroseconds) }
            return true
        }

        mutating func maintain(_ table: TableIdentifier) -> Bool {
            guard writing[table] == nil, !maintained.contains(table) else { return false }
            maintained.insert(table)
            return true
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Begins a unit of work on tables; every call is followed by one of ``leave(_:)`` with the same tables.
    package func enter(_ tables: [TableIdentifier], nowMicroseconds: Int64) async {
        if state.withLock({ $0.start(tables, nowMicroseconds) }) { return }
        await withCheckedContinuation { continuation in
            let isIn = state.withLock { state in
                if state.start(tables, nowMicroseconds) { return true }
                state.waitingWriters.append(
                    Writer(tables: tables, nowMicroseconds: nowMicroseconds, continuation: continuation))
                return false
            }
            if isIn { continuation.resume() }
        }
    }

    package func leave(_ tables: [TableIdentifier]) {
        let next = state.withLock { state in
            for table in tables {
                state.writing[table]?.removeFirst()
                if state.writing[table]?.isEmpty ?? false { state.writing[table] = nil }
            }
            return Self.next(&state)
        }
        next.resume()
    }

    /// When the work on a table began that is under way longest, in microseconds since 1970; `nil` when there is none.
    package func busySince(_ table: TableIdentifier) -> Int64? { state.withLock { $0.writing[table]?.min() } }

    /// Runs `body` while no writer of this process is at work on the table.
    /// - Throws: `CancellationError` when cancelled while it waits; what `body` throws.
    package func maintaining<Value>(_ table: TableIdentifier, _ body: () async throws -> Value) async throws -> Value {
        try await begin(table)
        defer {
            let next = state.withLock { state in
                state.maintained.remove(table)
                return Self.next(&state)
            }
            next.resume()
        }
        return try await body()
    }

    private func begin(_ table: TableIdentifier) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.maintain(table) { return .success(()) }
                    state.waitingMaintainers.append(Maintainer(id: id, table: table, continuation: continuation))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let cancelled = state.withLock { state in
                let index = state.waitingMaintainers.firstIndex { $0.id == id }
                return index.map { state.waitingMaintainers.remove(at: $0) }
            }
            cancelled?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Those who may go on.
    private struct Admitted {
        var maintainers: [Maintainer] = []
        var writers: [Writer] = []

        func resume() {
            for maintainer in maintainers { maintainer.continuation.resume() }
            for writer in writers { writer.continuation.resume() }
        }
    }

    /// Writers that wait come first: they waited for a maintainer. Then maintainers, whose table nobody works on now.
    private static func next(_ state: inout State) -> Admitted {
        var admitted = Admitted()
        state.waitingWriters = state.waitingWriters.filter { writer in
            guard state.start(writer.tables, writer.nowMicroseconds) else { return true }
            admitted.writers.append(writer)
            return false
        }
        state.waitingMaintainers = state.waitingMaintainers.filter { maintainer in
            guard state.maintain(maintainer.table) else { return true }
            admitted.maintainers.append(maintainer)
            return false
        }
        return admitted
    }
}
