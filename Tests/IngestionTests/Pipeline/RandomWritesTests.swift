import Foundation
import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

/// Random writes against ``LakeOracle``.
struct RandomWritesTests {
    /// More of them with `DIPPER_TEST_SCENARIOS`.
    fileprivate static let scenarios =
        ProcessInfo.processInfo.environment["DIPPER_TEST_SCENARIOS"].flatMap { Int($0) } ?? 240

    @Test func `random writes leave what a dictionary would hold`() async throws {
        var generator = SeededRandom(purpose: "random writes")
        var sliceCount = 0
        for number in 0..<Self.scenarios {
            var scenario = Scenario(number, generator)
            try await scenario.run()
            if !scenario.isSound { return }
            generator = scenario.generator
            sliceCount += scenario.sliceCount
        }
        #expect(sliceCount > Self.scenarios / 10, "files were worked in slices")
    }
}

private struct Scenario {
    private let number: Int
    private(set) var generator: SeededRandom
    private var oracle: LakeOracle
    private var limits = IngestionLimits()
    private var history: [String] = []
    private var earlier: [Sent] = []
    private var expected: [(id: String, rows: JobReceipt.Rows?)] = []
    private(set) var isSound = true
    private(set) var sliceCount = 0

    /// A write in the form that it is sent in.
    private enum Sent {
        case file(String, LakeOracle.Write)
        case batch(String, LakeOracle.Write)
        case delete(Int)
    }

    init(_ number: Int, _ generator: SeededRandom) {
        self.number = number
        self.generator = generator
        oracle = LakeOracle(conflict: .replace)
        oracle = LakeOracle(conflict: [.replace, .replace, .ignore, .reject][pick(4)])
        limits.contestedBytesMax = [1, 600, IngestionLimits().contestedBytesMax][pick(3)]
        limits.recordsPerCommitMax = [1, 2, 500][pick(3)]
        limits.rowGroupBytes = [1, 200, 24 << 20][pick(3)]
        limits.dataFileBytes = [1, 256 << 20][pick(2)]
        limits.bufferedBytesMax = [1, 96 << 20][pick(2)]
        limits.positionDeletesPerFile = [1, 2, 1 << 20][pick(3)]
        limits.readBytes = [1, 7, 1 << 20][pick(3)]
        limits.rejectsBuffered = [1, 20_000][pick(2)]
        limits.sliceMilliseconds = [0, 0, 0, 60_000][pick(4)]
        limits.chunkBytes = [1, 1, 40][pick(3)]
        limits.aheadKeysMax = [2, 500_000, 500_000][pick(3)]
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }

    mutating func run() async throws {
        do {
            let lake = try await TestLake(TestTables.items(conflict: oracle.conflict), limits: limits)
            for _ in 0..<(3 + pick(limits.sliceMilliseconds == 0 ? 10 : 6)) {
                try await send(nextWrite(), to: lake)
                switch pick(limits.sliceMilliseconds == 0 ? 14 : 8) {
                case 0:
                    history.append("restart")
                    sliceCount += lake.sliceCount
                    try await lake.restart()
                case 5, 6:
                    // The next write comes while a file may be in the lake in part.
                    history.append("step")
                    _ = try await lake.step("items")
                case 1...(limits.sliceMilliseconds == 0 ? 2 : 4):
                    history.append("drain")
                    try await lake.drain()
                default: break
                }
            }
            try await lake.drain()
            sliceCount += lake.sliceCount
            try await compare(lake)
        } catch {
            Issue.record("\(error) with \(description)")
            isSound = false
        }
    }

    private var description: String {
        "scenario \(number) of seed \(generator.seed), conflict \(oracle.conflict), \(limits):\n\(history.joined(separator: "\n"))"
    }

    private mutating func send(_ sent: Sent, to lake: TestLake) async throws {
        earlier.append(sent)
        switch sent {
        case .file(let text, let write):
            history.append("file \(write.replacesAll) \(write.failsOnRejects)\n\(text)")
            let id = try await lake.upload(
                "items", text, mode: write.replacesAll ? .overwrite : .upsert,
                onError: write.failsOnRejects ? .fail : .quarantine
            ).id
            expected.append((id, oracle.apply(write)))
        case .batch(let body, let write):
            history.append("batch \(body)")
            expected.append((try await lake.batch("items", body).id, oracle.apply(write)))
        case .delete(let key):
            history.append("delete \(key)")
            let request = DeleteRequest(table: "items", key: ["\(key)"])
            expected.append((try await lake.ingestion.deleteRow(request).id, oracle.delete(key)))
        }
    }

