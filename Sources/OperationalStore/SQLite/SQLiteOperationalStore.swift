import GRDB
package import LakeModel
import SQLiteSupport
import Synchronization

/// The operational database in one SQLite file.
///
/// WAL with `synchronous=NORMAL`: a power loss may take the last changes, whole transactions with their watermarks,
/// and what the log holds behind the watermark is applied again. So no fsync is paid a change. Values lie as
/// ``ColumnCoding`` says; every table has a view `<table>_readable` beside it.
package final class SQLiteOperationalStore: OperationalStore {
    /// 64 MiB of pages, for keys that come in no order.
    static let cacheKibibytes = 65_536
    /// 16,384 pages, 64 MiB of WAL: bulk loads rewrite a page many times before a checkpoint copies it once.
    static let checkpointPages = 16_384

    let pool: DatabasePool
    private let path: String
    private let tables = Mutex<[String: OperationalTable]>([:])

    /// Opens or creates the file; its folder must exist.
    /// - Throws: `SQLiteFailure`, of them `database-newer` for a file of a later version.
    package init(path: String) throws {
        self.path = path
        var options = SQLiteFile.Options(synchronous: .normal)
        options.cacheKibibytes = Self.cacheKibibytes
        options.checkpointPages = Self.checkpointPages
        pool = try SQLiteFile.open(path: path, options: options, migrator: StoreSchema.migrator)
    }

    /// Closes the connections; the store is not to be used afterwards.
    package func close() throws { try SQLiteFailure.translating(path) { try pool.close() } }

    package func prepare(_ wanted: [OperationalTable]) async throws {
        try await SQLiteFailure.translating(path) {
            try await pool.write { db in for table in wanted { _ = try SchemaChange(db: db).prepare(table) } }
        }
        tables.withLock { known in for table in wanted { known[table.name] = table } }
    }

    package func watermark(topic: String, partition: Int) async throws -> OperationalWatermark? {
        try await SQLiteFailure.translating(path) {
            try await pool.read { try ChangeApplication.watermark($0, topic: topic, partition: partition) }
        }
    }

    @discardableResult package func apply(_ change: OperationalChange) async throws -> Bool {
        let table = try prepared(change.table)
        return try await SQLiteFailure.translating(path) {
            try await pool.write { db in try ChangeApplication(db: db, table: table).apply(change) }
        }
    }

    package func row(table name: String, key: [Datum]) async throws -> [Datum?]? {
        let table = try prepared(name)
        let arguments = try KeyMatching.arguments(key, table)
        let columns = table.columns.map(ColumnCoding.selected).joined(separator: ", ")
        let sql = "SELECT \(columns) FROM \(SQLiteFile.quoted(name)) WHERE \(KeyMatching.condition(table))"
        return try await SQLiteFailure.translating(path) {
            try await pool.read { db in
                try Row.fetchOne(db.cachedStatement(sql: sql), arguments: arguments).map { row in
                    try zip(table.columns, row.databaseValues).map { field, value in
                        guard let type = field.type.primitive else { return nil }
                        return try ColumnCoding.datum(value, type: type, table: name, column: field.name)
                    }
                }
            }
        }
    }

    /// - Complexity: O(rows), for SQLite keeps no count.
    package func rowCount(table name: String) async throws -> Int {
        _ = try prepared(name)
        return try await SQLiteFailure.translating(path) {
            try await pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(SQLiteFile.quoted(name))") ?? 0 }
        }
    }

    private func prepared(_ name: String) throws -> OperationalTable {
        guard let table = tables.withLock({ $0[name] }) else { throw OperationalError.tableMissing(name) }
        return table
    }
}
