package import LakeModel
package import OperationalStore
package import PostgreSQLSupport
import Synchronization

/// The operational database in a schema of a PostgreSQL database, in tables that other programs read and join.
///
/// Commits don't wait for the server's disk (`synchronous_commit=off`): a crash of the server may take the last changes,
/// whole transactions with their watermarks, and what the log holds behind the watermark is applied again. Values lie
/// as ``ColumnTypes`` says.
package final class PostgreSQLOperationalStore: OperationalStore {
    /// The schema unless another is asked for.
    package static let schemaDefault = "public"
    /// Milliseconds that a statement may take: a slice's upsert into a large table, or a column that gets a wider type.
    package static let statementMilliseconds = 600_000

    let pool: PostgreSQLPool
    private let tables = Mutex<[String: OperationalTable]>([:])

    /// Connects and brings the schema up to date.
    /// - Throws: `PostgreSQLFailure`, of them `database-newer` for a schema of a later version.
    package init(_ options: PostgreSQLOptions) async throws {
        var options = options
        options.isSynchronous = false
        options.statementMilliseconds = Self.statementMilliseconds
        options.applicationName = "dipper operational"
        pool = PostgreSQLPool(options)
        try await pool.run {
            try PostgreSQLMigrations.apply(StoreSchema.migrations, of: StoreSchema.component, on: $0)
        }
    }

    /// Closes the connections; the store is not to be used afterwards.
    package func close() { pool.close() }

    package func prepare(_ wanted: [OperationalTable]) async throws {
        try await pool.transaction { session in
            let change = SchemaChange(session: session)
            try change.takeTurn()
            for table in wanted { try change.prepare(table) }
        }
        tables.withLock { known in for table in wanted { known[table.name] = table } }
    }

    package func watermark(topic: String, partition: Int) async throws -> OperationalWatermark? {
        try await pool.read { session in
            let rows = try session.execute(
                """
                SELECT incarnation, next_offset, rows_done FROM _dipper_watermarks WHERE topic = $1 AND partition = $2
                """, [.text(topic), .bigint(partition)])
            guard rows.rowCount > 0 else { return nil }
            return OperationalWatermark(
                incarnation: rows.text(0, 0), nextOffset: rows.int64(0, 1), rowsDone: rows.int64(0, 2))
        }
    }

    @discardableResult package func apply(_ change: OperationalChange) async throws -> Bool {
        let prepared = try PreparedChange(change, try prepared(change.table))
        do {
            return try await pool.transaction { try ChangeApplication(session: $0, prepared: prepared).apply() }
        } catch let failure as PostgreSQLFailure where failure.code == "constraint-violated" {
            // Another writer was faster with a key that a straight COPY took for new.
            return try await pool.transaction {
                try ChangeApplication(session: $0, prepared: prepared, mayCopyStraight: false).apply()
            }
        }
    }

    package func row(table name: String, key: [Datum]) async throws -> [Datum?]? {
        let table = try prepared(name)
        let parameters = try KeyMatching.parameters(key, table)
        let columns = table.columns.map { PostgreSQLText.quoted($0.name) }.joined(separator: ", ")
        let sql = "SELECT \(columns) FROM \(PostgreSQLText.quoted(name)) WHERE \(KeyMatching.condition(table))"
        return try await pool.read { session in
            let rows = try session.execute(sql, parameters)
            guard rows.rowCount > 0 else { return nil }
            return try table.columns.enumerated().map { index, field in
                if rows.isNull(0, index) { return nil }
                guard let type = field.type.primitive,
                    let datum = ColumnTypes.datum(rows.bytes(0, index), type: type)
                else {
                    throw OperationalError(
                        code: "value-corrupt",
                        message: "a stored value is no \(field.type.primitive?.description ?? "")",
                        remedy: "another program changed the table: write the row again",
                        place: Place(source: name, column: field.name))
                }
                return datum
            }
        }
    }

    /// - Complexity: O(rows), for PostgreSQL keeps no exact count.
    package func rowCount(table name: String) async throws -> Int {
        _ = try prepared(name)
        return try await pool.read {
            Int(try $0.execute("SELECT count(*) FROM \(PostgreSQLText.quoted(name))").int64(0, 0))
        }
    }

    private func prepared(_ name: String) throws -> OperationalTable {
        guard let table = tables.withLock({ $0[name] }) else { throw OperationalError.tableMissing(name) }
        return table
    }
}
