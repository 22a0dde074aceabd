import Iceberg
import LakeModel
import QueryEngine
import Synchronization

/// Keeps the files of running queries from being deleted under them.
///
/// A snapshot may expire while a query reads it, and its files go with it. A deletion that meets a query that reads the file,
/// or that is still finding out what it reads, is put off until the last such query has ended. Queries that begin later see
/// the table as it is then, without the file. What is put off when the process ends is left to the removal of orphans.
final class QueryPins: Sendable {
    private enum Query {
        case planning
        case reading([QueryTable])
    }

    private struct State {
        var next = 0
        var queries: [Int: Query] = [:]
        /// Files to be deleted, with the queries that they wait for.
        var postponed: [String: Set<Int>] = [:]
    }

    private let state = Mutex(State())
    private let io: any FileIO
    /// Where the engine finds the file of a location.
    private let path: @Sendable (String) -> String?

    init(io: any FileIO, path: @escaping @Sendable (String) -> String?) {
        self.io = io
        self.path = path
    }

    /// A query that is being planned.
    func hold() -> QueryHold {
        let id = state.withLock { state in
            state.next += 1
            state.queries[state.next] = .planning
            return state.next
        }
        return QueryHold(id: id, pins: self)
    }

    fileprivate func reads(_ id: Int, _ tables: [QueryTable]) {
        release(
            state.withLock { state in
                state.queries[id] = .reading(tables)
                return Self.drop(id, in: &state) { file in
                    !Self.reads(tables, file, path: path)
                }
            })
    }

    fileprivate func end(_ id: Int) {
        release(
            state.withLock { state in
                guard state.queries.removeValue(forKey: id) != nil else { return [] }
                return Self.drop(id, in: &state) { _ in true }
            })
    }

    /// Whether the deletion of a file was put off.
    func postpones(_ location: String) -> Bool {
        state.withLock { state in
            let waiting = state.queries.filter { _, query in
                switch query {
                case .planning: true
                case .reading(let tables): Self.reads(tables, location, path: path)
                }
            }
            guard !waiting.isEmpty else { return false }
            state.postponed[location] = Set(waiting.keys)
            return true
        }
    }

    /// Files whose deletion waits.
    var postponedCount: Int { state.withLock { $0.postponed.count } }

    private static func reads(_ tables: [QueryTable], _ location: String, path: (String) -> String?) -> Bool {
        let local = path(location) ?? location
        return tables.contains { table in table.files.contains { $0 == local || $0 == location } }
    }

    /// Takes a query off the files that it no longer holds up; returns those that nothing holds up any more.
    private static func drop(_ id: Int, in state: inout State, _ isFree: (String) -> Bool) -> [String] {
        var free: [String] = []
        for (file, queries) in state.postponed where queries.contains(id) && isFree(file) {
            let rest = queries.subtracting([id])
            state.postponed[file] = rest.isEmpty ? nil : rest
            if rest.isEmpty { free.append(file) }
        }
        return free
    }

    private func release(_ locations: [String]) {
        guard !locations.isEmpty else { return }
        let io = io
        Task {
            // What cannot be deleted stays as an orphan, as it does when maintenance fails to delete it.
            for location in locations { try? await io.delete(location) }
        }
    }
}

/// One query's hold on its files, which ends with it at the latest.
final class QueryHold: Sendable {
    private let id: Int
    private let pins: QueryPins

    fileprivate init(id: Int, pins: QueryPins) {
        self.id = id
        self.pins = pins
    }

    deinit { end() }

    func reads(_ tables: [QueryTable]) { pins.reads(id, tables) }
    func end() { pins.end(id) }
}

/// Files of the catalog, of which those that queries read are deleted after them.
struct PinnedFileIO: FileIO {
    let base: any FileIO
    let pins: QueryPins

    func read(_ location: String) async throws -> [UInt8] { try await base.read(location) }
    func write(_ location: String, _ bytes: [UInt8]) async throws { try await base.write(location, bytes) }
    func exists(_ location: String) async throws -> Bool { try await base.exists(location) }

    func delete(_ location: String) async throws {
        if !pins.postpones(location) { try await base.delete(location) }
    }
}
