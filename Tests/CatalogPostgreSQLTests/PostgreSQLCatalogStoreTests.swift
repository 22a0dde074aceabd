import CatalogService
import LakeTesting
import PostgreSQLSupport
import Testing

@testable import CatalogPostgreSQL

@Suite(.enabled(if: PostgreSQLSchema.hasServer, "needs PostgreSQL: bin/test starts one"))
struct PostgreSQLCatalogStoreTests {
    private let table = TableIdentifier(namespace: "silver", name: "t")
    private let other = TableIdentifier(namespace: "silver", name: "u")

    /// As many stores over one schema as processes would have.
    private func withStores(
        _ count: Int, _ body: @Sendable ([PostgreSQLCatalogStore]) async throws -> Void
    ) async throws {
        try await PostgreSQLSchema.with { options in
            var options = options
            options.connectionsMax = 4
            var stores: [PostgreSQLCatalogStore] = []
            for _ in 0..<count { stores.append(try await PostgreSQLCatalogStore(options)) }
            defer { for store in stores { store.close() } }
            try await body(stores)
        }
    }

    private func swap(_ table: TableIdentifier, _ from: String?, _ to: String) -> CatalogCommit.Swap {
        .init(table: table, expectedMetadataLocation: from, newMetadataLocation: to)
    }

    private func commit(_ change: (inout CatalogCommit) -> Void) -> CatalogCommit {
        var commit = CatalogCommit()
        change(&commit)
        return commit
    }

    private func code(_ body: () async throws -> Void) async -> String? {
        do { try await body() } catch let error as CatalogError { return error.code } catch { return "\(error)" }
        return nil
    }

    @Test func `a lease has one holder at a time, who keeps it by asking again`() async throws {
        try await withStores(2) { stores in
            let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        try await stores[index % 2].takeLease(role: "r", holder: "h\(index)", milliseconds: 60_000)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(taken.count { $0 } == 1)
            #expect(try await stores[0].takeLease(role: "other", holder: "a", milliseconds: 1))
            #expect(try await stores[0].takeLease(role: "other", holder: "a", milliseconds: 60_000))
            #expect(try await stores[1].takeLease(role: "other", holder: "b", milliseconds: 60_000) == false)
            try await stores[1].releaseLease(role: "other", holder: "b")
            #expect(try await stores[1].takeLease(role: "other", holder: "b", milliseconds: 60_000) == false)
            try await stores[0].releaseLease(role: "other", holder: "a")
            #expect(try await stores[1].takeLease(role: "other", holder: "b", milliseconds: 1))
            try await Task.sleep(for: .milliseconds(20))
            #expect(try await stores[0].takeLease(role: "other", holder: "a", milliseconds: 1))
        }
    }

    @Test func `leases that are held are counted by what their roles begin with`() async throws {
        try await withStores(2) { stores in
            for (role, milliseconds) in [("worker/1/a", 60_000), ("worker/1/b", 60_000), ("worker/2/c", 60_000)] {
                _ = try await stores[0].takeLease(role: role, holder: "h", milliseconds: milliseconds)
            }
            _ = try await stores[0].takeLease(role: "worker/1/late", holder: "h", milliseconds: 1)
            try await Task.sleep(for: .milliseconds(20))
            #expect(try await stores[1].countLeases(prefix: "worker/1/") == 2)
            try await stores[0].releaseLease(role: "worker/1/a", holder: "h")
            #expect(try await stores[1].countLeases(prefix: "worker/1/") == 1)
            #expect(try await stores[1].countLeases(prefix: "nobody/") == 0)
        }
    }

