import GRDB

/// The store's own tables. A migration, once released, never changes; a new one is added behind it.
enum StoreSchema {
    /// No table of the model starts with it.
    static let prefix = "_dipper_"
    /// The end of the name of a table's view with readable values.
    static let readableSuffix = "_readable"

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1-operational") { db in try db.execute(sql: first) }
        return migrator
    }

    private static let first = """
        CREATE TABLE _dipper_tables (
            name TEXT NOT NULL PRIMARY KEY,
            definition TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE _dipper_watermarks (
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            incarnation TEXT NOT NULL,
            next_offset INTEGER NOT NULL,
            rows_done INTEGER NOT NULL,
            PRIMARY KEY (topic, partition)
        ) WITHOUT ROWID;
        CREATE TABLE _dipper_retired_incarnations (
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            incarnation TEXT NOT NULL,
            PRIMARY KEY (topic, partition, incarnation)
        ) WITHOUT ROWID;
        """
}
