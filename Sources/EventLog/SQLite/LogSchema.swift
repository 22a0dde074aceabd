import GRDB

/// The tables of the log's database. A migration, once released, never changes; a new one is added behind it.
enum LogSchema {
    /// 16 KiB: payloads of some ten kilobytes take few overflow pages.
    static let pageBytes = 16_384
    /// 2048 pages, 32 MiB of WAL before a checkpoint.
    static let checkpointPages = 2048
    static let incarnationKey = "incarnation"

    static func migrator(newIncarnation: String) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1-log") { db in
            try db.execute(sql: first)
            try db.execute(
                sql: "INSERT INTO log_properties (name, value) VALUES (?, ?)",
                arguments: [incarnationKey, newIncarnation])
        }
        migrator.registerMigration("2-retention") { db in try db.execute(sql: retention) }
        return migrator
    }

    /// `first_id` of a claim holds all its ids, one a line, so that they outlive the records.
    private static let retention = """
        ALTER TABLE partitions ADD COLUMN start_offset INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE partitions ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
        UPDATE partitions SET bytes = (
            SELECT coalesce(sum(length(payload) + coalesce(length(headers), 0) + length(records.id)), 0) FROM records
            WHERE partition_id = partitions.id
        );
        """

    /// `records` is kept in the order of appending, so that the file grows at its end; offsets and ids are indexes.
    private static let first = """
        CREATE TABLE log_properties (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE partitions (
            id INTEGER PRIMARY KEY,
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            end_offset INTEGER NOT NULL,
            appended INTEGER NOT NULL,
            UNIQUE (topic, partition)
        );
        CREATE TABLE records (
            sequence INTEGER PRIMARY KEY,
            partition_id INTEGER NOT NULL,
            "offset" INTEGER NOT NULL,
            id TEXT NOT NULL,
            appended INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            key BLOB,
            headers TEXT,
            payload BLOB NOT NULL
        );
        CREATE UNIQUE INDEX records_by_offset ON records (partition_id, "offset");
        CREATE UNIQUE INDEX records_by_id ON records (id);
        CREATE TABLE idempotency (
            key TEXT NOT NULL PRIMARY KEY,
            digest TEXT NOT NULL,
            partition_id INTEGER NOT NULL,
            first_offset INTEGER NOT NULL,
            first_id TEXT NOT NULL,
            record_count INTEGER NOT NULL,
            expires INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX idempotency_by_expiry ON idempotency (expires);
        """
}
