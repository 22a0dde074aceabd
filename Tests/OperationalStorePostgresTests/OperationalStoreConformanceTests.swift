import LakeTesting
import OperationalStore
import OperationalStorePostgres
import Testing

@Suite(.enabled(if: PostgreSQLSchema.hasServer, "needs PostgreSQL: bin/test starts one"))
struct OperationalStoreConformanceTests {
    @Test(arguments: OperationalStoreConformance.checks)
    func `in PostgreSQL`(check: ConformanceCheck<any OperationalStore>) async throws {
        try await PostgreSQLSchema.with { options in
            let store = try await PostgreSQLOperationalStore(options)
            defer { store.close() }
            try await check.run(store)
        }
    }
}
