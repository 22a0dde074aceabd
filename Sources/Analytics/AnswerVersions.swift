package import CatalogService
internal import Synchronization

/// What questions would be answered from, remembered for as long as it is known to hold.
///
/// Where this process alone changes the catalog, it holds until the next change: no look at the catalog is needed. Where
/// other processes do too, each question looks at the pointers of its tables; questions that come at the same time share a
/// look.
package final class AnswerVersions<Key: Hashable & Sendable, Entry: Sendable>: Sendable {
    /// Entries that are kept.
    private static var entriesMax: Int { 1_024 }

    private struct Kept: Sendable {
        var entry: Entry
        /// Where each table's metadata stood; `nil`: there was no such table.
        var pointers: [TableIdentifier: String?]
        var stamp: CatalogWatch.Stamp?
    }

    private let catalog: any CatalogStore
    private let watch: CatalogWatch
    private let isShared: Bool
    private let kept = Mutex<[Key: Kept]>([:])
    private let rounds = Rounds<Key, Entry>()

    /// - Parameter isShared: whether other processes change the catalog too.
    package init(catalog: any CatalogStore, watch: CatalogWatch, isShared: Bool) {
        self.catalog = catalog
        self.watch = watch
        self.isShared = isShared
    }

    /// The entry of a key, loaded when what it was made of may have changed.
    /// - Parameters:
    ///   - holdsByPointers: whether it changes only when one of its tables does; if not, any change of the catalog
    ///     makes it anew.
    ///   - load: the entry, and all tables that bear on it.
    package func entry(
        _ key: Key, holdsByPointers: Bool,
        load: @escaping @Sendable () async throws -> (Entry, [TableIdentifier])
    ) async throws -> Entry {
        if !isShared, let kept = kept.withLock({ $0[key] }), let stamp = kept.stamp, stamp == watch.stamp {
            return kept.entry
        }
        return try await rounds.join(key) { try await self.look(key, holdsByPointers, load) }
    }

    private func look(
        _ key: Key, _ holdsByPointers: Bool, _ load: @Sendable () async throws -> (Entry, [TableIdentifier])
    ) async throws -> Entry {
        let stamp = watch.stamp
        if let known = kept.withLock({ $0[key] }) {
            if !isShared, let stamp, stamp == known.stamp { return known.entry }
            if holdsByPointers, try await pointers(Array(known.pointers.keys)) == known.pointers {
                keep(key, Kept(entry: known.entry, pointers: known.pointers, stamp: stamp))
                return known.entry
            }
        }
        // Pointers are read before what they point to: if a commit comes in between, the next look sees it.
        var tables = kept.withLock { $0[key].map { Array($0.pointers.keys) } } ?? []
        while true {
            let before = try await pointers(tables)
            let (entry, wanted) = try await load()
            if Set(wanted).isSubset(of: tables) {
                let used = before.filter { wanted.contains($0.key) }
                keep(key, Kept(entry: entry, pointers: used, stamp: stamp))
                return entry
            }
            tables = wanted
        }
    }

    private func pointers(_ tables: [TableIdentifier]) async throws -> [TableIdentifier: String?] {
        var found: [TableIdentifier: String?] = [:]
        for table in tables { found.updateValue(try await catalog.pointer(table)?.metadataLocation, forKey: table) }
        return found
    }

    /// With the stamp from before the look, if nothing has changed since.
    private func keep(_ key: Key, _ entry: Kept) {
        var entry = entry
        if entry.stamp != watch.stamp { entry.stamp = nil }
        let kept = entry
        self.kept.withLock { entries in
            if entries[key] == nil, entries.count >= Self.entriesMax { entries.removeAll() }
            entries[key] = kept
        }
    }
}
