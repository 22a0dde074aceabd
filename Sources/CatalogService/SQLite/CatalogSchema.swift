import GRDB

/// The tables of the catalog database. A migration, once released, never changes; a new one is added behind it.
enum CatalogSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1-catalog") { db in try db.execute(sql: first) }
        migrator.registerMigration("2-rest-catalog") { db in try db.execute(sql: restCatalog) }
        migrator.registerMigration("3-partial-work") { db in try db.execute(sql: partialWork) }
        return migrator
    }

    private static let partialWork = """
        ALTER TABLE watermarks ADD COLUMN step INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE watermarks ADD COLUMN ahead_offset INTEGER;
        ALTER TABLE watermarks ADD COLUMN partial_state BLOB;
        """

    /// `receipts` pages newest first by id, which sorts by time, so its unique index serves that too.
    private static let first = """
        CREATE TABLE namespaces (
            name TEXT NOT NULL PRIMARY KEY,
            properties TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE tables (
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            metadata_location TEXT NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY (namespace, name)
        ) WITHOUT ROWID;
        CREATE TABLE watermarks (
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            incarnation TEXT NOT NULL,
            next_offset INTEGER NOT NULL,
            PRIMARY KEY (topic, partition)
        ) WITHOUT ROWID;
        CREATE TABLE retired_incarnations (
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            incarnation TEXT NOT NULL,
            next_offset INTEGER NOT NULL,
            PRIMARY KEY (topic, partition, incarnation)
        ) WITHOUT ROWID;
        CREATE TABLE receipts (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            table_name TEXT NOT NULL,
            state TEXT NOT NULL,
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            "offset" INTEGER NOT NULL,
            created INTEGER NOT NULL,
            json BLOB NOT NULL
        );
        CREATE INDEX receipts_by_table ON receipts (table_name, id);
        CREATE INDEX receipts_by_created ON receipts (created);
        CREATE TABLE key_index (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            snapshot_id INTEGER NOT NULL,
            bytes BLOB NOT NULL
        );
        CREATE INDEX key_index_by_table ON key_index (namespace, name, sequence);
        CREATE TABLE fences (
            role TEXT NOT NULL PRIMARY KEY,
            token INTEGER NOT NULL
        ) WITHOUT ROWID;
        """

    /// Views stand beside tables, in the same space of names.
    private static let restCatalog = """
        CREATE TABLE views (
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            metadata_location TEXT NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY (namespace, name)
        ) WITHOUT ROWID;
        CREATE TABLE idempotent_answers (
            key TEXT NOT NULL PRIMARY KEY,
            digest TEXT NOT NULL,
            created INTEGER NOT NULL,
            status INTEGER NOT NULL,
            metadata_location TEXT,
            body BLOB NOT NULL
        );
        CREATE INDEX idempotent_answers_by_created ON idempotent_answers (created);
        """
}
