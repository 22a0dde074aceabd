import CatalogService
import LakeModel

extension CatalogStoreConformance {
    /// Namespaces, views, removals, renames and idempotency keys.
    static let relations: [ConformanceCheck<any CatalogStore>] = namespaceChecks + relationChecks + answerChecks

    private static let name = TableIdentifier(namespace: "ns", name: "t")

    private static func commit(_ change: (inout CatalogCommit) -> Void) -> CatalogCommit {
        var commit = CatalogCommit()
        change(&commit)
        return commit
    }

    private static func swap(_ name: TableIdentifier, _ from: String? = nil, _ to: String = "a") -> CatalogCommit.Swap {
        CatalogCommit.Swap(table: name, expectedMetadataLocation: from, newMetadataLocation: to)
    }

    private static func create(_ name: String, _ store: any CatalogStore) async throws {
        try await store.commit(commit { $0.namespaceChanges = [.create(name, properties: [:])] })
    }

    private static let namespaceChecks: [ConformanceCheck<any CatalogStore>] = [
        .init("a namespace is created once, with its properties, and those around it") { store in
            let inner = NamespaceName.joined(["a", "b", "c"])
            try await store.commit(commit { $0.namespaceChanges = [.create(inner, properties: ["k": "v"])] })
            try checkEqual(try await store.namespaceProperties(inner), ["k": "v"])
            try checkEqual(try await store.namespaceProperties("a"), [:])
            try checkEqual(try await store.namespaceProperties("b"), nil)
            let error = try await checkThrows("namespace-exists") { try await create(inner, store) }
            try checkEqual(error.message, "Namespace already exists: a.b.c")
        },
        .init("namespaces are listed a level at a time, page by page, in the order of bytes") { store in
            let levels = [["a"], ["a", "x"], ["a", "x", "deep"], ["a", "y"], ["a b"], ["é"], ["Z"], ["ab"]]
            for level in levels { try await create(NamespaceName.joined(level), store) }
            try checkEqual(
                try await store.namespaces(below: nil, after: nil, limit: 99), ["Z", "a", "a b", "ab", "é"])
            try checkEqual(try await store.namespaces(below: nil, after: "a", limit: 2), ["a b", "ab"])
            let inner = [NamespaceName.joined(["a", "x"]), NamespaceName.joined(["a", "y"])]
            try checkEqual(try await store.namespaces(below: "a", after: nil, limit: 99), inner)
            try checkEqual(try await store.namespaces(below: "a", after: inner[0], limit: 99), [inner[1]])
            try checkEqual(try await store.namespaces(below: "ab", after: nil, limit: 99), [])
        },
        .init("properties are removed and set together") { store in
            try await store.commit(
                commit { $0.namespaceChanges = [.create("ns", properties: ["a": "1", "b": "2"])] })
            try await store.commit(
                commit { $0.namespaceChanges = [.setProperties("ns", updates: ["c": "3"], removals: ["a", "x"])] })
            try checkEqual(try await store.namespaceProperties("ns"), ["b": "2", "c": "3"])
            try await checkThrows("namespace-missing") {
                try await store.commit(
                    commit { $0.namespaceChanges = [.setProperties("none", updates: [:], removals: [])] })
            }
        },
        .init("a namespace is dropped only when it holds nothing") { store in
            let inner = NamespaceName.joined(["ns", "inner"])
            try await create(inner, store)
            let drop = commit { $0.namespaceChanges = [.drop("ns")] }
            try await checkThrows("namespace-not-empty") { try await store.commit(drop) }
            try await store.commit(commit { $0.namespaceChanges = [.drop(inner)] })
            try await store.commit(commit { $0.swaps = [swap(name)] })
            try await checkThrows("namespace-not-empty") { try await store.commit(drop) }
            try await store.commit(
                commit {
                    $0.removals = [RelationRemoval(.table, name)]
                    $0.viewSwaps = [swap(name)]
                })
            try await checkThrows("namespace-not-empty") { try await store.commit(drop) }
            try await store.commit(commit { $0.removals = [RelationRemoval(.view, name)] })
            try await store.commit(drop)
            try await checkThrows("namespace-missing") { try await store.commit(drop) }
        },
    ]

