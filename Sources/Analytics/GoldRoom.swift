package import CatalogService
package import Iceberg
package import LakeModel
package import ObjectStorage
package import QueryEngine

/// Reads the lake for gold tables.
package protocol GoldSource: Sendable {
    /// The current metadata of a table, `nil` when there is none.
    func metadata(_ table: TableIdentifier) async throws -> TableMetadata?

    /// Tables as the engine takes them, in the state of the snapshots that are named beside them.
    /// - Parameter sql: what is going to be asked of them.
    /// - Throws: what is wrong with one of the tables; a table that is missing is not in the plan.
    func plan(_ tables: [TableIdentifier], for sql: String) async throws -> GoldPlan
}

package struct GoldPlan: Sendable {
    package var tables: [QueryTable]
    /// Of each table that has a snapshot.
    package var snapshotIDs: [TableIdentifier: Int64]
    /// Keeps the tables' files from being deleted while the plan is held.
    package var hold: (any Sendable)?

    package init(tables: [QueryTable], snapshotIDs: [TableIdentifier: Int64], hold: (any Sendable)? = nil) {
        self.tables = tables
        self.snapshotIDs = snapshotIDs
        self.hold = hold
    }
}

/// What gold tables are made with.
package struct GoldRoom: Sendable {
    package let book: GoldBook
    package let source: any GoldSource
    package let engine: any QueryEngine
    package let catalog: LakehouseCatalog
    package let objects: any ObjectStore
    package let limits: GoldLimits
    /// Since 1970 UTC.
    package let nowMilliseconds: @Sendable () -> Int64

    package init(
        model: LakeDeclaration, source: any GoldSource, engine: any QueryEngine, catalog: LakehouseCatalog,
        objects: any ObjectStore, limits: GoldLimits, nowMilliseconds: @escaping @Sendable () -> Int64
    ) {
        book = GoldBook(model: model)
        self.source = source
        self.engine = engine
        self.catalog = catalog
        self.objects = objects
        self.limits = limits
        self.nowMilliseconds = nowMilliseconds
    }

    /// Whether a gold table reflects its inputs as they are.
    /// - Throws: what keeps metadata from being read.
    package func isCurrent(_ name: String) async throws -> Bool {
        var metadata: [TableIdentifier: TableMetadata] = [:]
        for table in book.tables(bearingOn: [name]) { metadata[table] = try await source.metadata(table) }
        return book.isCurrent(name, metadata)
    }
}