    private mutating func nextWrite() -> Sent {
        if !earlier.isEmpty, pick(6) == 0 { return earlier[pick(earlier.count)] }
        if pick(4) == 0 { return .delete(pick(8)) }
        // Where files are sliced, mostly batches come behind each of them.
        let isFile = pick(limits.sliceMilliseconds == 0 ? 3 : 2) == 0
        var rows: [LakeOracle.Row] = []
        for _ in 0..<(pick(9) + (isFile ? 0 : 1)) { rows.append(nextRow(canBeBlank: isFile)) }
        if !isFile {
            let body = "[\(rows.map(Self.json).joined(separator: ", "))]"
            return .batch(body, LakeOracle.Write(rows: rows, bytes: body))
        }
        let text = (["id,name,day"] + rows.map(Self.csv)).map { $0 + "\n" }.joined()
        return .file(
            text, LakeOracle.Write(rows: rows, replacesAll: pick(8) == 0, failsOnRejects: pick(8) == 0, bytes: text))
    }

    private mutating func nextRow(canBeBlank: Bool) -> LakeOracle.Row {
        if canBeBlank, pick(12) == 0 { return LakeOracle.Row(isBlank: true) }
        return LakeOracle.Row(
            key: pick(15) == 0 ? nil : pick(8), name: pick(15) == 0 ? nil : ["a", "b", "c"][pick(3)],
            day: [nil, "2021-01-01", "2021-05-01", "2022-01-01"][pick(4)])
    }

    private static func csv(_ row: LakeOracle.Row) -> String {
        row.isBlank ? "" : "\(row.key.map { "\($0)" } ?? "x"),\(row.name ?? ""),\(row.day ?? "")"
    }

    private static func json(_ row: LakeOracle.Row) -> String {
        let day = row.day.map { "\"\($0)\"" } ?? "null"
        return #"{"id": \#(row.key.map { "\($0)" } ?? "null"), "name": "\#(row.name ?? "")", "day": \#(day)}"#
    }

    private mutating func compare(_ lake: TestLake) async throws {
        try await lake.check()
        let rows = try await lake.rows("items")
        expect(rows == oracle.rows, "rows \(rows), expected \(oracle.rows)")
        let rejects = try await lake.rejects("items")
        expect(rejects.count == oracle.rejects.count, "rejects \(rejects.count), expected \(oracle.rejects.count)")
        for (id, counts) in expected {
            let receipt = try await lake.receipt(id)
            guard let counts else {
                expect(receipt.state == .failed, "job at \(receipt.offset) is \(receipt.state), expected to fail")
                continue
            }
            // When contested rows of one file are settled apart, a row that another of the file follows may count as what
            // it was when it was settled.
            var found = receipt.rows
            var wanted = counts
            if limits.sliceMilliseconds == 0, oracle.conflict == .replace {
                // What a row of a batch finds stored depends on how much of the file before it is in.
                found = found.withoutKinds
                wanted = wanted.withoutKinds
            } else if receipt.kind == .file, limits.contestedBytesMax != IngestionLimits().contestedBytesMax {
                found.superseded += found.updated + found.unchanged
                wanted.superseded += wanted.updated + wanted.unchanged
                (found.updated, found.unchanged, wanted.updated, wanted.unchanged) = (0, 0, 0, 0)
            }
            expect(
                receipt.state == .committed && found == wanted,
                "job at \(receipt.offset): \(receipt.rows.text), expected \(counts.text)")
        }
    }

    private mutating func expect(_ condition: Bool, _ message: String) {
        guard !condition else { return }
        isSound = false
        Issue.record("\(message) with \(description)")
    }
}

extension JobReceipt.Rows {
    /// All accepted rows as one sum.
    fileprivate var withoutKinds: Self {
        var rows = self
        rows.superseded += rows.inserted + rows.updated + rows.unchanged + rows.deleted
        (rows.inserted, rows.updated, rows.unchanged, rows.deleted) = (0, 0, 0, 0)
        return rows
    }
}
