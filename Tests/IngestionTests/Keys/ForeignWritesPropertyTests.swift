import CatalogService
import Foundation
import Iceberg
import LakeModel
import LakeTesting
import ObjectStorage
import Synchronization
import Testing

@testable import Ingestion

/// Random writes of ours and of another engine on one table, between and during each other, against a dictionary.
struct ForeignWritesPropertyTests {
    /// 40, or as many as `DIPPER_TEST_SCENARIOS` says.
    private static let scenarios =
        ProcessInfo.processInfo.environment["DIPPER_TEST_SCENARIOS"].flatMap { Int($0) } ?? 40

    @Test func `writes of two engines leave what a dictionary would hold`() async throws {
        var generator = SeededRandom(purpose: "two engines")
        for number in 0..<Self.scenarios {
            var scenario = TwoEngines(number, generator)
            do {
                try await scenario.run()
            } catch {
                Issue.record("\(error) with \(scenario.description)")
                return
            }
            if !scenario.isSound { return }
            generator = scenario.generator
        }
    }
}

private struct TwoEngines {
    private typealias Row = ForeignWriter.Row
    /// The rows of each key; several when the other engine doubled it.
    private typealias Model = [Int64: [Row]]

    private let number: Int
    private(set) var generator: SeededRandom
    private var limits = IngestionLimits()
    private var model: Model = [:]
    /// The model as it was at each snapshot.
    private var past: [Int64: Model] = [:]
    private var history: [String] = []
    private(set) var isSound = true

    init(_ number: Int, _ generator: SeededRandom) {
        self.number = number
        self.generator = generator
        limits.keyIndexPiecesMax = [1, 2, 3, 32][pick(4)]
        limits.keyIndexInlineBytesMax = [0, 60, 64 << 10][pick(3)]
        limits.keyIndexStaleKeysMin = [1, 1 << 17][pick(2)]
        limits.contestedBytesMax = [1, 600, 192 << 20][pick(3)]
        limits.rowGroupBytes = [1, 200, 24 << 20][pick(3)]
        limits.dataFileBytes = [1, 256 << 20][pick(2)]
        limits.positionDeletesPerFile = [1, 1 << 20][pick(2)]
    }

    var description: String {
        "scenario \(number) of seed \(generator.seed), \(limits):\n\(history.joined(separator: "\n"))"
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }

    mutating func run() async throws {
        let catalog = MemoryCatalogStore()
        var stores = TestStores.memory()
        stores.catalog = catalog
        let lake = try await TestLake(TestTables.items(), stores: stores, limits: limits)
        let foreign = ForeignWriter(tables: lake.tables, declaration: try lake.declaration("items"))
        for _ in 0..<(4 + pick(8)) {
            switch pick(7) {
            case 0: try await changeForeign(foreign)
            case 1:
                history.append("restart")
                try await lake.restart()
            case 2: try await damage(lake)
            case 3: try await load(lake, catalog, foreign, isRaced: true)
            default: try await load(lake, catalog, foreign, isRaced: false)
            }
            try await compare(lake)
            if !isSound { return }
            if let id = try await lake.snapshotID("items") { past[id] = model }
        }
    }

    // MARK: Ours

    private mutating func load(
        _ lake: TestLake, _ catalog: MemoryCatalogStore, _ foreign: ForeignWriter, isRaced: Bool
    ) async throws {
        let rows = (0..<(1 + pick(7))).map { _ in nextRow() }
        history.append("\(isRaced ? "raced " : "")load \(rows.map { "\($0.id) \($0.name) \($0.day ?? -1)" })")
        let text = rows.map { "\($0.id),\($0.name),\(Self.text($0.day))\n" }.joined()
        let id = try await lake.upload("items", "id,name,day\n" + text).id
        if isRaced {
            let before = history.count
            let other = try await plan(foreign)
            let isDone = Mutex(false)
            catalog.hooks.setBefore { _ in
                let isFirst = isDone.withLock { done in
                    defer { done = true }
                    return !done
                }
                if isFirst { try await other.apply() }
            }
            do {
                try await lake.engine.drain(operational: false)
            } catch let error as CatalogError where error.code == "commit-conflict" {
                history.append("conflict")
            }
            catalog.hooks.setBefore(nil)
            if isDone.withLock({ $0 }) { model = other.model } else { history.removeSubrange(before...) }
            if let id = try await foreign.metadata().currentSnapshotID { past[id] = model }
        }
        try await lake.engine.drain(operational: false)
        let expected = apply(rows)
        let found = try await lake.receipt(id).rows
        if limits.contestedBytesMax == 192 << 20 {
            expect(found == expected, "counts \(found.text), expected \(expected.text)")
        }
        expect(found.isBalanced, "counts \(found.text)")
    }

