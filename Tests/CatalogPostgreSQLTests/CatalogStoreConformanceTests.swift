import CatalogPostgreSQL
import CatalogService
import LakeTesting
import Testing

@Suite(.enabled(if: PostgreSQLSchema.hasServer, "needs PostgreSQL: bin/test starts one"))
struct CatalogStoreConformanceTests {
    @Test(arguments: CatalogStoreConformance.checks)
    func `in PostgreSQL`(check: ConformanceCheck<any CatalogStore>) async throws {
        try await PostgreSQLSchema.with { options in
            let store = try await PostgreSQLCatalogStore(options)
            defer { store.close() }
            try await check.run(store)
        }
    }
}
