/// A step of a schema. Once released it never changes; a new one is added behind it.
package struct PostgreSQLMigration: Sendable, Hashable {
    package var name: String
    /// Statements with `;` between them, run with the schema first in the search path.
    package var sql: String

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
}

/// Brings a schema to the state that a component needs. Several processes may do so at once: one works, the others wait.
package enum PostgreSQLMigrations {
    /// The table that remembers what was done, in the schema itself.
    static let table = "_dipper_migrations"

    /// Applies what is missing, all in one transaction.
    /// - Parameter component: whose migrations these are; components may share a schema.
    /// - Throws: ``PostgreSQLFailure``; `database-newer` when a later version of the program has been here.
    package static func apply(
        _ migrations: [PostgreSQLMigration], of component: String, on connection: PostgreSQLConnection
    ) throws {
        let schema = connection.options.schema
        let quoted = PostgreSQLText.quoted(schema)
        try connection.transaction { session in
            _ = try session.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('dipper migrations of ' || $1, 0))", [.text(schema)])
            if try !exists("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", schema, session) {
                try session.run("CREATE SCHEMA \(quoted)")
            }
            let tableExists = try exists(
                "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = '\(table)')", schema,
                session)
            if !tableExists {
                try session.run(
                    """
                    CREATE TABLE \(quoted).\(table) (
                        component text NOT NULL, name text NOT NULL, applied timestamptz NOT NULL DEFAULT now(),
                        PRIMARY KEY (component, name))
                    """)
            }
            let rows = try session.execute(
                "SELECT name FROM \(quoted).\(table) WHERE component = $1", [.text(component)])
            let done = Set((0..<rows.rowCount).map { rows.text($0, 0) })
            guard done.isSubset(of: migrations.map(\.name)) else {
                throw PostgreSQLFailure(
                    code: "database-newer",
                    message: "a later version of the program has changed the schema '\(schema)'",
                    remedy: "start that version, or restore a copy made before it ran", place: session.place)
            }
            for migration in migrations where !done.contains(migration.name) {
                try session.run(migration.sql)
                _ = try session.execute(
                    "INSERT INTO \(quoted).\(table) (component, name) VALUES ($1, $2)",
                    [.text(component), .text(migration.name)])
            }
        }
    }

    private static func exists(_ sql: String, _ name: String, _ session: PostgreSQLConnection) throws -> Bool {
        try session.execute(sql, [.text(name)]).boolean(0, 0)
    }
}