    private mutating func apply(_ rows: [Row]) -> JobReceipt.Rows {
        var counts = JobReceipt.Rows()
        counts.read = rows.count
        counts.accepted = rows.count
        for (index, row) in rows.enumerated() {
            if rows[(index + 1)...].contains(where: { $0.id == row.id }) {
                let isNew = model[row.id] == nil && !rows[..<index].contains { $0.id == row.id }
                if isNew { counts.inserted += 1 } else { counts.superseded += 1 }
                continue
            }
            let isRepeat = rows[..<index].contains { $0.id == row.id }
            switch model[row.id] {
            case nil: if isRepeat { counts.superseded += 1 } else { counts.inserted += 1 }
            case [row]: counts.unchanged += 1
            default: counts.updated += 1
            }
        }
        for row in rows { model[row.id] = [row] }
        return counts
    }

    private mutating func nextRow() -> Row {
        Row(
            id: Int64(pick(12)) * [1, 1 << 40][pick(2)], name: ["a", "b"][pick(2)], day: [nil, 18_628, 18_900][pick(3)])
    }

    private static func text(_ day: Int32?) -> String {
        guard let day else { return "" }
        let date = CivilDate(daysSinceEpoch: Int(day))
        func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)-\(pad(date.month))-\(pad(date.day))"
    }

    // MARK: The other engine

    private struct Planned: Sendable {
        let model: Model
        let apply: @Sendable () async throws -> Void
    }

    private mutating func changeForeign(_ foreign: ForeignWriter) async throws {
        let other = try await plan(foreign)
        try await other.apply()
        model = other.model
    }

    private mutating func plan(_ foreign: ForeignWriter) async throws -> Planned {
        var next = model
        let choice = pick(6)
        switch choice {
        case 0:
            let rows = (0..<(1 + pick(4))).map { _ in nextRow() }
            history.append("foreign append \(rows.map(\.id))")
            for row in rows { next[row.id, default: []].append(row) }
            return Planned(model: next) { try await foreign.append(rows) }
        case 1:
            let chosen = Set(model.keys.filter { _ in pick(3) == 0 })
            let rows = (0..<pick(3)).map { _ in nextRow() }
            history.append("foreign merge without \(chosen.sorted()), with \(rows.map(\.id))")
            for key in chosen { next[key] = nil }
            for row in rows { next[row.id, default: []].append(row) }
            return Planned(model: next) {
                try await foreign.merge(deleting: { chosen.contains($0.id) }, adding: rows)
            }
        case 2:
            let odd = pick(3)
            history.append("foreign rewrite \(odd)")
            return Planned(model: next) {
                try await foreign.rewrite { odd == 0 || $0.location.utf8.reduce(0, &+) % 2 == odd - 1 }
            }
        case 3:
            let chosen = Set(model.keys.filter { _ in pick(4) == 0 })
            history.append("foreign copy on write without \(chosen.sorted())")
            for key in chosen { next[key] = nil }
            return Planned(model: next) {
                try await foreign.rewrite({ _ in true }, changing: { chosen.contains($0.id) ? nil : $0 })
            }
        case 4:
            let ids = try await foreign.metadata().snapshots.map(\.id).filter { past[$0] != nil }
            guard !ids.isEmpty else { return Planned(model: next) {} }
            let id = ids[pick(ids.count)]
            history.append("foreign rollback")
            return Planned(model: past[id] ?? [:]) { try await foreign.rollback(to: id) }
        default:
            history.append("foreign expiry")
            return Planned(model: next) {
                if try await foreign.metadata().currentSnapshotID != nil { try await foreign.expire() }
            }
        }
    }

    // MARK: What is stored of the index

    private mutating func damage(_ lake: TestLake) async throws {
        let table = LakeTables.silver(try lake.declaration("items"))
        var rows = try await lake.stores.catalog.keyIndex(table)
        guard !rows.isEmpty else { return }
        let index = pick(rows.count)
        switch pick(3) {
        case 0: rows.remove(at: index)
        case 1: rows[index].bytes[pick(rows[index].bytes.count)] ^= 1
        default:
            if let key = KeyPiece.objectKey(of: rows[index]) { try await lake.stores.objects.delete(key) }
        }
        history.append("damage to piece \(index) of \(rows.count)")
        var commit = CatalogCommit()
        commit.keyIndexResets = [table]
        commit.keyIndexPieces = rows
        try await lake.stores.catalog.commit(commit)
    }

    // MARK: Looks

    private mutating func compare(_ lake: TestLake) async throws {
        let rows = try await lake.rows("items")
        let expected = model.values.joined().map {
            "\($0.id)|\($0.name)|\(Self.text($0.day).isEmpty ? "-" : Self.text($0.day))"
        }
        expect(rows == expected.sorted(), "rows \(rows), expected \(expected.sorted())")
        let violations = try await TableInvariants.check(try await lake.silver("items"), io: lake.tables.io)
        expect(violations.isEmpty, "\(violations)")
    }

    private mutating func expect(_ condition: Bool, _ message: String) {
        guard !condition, isSound else { return }
        isSound = false
        Issue.record("\(message) with \(description)")
    }
}
