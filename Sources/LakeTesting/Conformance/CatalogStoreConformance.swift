package import CatalogService
import LakeModel

/// What every ``CatalogStore`` promises.
package enum CatalogStoreConformance {
    package static let checks: [ConformanceCheck<any CatalogStore>] = pointers + guards + rows + relations

    private static let table = TableIdentifier(namespace: "silver", name: "t")
    private static let other = TableIdentifier(namespace: "silver", name: "u")

    private static func swap(_ table: TableIdentifier, _ from: String?, _ to: String) -> CatalogCommit.Swap {
        CatalogCommit.Swap(table: table, expectedMetadataLocation: from, newMetadataLocation: to)
    }

    private static func commit(
        _ swaps: [CatalogCommit.Swap], _ change: (inout CatalogCommit) -> Void = { _ in }
    ) -> CatalogCommit {
        var commit = CatalogCommit()
        commit.swaps = swaps
        change(&commit)
        return commit
    }

    private static func receipt(_ id: String, table: String = "t", state: String = "committed") -> ReceiptRow {
        ReceiptRow(
            id: id, table: table, state: state, topic: table, partition: 0, offset: 7, createdMicroseconds: 1,
            json: Array("{\"id\":\"\(id)\"}".utf8))
    }

    private static func mark(_ offset: Int64, _ incarnation: String = "one") -> CatalogWatermark {
        CatalogWatermark(topic: "t", partition: 0, incarnation: incarnation, nextOffset: offset)
    }

    private static let pointers: [ConformanceCheck<any CatalogStore>] = [
        .init("namespaces are made once and listed in order") { store in
            try checkEqual(try await store.namespaces(), [])
            try await store.createNamespace("silver", properties: ["a": "b"])
            try await store.createNamespace("gold", properties: [:])
            try await store.createNamespace("silver", properties: [:])
            try checkEqual(try await store.namespaces(), ["gold", "silver"])
        },
        .init("a pointer is created, swapped and counted") { store in
            try await store.createNamespace("silver", properties: [:])
            try checkEqual(try await store.pointer(table), nil)
            try await store.commit(commit([swap(other, nil, "x"), swap(table, nil, "a")]))
            try await store.commit(commit([swap(table, "a", "b")]))
            let expected = TablePointer(table: table, metadataLocation: "b", version: 2)
            try checkEqual(try await store.pointer(table), expected)
            try checkEqual(try await store.tables(in: "silver"), [table, other])
            try checkEqual(try await store.tables(in: "gold"), [])
        },
        .init("a table in a namespace that is not there is refused") { store in
            try await checkThrows("namespace-missing") { try await store.commit(commit([swap(table, nil, "a")])) }
        },
        .init("a pointer other than expected is a conflict that tells both, and nothing is applied") { store in
            try await store.createNamespace("silver", properties: [:])
            try await store.commit(commit([swap(table, nil, "first-location")]))
            for expected in [nil, "second-location"] {
                let error = try await checkThrows("commit-conflict") {
                    try await store.commit(
                        commit([swap(other, nil, "x"), swap(table, expected, "third")]) {
                            $0.watermarks = [mark(1)]
                            $0.receipts = [receipt("r")]
                        })
                }
                try check(error.message.contains("first-location"), "'\(error.message)' tells what was found")
                try check(!error.isRetryable, "the same commit can't succeed")
            }
            try await checkThrows("commit-conflict") { try await store.commit(commit([swap(other, "none", "y")])) }
            try checkEqual(try await store.pointer(other), nil)
            try checkEqual(try await store.watermarks(), [])
            try checkEqual(try await store.receipt(id: "r"), nil)
        },
        .init("of many commits on one pointer exactly one wins") { store in
            try await store.createNamespace("silver", properties: [:])
            try await store.commit(commit([swap(table, nil, "0")]))
            for round in 0..<5 {
                let wins = await withTaskGroup(of: String?.self) { group in
                    for writer in 0..<12 {
                        group.addTask {
                            let next = "\(round + 1)"
                            let wanted = commit([swap(table, "\(round)", next)]) {
                                $0.receipts = [receipt("\(round)-\(writer)")]
                            }
                            do {
                                try await store.commit(wanted)
                                return "\(round)-\(writer)"
                            } catch { return nil }
                        }
                    }
                    return await group.reduce(into: [String]()) { if let win = $1 { $0.append(win) } }
                }
                try checkEqual(wins.count, 1)
                try check(try await store.receipt(id: wins[0]) != nil, "the winner's receipt is stored")
            }
            try checkEqual(try await store.pointer(table)?.version, 6)
            try checkEqual(try await store.receiptCount(table: nil), 5)
        },
    ]

    private static let guards: [ConformanceCheck<any CatalogStore>] = [
        .init("a watermark moves forward only") { store in
            try await store.commit(commit([]) { $0.watermarks = [mark(5)] })
            for offset in [5, 4, 0] {
                try await checkThrows("commit-conflict") {
                    try await store.commit(
                        commit([]) {
                            $0.watermarks = [mark(Int64(offset))]
                            $0.receipts = [receipt("r")]
                        })
                }
            }
            try await store.commit(commit([]) { $0.watermarks = [mark(6)] })
            try checkEqual(try await store.watermark(topic: "t", partition: 0), mark(6))
            try checkEqual(try await store.watermark(topic: "t", partition: 1), nil)
            try checkEqual(try await store.receiptCount(table: nil), 0)
        },
        .init("work on a part of a record moves the watermark by its step") { store in
            func partial(_ offset: Int64, _ step: Int64) -> CatalogWatermark {
                var mark = mark(offset)
                mark.partial = PartialWork(step: step, aheadOffset: offset + 3, state: [UInt8(step), 0, 255])
                return mark
            }
            for wanted in [mark(5), partial(5, 1), partial(5, 2), mark(8), partial(8, 1)] {
                try await store.commit(commit([]) { $0.watermarks = [wanted] })
                try checkEqual(try await store.watermark(topic: "t", partition: 0), wanted)
                try checkEqual(try await store.watermarks(), [wanted])
            }
            for behind in [partial(8, 1), mark(8), partial(7, 9)] {
                try await checkThrows("commit-conflict") {
                    try await store.commit(commit([]) { $0.watermarks = [behind] })
                }
            }
            try await store.commit(commit([]) { $0.watermarks = [mark(9)] })
            try checkEqual(try await store.watermark(topic: "t", partition: 0), mark(9))
        },
        .init("another incarnation starts anew and retires the former for good") { store in
            try await store.commit(commit([]) { $0.watermarks = [mark(50, "one")] })
            try await store.commit(commit([]) { $0.watermarks = [mark(2, "two")] })
            try checkEqual(try await store.watermark(topic: "t", partition: 0), mark(2, "two"))
            try await checkThrows("commit-conflict") {
                try await store.commit(commit([]) { $0.watermarks = [mark(51, "one")] })
            }
            try checkEqual(try await store.watermarks(), [mark(2, "two")])
        },
        .init("a fence shuts out the holder of an older token") { store in
            let first = try await store.acquireFence(role: "committer")
            try await store.commit(
                commit([]) {
                    $0.fence = .init(role: "committer", token: first)
                    $0.watermarks = [mark(1)]
                })
            let second = try await store.acquireFence(role: "committer")
            try check(second > first, "tokens rise")
            try await checkThrows("commit-conflict") {
                try await store.commit(
                    commit([]) {
                        $0.fence = .init(role: "committer", token: first)
                        $0.watermarks = [mark(2)]
                    })
            }
            try await checkThrows("commit-conflict") {
                try await store.commit(commit([]) { $0.fence = .init(role: "unknown", token: 1) })
            }
            try await store.commit(commit([]) { $0.fence = .init(role: "committer", token: second) })
            try checkEqual(try await store.watermark(topic: "t", partition: 0), mark(1))
            try checkEqual(try await store.acquireFence(role: "other"), 1)
        },
    ]

    private static let rows: [ConformanceCheck<any CatalogStore>] = [
        .init("receipts page newest first, by table, and are replaced by id") { store in
            for index in 0..<7 {
                let row = receipt("id-\(index)", table: index % 2 == 0 ? "even" : "odd", state: "failed")
                try await store.commit(commit([]) { $0.receipts = [row] })
            }
            try await store.commit(commit([]) { $0.receipts = [receipt("id-3", table: "odd")] })
            var found: [String] = []
            while true {
                let page = try await store.receipts(table: nil, before: found.last, limit: 3).map(\.id)
                if page.isEmpty { break }
                found += page
            }
            try checkEqual(found, (0..<7).reversed().map { "id-\($0)" })
            let odd = try await store.receipts(table: "odd", before: "id-5", limit: 9).map(\.id)
            try checkEqual(odd, ["id-3", "id-1"])
            try checkEqual(try await store.receipt(id: "id-3"), receipt("id-3", table: "odd"))
            try checkEqual(try await store.receiptCount(table: nil), 7)
            try checkEqual(try await store.receiptCount(table: "even"), 4)
            try checkEqual(try await store.receiptCount(table: "none"), 0)
        },
        .init("key index pieces keep their order, and a reset goes before the pieces of its commit") { store in
            func piece(_ snapshot: Int64) -> KeyIndexPiece {
                KeyIndexPiece(table: table, snapshotID: snapshot, bytes: [UInt8](repeating: UInt8(snapshot), count: 5))
            }
            try await store.commit(commit([]) { $0.keyIndexPieces = [piece(3), piece(1)] })
            try await store.commit(
                commit([]) { $0.keyIndexPieces = [piece(2), KeyIndexPiece(table: other, snapshotID: 9, bytes: [])] })
            try checkEqual(try await store.keyIndex(table), [piece(3), piece(1), piece(2)])
            try await store.commit(
                commit([]) {
                    $0.keyIndexResets = [table]
                    $0.keyIndexPieces = [piece(4)]
                })
            try checkEqual(try await store.keyIndex(table), [piece(4)])
            try checkEqual(try await store.keyIndex(other).map(\.bytes), [[]])
        },
    ]
}