    @Test func `many processes race for one table: no commit is lost and its history is one line`() async throws {
        let writers = 6
        let commitsEach = 12
        try await withStores(writers) { stores in
            try await stores[0].createNamespace("silver", properties: [:])
            try await stores[0].commit(commit { $0.swaps = [swap(table, nil, "0")] })
            // Each winner tells what it replaced by what.
            let steps = try await withThrowingTaskGroup(of: [String: String].self) { group in
                for (writer, store) in stores.enumerated() {
                    group.addTask {
                        var steps: [String: String] = [:]
                        var number = 0
                        while number < commitsEach {
                            let base = try await store.pointer(table)?.metadataLocation ?? ""
                            let next = "\(writer)-\(number)"
                            let wanted = commit {
                                $0.swaps = [swap(table, base, next)]
                                $0.answers = [
                                    IdempotentAnswer(key: next, digest: "d", createdMicroseconds: 1, status: 200)
                                ]
                                $0.receipts = [
                                    ReceiptRow(
                                        id: next, table: "t", state: "committed", topic: "t", partition: 0, offset: 1,
                                        createdMicroseconds: 1, json: [])
                                ]
                            }
                            do {
                                try await store.commit(wanted)
                                steps[base] = next
                                number += 1
                            } catch let error as CatalogError where error.code == "commit-conflict" {
                                continue
                            }
                        }
                        return steps
                    }
                }
                return try await group.reduce(into: [String: String]()) { all, some in
                    all.merge(some) { _, _ in
                        Issue.record("two commits replaced one pointer")
                        return ""
                    }
                }
            }
            var at = "0"
            var length = 0
            while let next = steps[at] { (at, length) = (next, length + 1) }
            #expect(length == writers * commitsEach)
            #expect(
                try await stores[0].pointer(table)
                    == TablePointer(table: table, metadataLocation: at, version: Int64(1 + writers * commitsEach)))
            #expect(try await stores[0].receiptCount(table: "t") == writers * commitsEach)
        }
    }

    @Test func `commits of two tables in opposite order end, all or nothing`() async throws {
        try await withStores(2) { stores in
            try await stores[0].createNamespace("silver", properties: [:])
            try await stores[0].commit(commit { $0.swaps = [swap(table, nil, "0"), swap(other, nil, "0")] })
            for round in 0..<20 {
                let swaps = [swap(table, "\(round)", "\(round + 1)"), swap(other, "\(round)", "\(round + 1)")]
                let orders = [swaps, swaps.reversed()]
                let wins = await withTaskGroup(of: Bool.self) { group in
                    for (store, order) in zip(stores, orders) {
                        group.addTask {
                            let failed = await code { try await store.commit(commit { $0.swaps = order }) }
                            #expect(failed == nil || failed == "commit-conflict")
                            return failed == nil
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(wins == 1)
            }
            #expect(try await stores[1].pointer(other)?.version == 21)
        }
    }

    @Test func `a table and a view of one name, made at once, are not both there`() async throws {
        try await withStores(2) { stores in
            try await stores[0].createNamespace("silver", properties: [:])
            for round in 0..<20 {
                let name = TableIdentifier(namespace: "silver", name: "x\(round)")
                async let first = code { try await stores[0].commit(commit { $0.swaps = [swap(name, nil, "a")] }) }
                async let second = code { try await stores[1].commit(commit { $0.viewSwaps = [swap(name, nil, "b")] }) }
                let codes = [await first, await second].compactMap { $0 }
                #expect(codes.count == 1 && ["table-exists", "view-exists"].contains(codes[0]), "\(codes)")
            }
        }
    }

    @Test func `a namespace that gets a table is not dropped at the same time`() async throws {
        try await withStores(2) { stores in
            for round in 0..<20 {
                let name = "ns\(round)"
                try await stores[0].createNamespace(name, properties: [:])
                let new = TableIdentifier(namespace: name, name: "t")
                async let made = code { try await stores[0].commit(commit { $0.swaps = [swap(new, nil, "a")] }) }
                async let dropped = code { try await stores[1].commit(commit { $0.namespaceChanges = [.drop(name)] }) }
                switch (await made, await dropped) {
                case (nil, "namespace-not-empty"): #expect(try await stores[0].pointer(new) != nil)
                case ("namespace-missing", nil): #expect(try await stores[0].pointer(new) == nil)
                case (let made, let dropped): Issue.record("\(made ?? "made"), \(dropped ?? "dropped")")
                }
            }
        }
    }

    @Test func `of two requests with one idempotency key one has its effect`() async throws {
        try await withStores(2) { stores in
            try await stores[0].createNamespace("silver", properties: [:])
            for round in 0..<10 {
                let outcomes = await withTaskGroup(of: String?.self) { group in
                    for (index, store) in stores.enumerated() {
                        let name = TableIdentifier(namespace: "silver", name: "k\(round)-\(index)")
                        group.addTask {
                            await code {
                                try await store.commit(
                                    commit {
                                        $0.swaps = [swap(name, nil, "a")]
                                        $0.answers = [
                                            IdempotentAnswer(
                                                key: "\(round)", digest: "d", createdMicroseconds: 1, status: 200)
                                        ]
                                    })
                            }
                        }
                    }
                    return await group.reduce(into: [String?]()) { $0.append($1) }
                }
                #expect(outcomes.count { $0 == nil } == 1)
                #expect(outcomes.contains("idempotency-key-used"))
            }
            #expect(try await stores[0].tables(in: "silver").count == 10)
        }
    }

    @Test func `a writer that lost its fence commits nothing, and a newer one waits for a commit under way`()
        async throws
    {
        try await withStores(2) { stores in
            let tokens = try await withThrowingTaskGroup(of: Int64.self) { group in
                for index in 0..<20 {
                    group.addTask { try await stores[index % 2].acquireFence(role: "r") }
                }
                return try await group.reduce(into: [Int64]()) { $0.append($1) }
            }
            #expect(tokens.sorted() == Array(1...20))
            let failed = await code {
                try await stores[0].commit(commit { $0.fence = .init(role: "r", token: 19) })
            }
            #expect(failed == "commit-conflict")
            try await stores[1].commit(commit { $0.fence = .init(role: "r", token: 20) })
        }
    }

    @Test func `a connection that drops during COMMIT leaves the commit's state unknown, and the store goes on`()
        async throws
    {
        try await withStores(1) { stores in
            let store = stores[0]
            try await store.createNamespace("silver", properties: [:])
            try await store.pool.run { session in
                _ = try session.run(
                    """
                    CREATE FUNCTION drop_connection() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                    CREATE CONSTRAINT TRIGGER drop_connection AFTER INSERT ON relations DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION drop_connection();
                    """)
            }
            let failed = await code { try await store.commit(commit { $0.swaps = [swap(table, nil, "1")] }) }
            #expect(failed == "commit-state-unknown")
            #expect(try await store.pointer(table) == nil)
            try await store.pool.run { _ = try $0.run("DROP TRIGGER drop_connection ON relations") }
            try await store.commit(commit { $0.swaps = [swap(table, nil, "1")] })
        }
    }

    @Test func `receipts are found by many ids at once`() async throws {
        try await withStores(1) { stores in
            let rows = ["a", "b", "c"].map {
                ReceiptRow(
                    id: $0, table: "t", state: "committed", topic: "t", partition: 0, offset: 1, createdMicroseconds: 1,
                    json: [1])
            }
            try await stores[0].commit(commit { $0.receipts = rows })
            let found = try await stores[0].receipts(ids: ["c", "none, 'x'", "a"]).map(\.id)
            #expect(found.sorted() == ["a", "c"])
            #expect(try await stores[0].receipts(ids: []) == [])
        }
    }

    @Test func `commits wait for the server's disk`() async throws {
        try await withStores(1) { stores in
            let setting = try await stores[0].pool.run { try $0.run("SHOW synchronous_commit").text(0, 0) }
            #expect(setting == "on")
        }
    }

    @Test func `a name with NUL in it is refused, and nothing is applied`() async throws {
        try await withStores(1) { stores in
            await #expect(throws: PostgreSQLFailure.self) {
                try await stores[0].createNamespace("a\0b", properties: [:])
            }
            try await stores[0].createNamespace("c", properties: ["k\0": "v\0"])
            #expect(try await stores[0].namespaceProperties("c") == ["k\0": "v\0"])
            #expect(try await stores[0].namespaces() == ["c"])
        }
    }
}
