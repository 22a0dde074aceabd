internal import Synchronization

/// Counts the changes that this process makes to a catalog, so that what was read from it can be known to hold still
/// without asking again.
package final class CatalogWatch: Sendable {
    /// A time between two changes.
    package struct Stamp: Sendable, Hashable {
        fileprivate let number: UInt64
    }

    private struct State {
        var number: UInt64 = 0
        var underWay = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// The present; `nil` while a change is under way, which others may or may not see yet.
    package var stamp: Stamp? { state.withLock { $0.underWay == 0 ? Stamp(number: $0.number) : nil } }

    fileprivate func began() { state.withLock { $0.underWay += 1 } }

    fileprivate func ended() {
        state.withLock { state in
            state.underWay -= 1
            state.number += 1
        }
    }
}

/// A catalog whose changes are counted. A change counts whatever became of it: an answer may be lost.
package struct WatchedCatalogStore: CatalogStore {
    private let store: any CatalogStore
    package let watch: CatalogWatch

    package init(_ store: any CatalogStore, watch: CatalogWatch) {
        self.store = store
        self.watch = watch
    }

    private func changing<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        watch.began()
        defer { watch.ended() }
        return try await body()
    }

    // MARK: Changes

    package func createNamespace(_ name: String, properties: [String: String]) async throws {
        try await changing { try await store.createNamespace(name, properties: properties) }
    }

    package func commit(_ commit: CatalogCommit) async throws {
        try await changing { try await store.commit(commit) }
    }

    package func acquireFence(role: String) async throws -> Int64 { try await store.acquireFence(role: role) }

    // MARK: Reads

    package func namespaces() async throws -> [String] { try await store.namespaces() }

    package func namespaceProperties(_ name: String) async throws -> [String: String]? {
        try await store.namespaceProperties(name)
    }

    package func namespaces(below parent: String?, after: String?, limit: Int) async throws -> [String] {
        try await store.namespaces(below: parent, after: after, limit: limit)
    }

    package func tables(in namespace: String) async throws -> [TableIdentifier] {
        try await store.tables(in: namespace)
    }

    package func names(
        of kind: RelationKind, in namespace: String, after: String?, limit: Int
    ) async throws -> [String] {
        try await store.names(of: kind, in: namespace, after: after, limit: limit)
    }

    package func pointer(_ table: TableIdentifier) async throws -> TablePointer? { try await store.pointer(table) }

    package func viewPointer(_ view: TableIdentifier) async throws -> TablePointer? {
        try await store.viewPointer(view)
    }

    package func idempotentAnswer(key: String) async throws -> IdempotentAnswer? {
        try await store.idempotentAnswer(key: key)
    }

    package func watermark(topic: String, partition: Int) async throws -> CatalogWatermark? {
        try await store.watermark(topic: topic, partition: partition)
    }

    package func watermarks() async throws -> [CatalogWatermark] { try await store.watermarks() }

    package func receipt(id: String) async throws -> ReceiptRow? { try await store.receipt(id: id) }

    package func receipts(table: String?, before: String?, limit: Int) async throws -> [ReceiptRow] {
        try await store.receipts(table: table, before: before, limit: limit)
    }

    package func receipts(ids: [String]) async throws -> [ReceiptRow] { try await store.receipts(ids: ids) }

    package func receiptCount(table: String?) async throws -> Int { try await store.receiptCount(table: table) }

    package func keyIndex(_ table: TableIdentifier) async throws -> [KeyIndexPiece] {
        try await store.keyIndex(table)
    }
}
