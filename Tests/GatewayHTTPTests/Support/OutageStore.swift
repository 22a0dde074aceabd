import CatalogService
import Synchronization

/// A catalog whose database goes away and comes back.
final class OutageStore: CatalogStore {
    private let inner: any CatalogStore
    private let failure = Mutex<(any Error)?>(nil)

    init(_ inner: any CatalogStore) { self.inner = inner }

    func fail(with error: (any Error)?) { failure.withLock { $0 = error } }

    private var reached: any CatalogStore {
        get throws {
            if let error = failure.withLock({ $0 }) { throw error }
            return inner
        }
    }

    func namespaces() async throws -> [String] { try await reached.namespaces() }

    func createNamespace(_ name: String, properties: [String: String]) async throws {
        try await reached.createNamespace(name, properties: properties)
    }

    func namespaceProperties(_ name: String) async throws -> [String: String]? {
        try await reached.namespaceProperties(name)
    }

    func namespaces(below parent: String?, after: String?, limit: Int) async throws -> [String] {
        try await reached.namespaces(below: parent, after: after, limit: limit)
    }

    func tables(in namespace: String) async throws -> [TableIdentifier] { try await reached.tables(in: namespace) }

    func names(of kind: RelationKind, in namespace: String, after: String?, limit: Int) async throws -> [String] {
        try await reached.names(of: kind, in: namespace, after: after, limit: limit)
    }

    func pointer(_ table: TableIdentifier) async throws -> TablePointer? { try await reached.pointer(table) }

    func viewPointer(_ view: TableIdentifier) async throws -> TablePointer? { try await reached.viewPointer(view) }

    func idempotentAnswer(key: String) async throws -> IdempotentAnswer? {
        try await reached.idempotentAnswer(key: key)
    }

    func commit(_ commit: CatalogCommit) async throws { try await reached.commit(commit) }

    func watermark(topic: String, partition: Int) async throws -> CatalogWatermark? {
        try await reached.watermark(topic: topic, partition: partition)
    }

    func watermarks() async throws -> [CatalogWatermark] { try await reached.watermarks() }

    func receipt(id: String) async throws -> ReceiptRow? { try await reached.receipt(id: id) }

    func receipts(table: String?, before: String?, limit: Int) async throws -> [ReceiptRow] {
        try await reached.receipts(table: table, before: before, limit: limit)
    }

    func receiptCount(table: String?) async throws -> Int { try await reached.receiptCount(table: table) }

    func keyIndex(_ table: TableIdentifier) async throws -> [KeyIndexPiece] { try await reached.keyIndex(table) }

    func acquireFence(role: String) async throws -> Int64 { try await reached.acquireFence(role: role) }
}
