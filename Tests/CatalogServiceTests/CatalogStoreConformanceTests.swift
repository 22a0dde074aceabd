import CatalogService
import LakeTesting
import Testing

@Suite struct CatalogStoreConformanceTests {
    @Test(arguments: CatalogStoreConformance.checks)
    func `in memory`(check: ConformanceCheck<any CatalogStore>) async throws {
        try await check.run(MemoryCatalogStore())
    }

    @Test(arguments: CatalogStoreConformance.checks)
    func `with its changes counted`(check: ConformanceCheck<any CatalogStore>) async throws {
        try await check.run(WatchedCatalogStore(MemoryCatalogStore(), watch: CatalogWatch()))
    }

    @Test(arguments: CatalogStoreConformance.checks)
    func `in SQLite`(check: ConformanceCheck<any CatalogStore>) async throws {
        let folder = try TemporaryFolder()
        try await check.run(try SQLiteCatalogStore(path: folder.file("catalog.sqlite")))
    }
}
