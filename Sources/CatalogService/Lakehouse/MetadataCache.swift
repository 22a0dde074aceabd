import Iceberg
import Synchronization

/// What the current metadata file of a table holds, in the forms that requests have asked for.
struct CachedTable: Sendable {
    let location: String
    var metadata: TableMetadata?
    /// The file as JSON.
    var json: [UInt8]?
    /// The same with the snapshots that refs name, and no others.
    var refsJSON: [UInt8]?

    init(location: String, metadata: TableMetadata? = nil, json: [UInt8]? = nil) {
        self.location = location
        self.metadata = metadata
        self.json = json
    }

    /// Bytes that it holds, about: parsed metadata takes some three times what its text does.
    var byteCount: Int {
        var count = (json?.count ?? 0) + (refsJSON?.count ?? 0)
        if let metadata { count += 3 * (json?.count ?? 512 * metadata.snapshots.count + 1_024) }
        return count
    }

    /// Whether this is of an older file of the same table.
    func isBehind(_ other: CachedTable) -> Bool {
        guard let own = MetadataFile.version(of: location), let theirs = MetadataFile.version(of: other.location) else {
            return false
        }
        return own < theirs
    }
}

/// The metadata of the tables that were asked for last, by file: a file never changes.
final class MetadataCache: Sendable {
    /// Tables that are kept at most.
    static let tablesMax = 1_024
    /// Bytes that are kept at most; a table larger than that is read anew each time.
    static let bytesMax = 192 << 20

    private struct Entry {
        var table: CachedTable
        /// The file that is about to be the current one: whoever reads the new pointer before the commit is known finds it.
        var next: CachedTable?
        var snapshots = SnapshotBytes()
        /// When it was used last, counted in uses.
        var used: UInt64
        var byteCount: Int
    }

    private struct State {
        var entries: [TableIdentifier: Entry] = [:]
        var byteCount = 0
        var uses: UInt64 = 0

        mutating func remove(_ table: TableIdentifier) {
            if let old = entries.removeValue(forKey: table) { byteCount -= old.byteCount }
        }

        /// Makes room, of those used longest ago first.
        mutating func evict() {
            while byteCount > MetadataCache.bytesMax || entries.count > MetadataCache.tablesMax,
                let oldest = entries.min(by: { $0.value.used < $1.value.used })
            {
                remove(oldest.key)
            }
        }
    }

    private let state = Mutex(State())

    /// What is known of the file at `location`, when that is what is remembered of the table.
    func find(_ table: TableIdentifier, location: String) -> CachedTable? {
        state.withLock { state in
            guard let entry = state.entries[table],
                let found = [entry.table, entry.next].compactMap({ $0 }).first(where: { $0.location == location })
            else { return nil }
            state.uses += 1
            state.entries[table]?.used = state.uses
            return found
        }
    }

    /// The snapshots' bytes of the table in the file that is remembered, for the next file. They are taken out: whoever
    /// writes that file gives the new ones back.
    func takeSnapshots(_ table: TableIdentifier, location: String) -> SnapshotBytes {
        state.withLock { state in
            guard state.entries[table]?.table.location == location,
                let written = state.entries[table]?.snapshots
            else { return SnapshotBytes() }
            state.entries[table]?.snapshots = SnapshotBytes()
            return written
        }
    }

    /// Holds a file that is written and not committed yet beside the current one, if that is remembered.
    func prepare(_ name: TableIdentifier, _ next: CachedTable) {
        state.withLock { state in
            guard var entry = state.entries.removeValue(forKey: name) else { return }
            let change = next.byteCount - (entry.next?.byteCount ?? 0)
            entry.next = next
            entry.byteCount += change
            state.entries[name] = entry
            state.byteCount += change
            state.evict()
        }
    }

    func remember(_ name: TableIdentifier, _ table: CachedTable, snapshots: SnapshotBytes = SnapshotBytes()) {
        state.withLock { state in
            state.remove(name)
            let byteCount = table.byteCount + snapshots.byteCount
            guard byteCount <= Self.bytesMax else { return }
            state.uses += 1
            state.entries[name] = Entry(table: table, snapshots: snapshots, used: state.uses, byteCount: byteCount)
            state.byteCount += byteCount
            state.evict()
        }
    }

    /// Remembers what was read, unless something newer is known: a reader may be behind a commit by then.
    func offer(_ name: TableIdentifier, _ table: CachedTable) {
        let known = state.withLock { $0.entries[name]?.table }
        if let known, table.isBehind(known) { return }
        remember(name, table)
    }

    /// Whether somebody asked for the shortened form of what is remembered.
    func hasRefs(_ name: TableIdentifier) -> Bool { state.withLock { $0.entries[name]?.table.refsJSON != nil } }

    /// Adds the shortened form to what is remembered of a file.
    func remember(_ name: TableIdentifier, location: String, refsJSON: [UInt8]) {
        state.withLock { state in
            guard state.entries[name]?.table.location == location else { return }
            state.entries[name]?.table.refsJSON = refsJSON
            state.entries[name]?.byteCount += refsJSON.count
            state.byteCount += refsJSON.count
            state.evict()
        }
    }

    func forget(_ table: TableIdentifier) {
        state.withLock { $0.remove(table) }
    }
}