    private static let relationChecks: [ConformanceCheck<any CatalogStore>] = [
        .init("tables and views share one space of names") { store in
            try await create("ns", store)
            try await store.commit(commit { $0.swaps = [swap(name)] })
            try await checkThrows("table-exists") { try await store.commit(commit { $0.viewSwaps = [swap(name)] }) }
            let view = TableIdentifier(namespace: "ns", name: "v")
            try await store.commit(commit { $0.viewSwaps = [swap(view)] })
            try await store.commit(commit { $0.viewSwaps = [swap(view, "a", "b")] })
            try await checkThrows("view-exists") { try await store.commit(commit { $0.swaps = [swap(view)] }) }
            try await checkThrows("commit-conflict") {
                try await store.commit(commit { $0.viewSwaps = [swap(view, "a", "c")] })
            }
            let expected = TablePointer(table: view, metadataLocation: "b", version: 2)
            try checkEqual(try await store.viewPointer(view), expected)
            try checkEqual(try await store.viewPointer(name), nil)
            try checkEqual(try await store.pointer(view), nil)
        },
        .init("names are listed page by page") { store in
            try await create("ns", store)
            let names = ["b", "a", "é", "Z"]
            try await store.commit(
                commit { $0.swaps = names.map { swap(TableIdentifier(namespace: "ns", name: $0)) } })
            try checkEqual(try await store.names(of: .table, in: "ns", after: nil, limit: 9), ["Z", "a", "b", "é"])
            try checkEqual(try await store.names(of: .table, in: "ns", after: "a", limit: 1), ["b"])
            try checkEqual(try await store.names(of: .view, in: "ns", after: nil, limit: 9), [])
            try checkEqual(try await store.names(of: .table, in: "none", after: nil, limit: 9), [])
        },
        .init("a removal takes the table as it is expected, or not at all") { store in
            try await create("ns", store)
            try await store.commit(commit { $0.swaps = [swap(name)] })
            try await checkThrows("commit-conflict") {
                try await store.commit(
                    commit { $0.removals = [RelationRemoval(.table, name, expectedMetadataLocation: "b")] })
            }
            try await checkThrows("view-missing") {
                try await store.commit(commit { $0.removals = [RelationRemoval(.view, name)] })
            }
            try await store.commit(
                commit { $0.removals = [RelationRemoval(.table, name, expectedMetadataLocation: "a")] })
            let error = try await checkThrows("table-missing") {
                try await store.commit(commit { $0.removals = [RelationRemoval(.table, name)] })
            }
            try checkEqual(error.message, "Table does not exist: ns.t")
        },
        .init("a rename keeps the pointer and asks for both ends") { store in
            try await create("ns", store)
            try await create("other", store)
            let target = TableIdentifier(namespace: "other", name: "u")
            let rename = commit { $0.renames = [RelationRename(.table, from: name, to: target)] }
            try await checkThrows("table-missing") { try await store.commit(rename) }
            try await store.commit(commit { $0.swaps = [swap(name)] })
            try await checkThrows("namespace-missing") {
                let nowhere = TableIdentifier(namespace: "none", name: "u")
                try await store.commit(commit { $0.renames = [RelationRename(.table, from: name, to: nowhere)] })
            }
            try await store.commit(commit { $0.viewSwaps = [swap(target)] })
            try await checkThrows("view-exists") { try await store.commit(rename) }
            try await store.commit(commit { $0.removals = [RelationRemoval(.view, target)] })
            try await store.commit(rename)
            try checkEqual(try await store.pointer(name), nil)
            try checkEqual(
                try await store.pointer(target), TablePointer(table: target, metadataLocation: "a", version: 1))
            try await store.commit(commit { $0.swaps = [swap(name)] })
            try await checkThrows("table-exists") { try await store.commit(rename) }
        },
    ]

    private static func answer(_ key: String, created: Int64 = 1_000_000) -> IdempotentAnswer {
        IdempotentAnswer(
            key: key, digest: "d", createdMicroseconds: created, status: 200, metadataLocation: "m", body: [1, 2])
    }

    private static let answerChecks: [ConformanceCheck<any CatalogStore>] = [
        .init("an idempotency key is taken with its effect, once") { store in
            try await create("ns", store)
            try checkEqual(try await store.idempotentAnswer(key: "k"), nil)
            try await store.commit(
                commit {
                    $0.swaps = [swap(name)]
                    $0.answers = [answer("k")]
                })
            try checkEqual(try await store.idempotentAnswer(key: "k"), answer("k"))
            try await checkThrows("idempotency-key-used") {
                try await store.commit(
                    commit {
                        $0.swaps = [swap(name, "a", "b")]
                        $0.answers = [answer("l"), answer("k")]
                    })
            }
            try checkEqual(try await store.pointer(name)?.metadataLocation, "a")
            try checkEqual(try await store.idempotentAnswer(key: "l"), nil)
        },
        .init("the key of a commit that was refused stays free") { store in
            try await checkThrows("namespace-missing") {
                try await store.commit(
                    commit {
                        $0.swaps = [swap(name)]
                        $0.answers = [answer("k")]
                    })
            }
            try checkEqual(try await store.idempotentAnswer(key: "k"), nil)
        },
    ]
}
