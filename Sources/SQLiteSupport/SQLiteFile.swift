package import GRDB
#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import LakeModel

/// Opening a database file the way Dipper's stores need it: WAL, an explicit level of durability, migrations.
package enum SQLiteFile {
    /// When a committed transaction is on disk.
    package enum Synchronous: Int, Sendable {
        /// At the next checkpoint. A power loss may take the last transactions, whole ones and in order; the file stays
        /// sound.
        case normal = 1
        /// Before the commit returns.
        case full = 2
    }

    package struct Options: Sendable {
        /// Connections that read while one writes.
        package static let readersMaxDefault = 4
        /// 4 KiB pages of WAL, 16 MiB: a checkpoint copies the WAL into the file when it has grown past this.
        package static let checkpointPagesDefault = 4096
        /// Milliseconds that a call waits for a lock of another process.
        package static let busyMilliseconds = 5000

        package var synchronous: Synchronous
        package var readersMax = readersMaxDefault
        package var checkpointPages = checkpointPagesDefault
        /// Bytes; taken only when the file is new.
        package var pageBytes = 4096
        /// Whether free pages can be given back to the file system bit by bit; taken only when the file is new.
        package var incrementalVacuum = false
        /// KiB of pages that the writer keeps in memory.
        package var cacheKibibytes = 16_384

        package init(synchronous: Synchronous) { self.synchronous = synchronous }
    }

    /// Opens or creates the file, applies `migrator` and makes the file's name durable.
    /// - Throws: ``SQLiteFailure``; `database-newer` when a later version of the program has changed the schema.
    package static func open(path: String, options: Options, migrator: DatabaseMigrator) throws -> DatabasePool {
        try SQLiteFailure.translating(path) {
            var configuration = Configuration()
            configuration.label = "dipper"
            configuration.maximumReaderCount = options.readersMax
            configuration.busyMode = .timeout(Double(Options.busyMilliseconds) / 1000)
            configuration.prepareDatabase { db in
                // Takes effect in a new file only, and must come before WAL.
                guard !db.configuration.readonly else { return }
                try db.execute(sql: "PRAGMA page_size = \(options.pageBytes)")
                if options.incrementalVacuum { try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
            }
            let pool = try DatabasePool(path: path, configuration: configuration)
            // WAL mode lowers the level after `prepareDatabase`, so it is set here, on the one writing connection.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = \(options.synchronous.rawValue)")
                try db.execute(sql: "PRAGMA wal_autocheckpoint = \(options.checkpointPages)")
                try db.execute(sql: "PRAGMA cache_size = -\(options.cacheKibibytes)")
                // Some builds overwrite what is deleted, which would write every page of it once more.
                try db.execute(sql: "PRAGMA secure_delete = OFF")
                guard try synchronous(of: db) == options.synchronous.rawValue else {
                    throw SQLiteFailure(
                        code: "database-failed", message: "SQLite did not take the synchronous level asked for",
                        place: Place(source: path))
                }
            }
            if try pool.read({ try migrator.hasBeenSuperseded($0) }) {
                throw SQLiteFailure(
                    code: "database-newer", message: "a later version of the program has changed this database",
                    remedy: "start that version, or restore a copy made before it ran", place: Place(source: path))
            }
            try migrator.migrate(pool)
            try syncFolder(of: path)
            return pool
        }
    }

    /// The writer's durability level as SQLite reports it: 1 NORMAL, 2 FULL.
    package static func synchronous(of db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
    }

    /// Quotes a name for SQL, whatever it holds.
    package static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    private static func syncFolder(of path: String) throws {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = Self.openFolder(folder)
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            let text = unsafe String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw SQLiteFailure(
                code: "database-failed", message: "the folder could not be made durable: \(text)",
                place: Place(source: folder))
        }
        close(descriptor)
    }

    private static func openFolder(_ path: String) -> Int32 {
        unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
}
