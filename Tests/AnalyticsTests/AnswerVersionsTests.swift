import CatalogService
import Iceberg
import LakeTesting
import Synchronization
import Testing

@testable import Analytics

@Suite struct AnswerVersionsTests {
    private final class Count: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }

        @discardableResult func increment() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    private let table = TableIdentifier(namespace: "silver", name: "t")
    private let other = TableIdentifier(namespace: "silver", name: "u")
    private let store = MemoryCatalogStore()
    private let watch = CatalogWatch()
    private let loads = Count()

    private func swap(_ table: TableIdentifier, _ old: String?, _ new: String, _ store: any CatalogStore) async throws {
        var commit = CatalogCommit()
        commit.swaps = [.init(table: table, expectedMetadataLocation: old, newMetadataLocation: new)]
        try await store.commit(commit)
    }

    private func versions(isShared: Bool) async throws -> AnswerVersions<String, String> {
        try await store.createNamespace("silver", properties: [:])
        try await swap(table, nil, "1", store)
        try await swap(other, nil, "1", store)
        return AnswerVersions(catalog: store, watch: watch, isShared: isShared)
    }

    private func ask(_ versions: AnswerVersions<String, String>, holdsByPointers: Bool = true) async throws -> String {
        let (store, table, loads) = (store, table, loads)
        return try await versions.entry("q", holdsByPointers: holdsByPointers) {
            loads.increment()
            return (try await store.pointer(table)?.metadataLocation ?? "none", [table])
        }
    }

    @Test func `while this process changes nothing, what is known holds`() async throws {
        let versions = try await versions(isShared: false)
        for _ in 0..<5 { #expect(try await ask(versions) == "1") }
        // Twice at first: the tables are known after the first time only.
        #expect(loads.value == 2)
    }

    @Test func `a commit of this process is seen by the next question`() async throws {
        let versions = try await versions(isShared: false)
        let watched = WatchedCatalogStore(store, watch: watch)
        #expect(try await ask(versions) == "1")
        try await swap(table, "1", "2", watched)
        #expect(try await ask(versions) == "2")
    }

    @Test func `a commit of another table loads nothing`() async throws {
        let versions = try await versions(isShared: false)
        let watched = WatchedCatalogStore(store, watch: watch)
        _ = try await ask(versions)
        try await swap(other, "1", "2", watched)
        #expect(try await ask(versions) == "1")
        #expect(loads.value == 2)
        _ = try await ask(versions, holdsByPointers: false)
        #expect(loads.value == 2)
        try await swap(other, "2", "3", watched)
        _ = try await ask(versions, holdsByPointers: false)
        #expect(loads.value == 3)
    }

    @Test func `while a change is under way nothing is taken for known`() async throws {
        let versions = try await versions(isShared: false)
        let watched = WatchedCatalogStore(store, watch: watch)
        _ = try await ask(versions)
        store.hooks.setAfter { _ in
            // The change stands, and its maker has not heard of it yet.
            let found = try await ask(versions)
            #expect(found == "2")
        }
        try await swap(table, "1", "2", watched)
    }

    @Test func `a commit of another process is seen by the next question`() async throws {
        let versions = try await versions(isShared: true)
        #expect(try await ask(versions) == "1")
        for step in 1..<5 {
            // Not through the watched store: nobody here hears of it.
            try await swap(table, String(step), String(step + 1), store)
            #expect(try await ask(versions) == String(step + 1))
        }
        let before = loads.value
        for _ in 0..<5 { _ = try await ask(versions) }
        #expect(loads.value == before)
    }

    @Test func `questions at the same time share a look, and none gets what was before it`() async throws {
        let rounds = Rounds<String, Int>()
        let looks = Count()
        let state = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let before = state.increment()
                    let found = try await rounds.join("k") {
                        looks.increment()
                        let seen = state.value
                        await Task.yield()
                        return seen
                    }
                    #expect(found >= before)
                }
            }
            try await group.waitForAll()
        }
        #expect(looks.value < 200)
    }
}
