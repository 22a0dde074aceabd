import PostgreSQLSupport

/// The store's own tables. A migration, once released, never changes; a new one is added behind it.
enum StoreSchema {
    /// The name under which the migrations are remembered.
    static let component = "operational"
    /// No table of the model starts with it.
    static let prefix = "_dipper_"

    static let migrations = [PostgreSQLMigration(name: "1-operational", sql: first)]

    private static let first = """
        CREATE TABLE _dipper_tables (
            name text COLLATE "C" NOT NULL PRIMARY KEY,
            definition text NOT NULL
        );
        CREATE TABLE _dipper_watermarks (
            topic text COLLATE "C" NOT NULL,
            partition bigint NOT NULL,
            incarnation text NOT NULL,
            next_offset bigint NOT NULL,
            rows_done bigint NOT NULL,
            PRIMARY KEY (topic, partition)
        ) WITH (fillfactor = 50);
        CREATE TABLE _dipper_retired_incarnations (
            topic text COLLATE "C" NOT NULL,
            partition bigint NOT NULL,
            incarnation text COLLATE "C" NOT NULL,
            PRIMARY KEY (topic, partition, incarnation)
        );
        """
}
