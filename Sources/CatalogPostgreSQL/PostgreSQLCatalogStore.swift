package import CatalogService
package import PostgreSQLSupport

/// The catalog in a schema of a PostgreSQL database, which any number of processes may serve at once.
///
/// A commit is one transaction with `synchronous_commit=on`, so one that has returned survives a crash of the server.
/// Pointers are swapped by `UPDATE … WHERE metadata_location = …`, on the row, without a lock on anything else.
package final class PostgreSQLCatalogStore: CatalogStore {
    /// The schema unless another is asked for.
    package static let schemaDefault = "dipper_catalog"

    let pool: PostgreSQLPool

    /// Connects and brings the schema up to date.
    /// - Throws: `PostgreSQLFailure`, of them `database-newer` for a schema of a later version.
    package init(_ options: PostgreSQLOptions) async throws {
        var options = options
        options.isSynchronous = true
        options.applicationName = "dipper catalog"
        pool = PostgreSQLPool(options)
        try await pool.run {
            try PostgreSQLMigrations.apply(CatalogSchema.migrations, of: CatalogSchema.component, on: $0)
        }
    }

    /// Closes the connections; the store is not to be used afterwards.
    package func close() { pool.close() }

    // MARK: Commit

    package func commit(_ commit: CatalogCommit) async throws {
        try await write { try CommitApplication(session: $0).apply(commit) }
    }

    package func createNamespace(_ name: String, properties: [String: String]) async throws {
        try await write { session in
            try NamesLock.take(session)
            try NamespaceApplication(session: session).insert(name, properties)
        }
    }

    package func acquireFence(role: String) async throws -> Int64 {
        try await write { session in
            try session.execute(
                """
                INSERT INTO fences (role, token) VALUES ($1, 1)
                ON CONFLICT (role) DO UPDATE SET token = fences.token + 1 RETURNING token
                """, [.text(role)]
            ).int64(0, 0)
        }
    }

    /// One transaction. What fails before COMMIT has changed nothing and is told as it is.
    private func write<Value: Sendable>(
        _ body: @escaping @Sendable (PostgreSQLConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.transaction(body)
        } catch let failure as PostgreSQLFailure where failure.code == "commit-state-unknown" {
            throw CatalogError.stateUnknown(failure.cause ?? failure)
        }
    }
}
