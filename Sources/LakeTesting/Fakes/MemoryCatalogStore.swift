package import CatalogService
import Synchronization

/// A catalog in memory, by the same rules as a real one, with ``FaultHooks`` around `commit`.
package final class MemoryCatalogStore: CatalogStore {
    struct State {
        var namespaces: [String: [String: String]] = [:]
        var views: [TableIdentifier: TablePointer] = [:]
        var answers: [String: IdempotentAnswer] = [:]
        var pointers: [TableIdentifier: TablePointer] = [:]
        var watermarks: [String: CatalogWatermark] = [:]
        var retired: Set<String> = []
        var receipts: [String: ReceiptRow] = [:]
        var keyIndex: [TableIdentifier: [KeyIndexPiece]] = [:]
        var fences: [String: Int64] = [:]
    }

    package let hooks = FaultHooks()
    let state = Mutex(State())

    package init() {}

    package func namespaces() async throws -> [String] {
        state.withLock { $0.namespaces.keys.sorted(by: Self.precedes) }
    }

    package func createNamespace(_ name: String, properties: [String: String]) async throws {
        state.withLock { if $0.namespaces[name] == nil { $0.namespaces[name] = properties } }
    }

    package func tables(in namespace: String) async throws -> [TableIdentifier] {
        state.withLock { $0.pointers.keys.filter { $0.namespace == namespace } }.sorted { $0.name < $1.name }
    }

    package func pointer(_ table: TableIdentifier) async throws -> TablePointer? {
        state.withLock { $0.pointers[table] }
    }

    package func commit(_ commit: CatalogCommit) async throws {
        try await hooks.before("commit")
        try state.withLock { state in
            // A copy that replaces the state only when all of it held.
            var next = state
            try Self.apply(commit, &next)
            state = next
        }
        try await hooks.after("commit")
    }

    package func watermark(topic: String, partition: Int) async throws -> CatalogWatermark? {
        state.withLock { $0.watermarks["\(topic)/\(partition)"] }
    }

    package func watermarks() async throws -> [CatalogWatermark] {
        state.withLock { Array($0.watermarks.values) }.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }

    package func receipt(id: String) async throws -> ReceiptRow? { state.withLock { $0.receipts[id] } }

    package func receipts(table: String?, before: String?, limit: Int) async throws -> [ReceiptRow] {
        let all = state.withLock { Array($0.receipts.values) }.sorted { $0.id > $1.id }
        return Array(
            all.filter { row in (table.map { $0 == row.table } ?? true) && (before.map { row.id < $0 } ?? true) }
                .prefix(max(0, limit)))
    }

    package func receiptCount(table: String?) async throws -> Int {
        state.withLock { $0.receipts.values.count { row in table.map { $0 == row.table } ?? true } }
    }

    package func keyIndex(_ table: TableIdentifier) async throws -> [KeyIndexPiece] {
        state.withLock { $0.keyIndex[table] ?? [] }
    }

    package func acquireFence(role: String) async throws -> Int64 {
        state.withLock { state in
            state.fences[role, default: 0] += 1
            return state.fences[role] ?? 0
        }
    }

    private static func apply(_ commit: CatalogCommit, _ state: inout State) throws {
        if let fence = commit.fence, state.fences[fence.role] != fence.token { throw conflict("the fence moved on") }
        for change in commit.namespaceChanges { try apply(change, &state) }
        for removal in commit.removals { try remove(removal, &state) }
        for rename in commit.renames { try apply(rename, &state) }
        for swap in commit.swaps { try apply(swap, .table, &state) }
        for swap in commit.viewSwaps { try apply(swap, .view, &state) }
        for answer in commit.answers {
            guard state.answers[answer.key] == nil else { throw CatalogError.idempotencyKeyUsed(answer.key) }
            state.answers[answer.key] = answer
        }
        for watermark in commit.watermarks { try advance(watermark, &state) }
        for table in commit.keyIndexResets { state.keyIndex[table] = nil }
        for piece in commit.keyIndexPieces { state.keyIndex[piece.table, default: []].append(piece) }
        for receipt in commit.receipts { state.receipts[receipt.id] = receipt }
    }

    private static func advance(_ wanted: CatalogWatermark, _ state: inout State) throws {
        let place = "\(wanted.topic)/\(wanted.partition)"
        if let stored = state.watermarks[place] {
            if stored.incarnation == wanted.incarnation {
                guard wanted.isPast(stored) else {
                    throw conflict("the watermark of \(place) is \(stored.nextOffset)")
                }
            } else if state.retired.contains("\(place)/\(wanted.incarnation)") {
                throw conflict("the log \(wanted.incarnation) of \(place) was replaced")
            } else {
                state.retired.insert("\(place)/\(stored.incarnation)")
            }
        }
        state.watermarks[place] = wanted
    }

    static func conflict(_ message: String) -> CatalogError {
        CatalogError(code: "commit-conflict", message: message)
    }
}
