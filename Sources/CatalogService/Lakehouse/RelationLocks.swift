import Synchronization

/// One holder at a time for each table, in the order of asking.
///
/// Only spares the members of this process needless conflicts; what keeps commits apart is the swap in the store.
final class RelationLocks: Sendable {
    private struct Entry {
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let entries = Mutex<[TableIdentifier: Entry]>([:])

    func with<Value: Sendable>(
        _ tables: [TableIdentifier], _ body: () async throws -> Value
    ) async rethrows -> Value {
        // One order for all, so that no two wait for each other.
        let ordered = Set(tables).sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        for table in ordered { await acquire(table) }
        defer { for table in ordered { release(table) } }
        return try await body()
    }

    private func acquire(_ table: TableIdentifier) async {
        await withCheckedContinuation { continuation in
            let isFree = entries.withLock { entries in
                guard entries[table] != nil else {
                    entries[table] = Entry()
                    return true
                }
                entries[table]?.waiters.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func release(_ table: TableIdentifier) {
        let next: CheckedContinuation<Void, Never>? = entries.withLock { entries in
            guard let waiters = entries[table]?.waiters, !waiters.isEmpty else {
                entries[table] = nil
                return nil
            }
            return entries[table]?.waiters.removeFirst()
        }
        next?.resume()
    }
}
