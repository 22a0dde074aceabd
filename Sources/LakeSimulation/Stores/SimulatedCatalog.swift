import CatalogService
import LakeTesting

/// The catalog as one process reaches it.
struct SimulatedCatalog: CatalogStore {
    let world: SimulationWorld
    let process: SimulatedProcess

    func namespaces() async throws -> [String] { try await look { try await $0.namespaces() } }

    func createNamespace(_ name: String, properties: [String: String]) async throws {
        try await look { try await $0.createNamespace(name, properties: properties) }
    }

    func tables(in namespace: String) async throws -> [TableIdentifier] {
        try await look { try await $0.tables(in: namespace) }
    }

    func pointer(_ table: TableIdentifier) async throws -> TablePointer? {
        try await look { try await $0.pointer(table) }
    }

    func namespaceProperties(_ name: String) async throws -> [String: String]? {
        try await look { try await $0.namespaceProperties(name) }
    }

    func namespaces(below parent: String?, after: String?, limit: Int) async throws -> [String] {
        try await look { try await $0.namespaces(below: parent, after: after, limit: limit) }
    }

    func names(
        of kind: RelationKind, in namespace: String, after: String?, limit: Int
    ) async throws -> [String] {
        try await look { try await $0.names(of: kind, in: namespace, after: after, limit: limit) }
    }

    func viewPointer(_ view: TableIdentifier) async throws -> TablePointer? {
        try await look { try await $0.viewPointer(view) }
    }

    func idempotentAnswer(key: String) async throws -> IdempotentAnswer? {
        try await look { try await $0.idempotentAnswer(key: key) }
    }

    func commit(_ commit: CatalogCommit) async throws { try await self.commit(commit, change: nil) }

    /// - Parameter change: what another engine's commit does to the rows.
    func commit(_ commit: CatalogCommit, change: ForeignChange?) async throws {
        let unknown =
            world.plant == .prematureDeletion
            ? CatalogError(code: "commit-conflict", message: "a lost answer, told as a failure")
            : CatalogError(code: "commit-state-unknown", message: "no answer in the simulation", isRetryable: true)
        let refusal = CatalogError(code: "commit-conflict", message: "refused in the simulation", isRetryable: true)
        try await world.call(.commit, of: process, refusal: refusal, unknown: unknown) { [world] in
            do {
                try await Self.apply(commit, change, world)
            } catch let error as CatalogError where error.code == "commit-conflict" && change == nil {
                guard world.plant == .replayedDeletes, let rebased = try await Rebase(world: world).rebased(commit)
                else {
                    world.count("commit-conflict")
                    throw error
                }
                try await Self.apply(rebased, nil, world)
            }
        }
    }

    private static func apply(
        _ commit: CatalogCommit, _ change: ForeignChange?, _ world: SimulationWorld
    ) async throws {
        var applied = commit
        if world.plant == .lostWatermark { applied.watermarks = [] }
        if world.plant == .unfencedWriter { applied.fence = nil }
        try await world.catalog.commit(applied)
        if let fence = commit.fence, let newest = world.newestFences[fence.role], fence.token < newest {
            world.violate(
                "fencing: a writer of \(fence.role) with token \(fence.token) committed after \(newest) was given")
        }
        world.history.append(AppliedCommit(commit: commit, change: change))
        if world.history.count == SimulationWorld.commitsMax { world.stop("the same is committed again and again") }
        world.count(change == nil ? "committed" : "committed-by-others")
    }

    func watermark(topic: String, partition: Int) async throws -> CatalogWatermark? {
        try await look { try await $0.watermark(topic: topic, partition: partition) }
    }

    func watermarks() async throws -> [CatalogWatermark] { try await look { try await $0.watermarks() } }

    func receipt(id: String) async throws -> ReceiptRow? { try await look { try await $0.receipt(id: id) } }

    func receipts(table: String?, before: String?, limit: Int) async throws -> [ReceiptRow] {
        try await look { try await $0.receipts(table: table, before: before, limit: limit) }
    }

    func receiptCount(table: String?) async throws -> Int { try await look { try await $0.receiptCount(table: table) } }

    func keyIndex(_ table: TableIdentifier) async throws -> [KeyIndexPiece] {
        try await look { try await $0.keyIndex(table) }
    }

    func acquireFence(role: String) async throws -> Int64 {
        try await world.call(.fence, of: process, refusal: Self.failure, unknown: Self.failure) { [world] in
            let token = try await world.catalog.acquireFence(role: role)
            world.newestFences[role] = token
            return token
        }
    }

    private func look<Value: Sendable>(
        _ body: @escaping @Sendable (any CatalogStore) async throws -> Value
    ) async throws -> Value {
        try await world.call(.readCatalog, of: process, refusal: Self.failure, unknown: Self.failure) { [world] in
            try await body(world.catalog)
        }
    }

    private static var failure: CatalogError {
        CatalogError(code: "catalog-failed", message: "failed in the simulation", isRetryable: true)
    }
}
