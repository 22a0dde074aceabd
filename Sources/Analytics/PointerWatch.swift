import CatalogService

/// Tells which tables have moved on in the catalog, whoever committed. A look costs one read of a row for each table.
struct PointerWatch: Sendable {
    private let catalog: any CatalogStore
    private let tables: [TableIdentifier]
    /// Where each table's metadata stood at the last look; `nil`: there was no such table.
    private var known: [TableIdentifier: String?] = [:]

    init(catalog: any CatalogStore, tables: [TableIdentifier]) {
        self.catalog = catalog
        self.tables = tables
    }

    /// The tables that stand elsewhere than at the last look; none at the first.
    mutating func moved() async throws -> [TableIdentifier] {
        var moved: [TableIdentifier] = []
        for table in tables {
            let location = try await catalog.pointer(table)?.metadataLocation
            if let before = known[table], before != location { moved.append(table) }
            known.updateValue(location, forKey: table)
        }
        return moved
    }
}
