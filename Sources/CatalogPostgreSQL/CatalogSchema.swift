import PostgreSQLSupport

/// The tables of the catalog. A migration, once released, never changes; a new one is added behind it.
enum CatalogSchema {
    /// The name under which the migrations are remembered.
    static let component = "catalog"

    static let migrations = [
        PostgreSQLMigration(name: "1-catalog", sql: first), PostgreSQLMigration(name: "2-leases", sql: leases),
    ]

    /// Who has a role, and until when, milliseconds since 1970 UTC by the server's clock.
    private static let leases = """
        CREATE TABLE leases (
            role text COLLATE "C" NOT NULL PRIMARY KEY,
            holder text COLLATE "C" NOT NULL,
            expires bigint NOT NULL
        ) WITH (fillfactor = 50);
        """

    /// Texts compare by their bytes (`COLLATE "C"`), as names are listed and ids sort. Tables and views share one space
    /// of names, so they share a table. Rows that each commit rewrites leave room in their pages for that.
    private static let first = """
        CREATE TABLE namespaces (
            name text COLLATE "C" NOT NULL PRIMARY KEY,
            properties text NOT NULL
        );
        CREATE TABLE relations (
            namespace text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL CHECK (kind IN ('table', 'view')),
            metadata_location text NOT NULL,
            version bigint NOT NULL,
            PRIMARY KEY (namespace, name)
        ) WITH (fillfactor = 50);
        CREATE TABLE watermarks (
            topic text COLLATE "C" NOT NULL,
            partition bigint NOT NULL,
            incarnation text NOT NULL,
            next_offset bigint NOT NULL,
            step bigint NOT NULL,
            ahead_offset bigint,
            partial_state bytea,
            PRIMARY KEY (topic, partition)
        ) WITH (fillfactor = 50);
        CREATE TABLE retired_incarnations (
            topic text COLLATE "C" NOT NULL,
            partition bigint NOT NULL,
            incarnation text COLLATE "C" NOT NULL,
            next_offset bigint NOT NULL,
            PRIMARY KEY (topic, partition, incarnation)
        );
        CREATE TABLE receipts (
            id text COLLATE "C" NOT NULL PRIMARY KEY,
            table_name text COLLATE "C" NOT NULL,
            state text NOT NULL,
            topic text NOT NULL,
            partition bigint NOT NULL,
            "offset" bigint NOT NULL,
            created bigint NOT NULL,
            json bytea NOT NULL
        );
        CREATE INDEX receipts_by_table ON receipts (table_name, id);
        CREATE TABLE key_index (
            sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            namespace text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            snapshot_id bigint NOT NULL,
            bytes bytea NOT NULL
        );
        CREATE INDEX key_index_by_table ON key_index (namespace, name, sequence);
        CREATE TABLE fences (
            role text COLLATE "C" NOT NULL PRIMARY KEY,
            token bigint NOT NULL
        );
        CREATE TABLE idempotent_answers (
            key text COLLATE "C" NOT NULL PRIMARY KEY,
            digest text NOT NULL,
            created bigint NOT NULL,
            status bigint NOT NULL,
            metadata_location text,
            body bytea NOT NULL
        );
        CREATE INDEX idempotent_answers_by_created ON idempotent_answers (created);
        """
}
