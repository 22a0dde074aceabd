import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

/// Files whose keys are mostly stored, and how many of their rows count as changed.
struct ReuploadTests {
    /// `id,label,weight,flag,day`, all but the id nullable.
    private static func things(key: PrimitiveType) -> TableDeclaration {
        TableDeclaration(
            name: "things", silverName: "things_cleaned",
            columns: [
                ColumnDeclaration(name: "id", type: key), ColumnDeclaration(name: "label", type: .string),
                ColumnDeclaration(name: "weight", type: .double), ColumnDeclaration(name: "flag", type: .boolean),
                ColumnDeclaration(name: "day", type: .date),
            ], key: ["id"], derived: [DerivedColumn(name: "day_year", part: .year, source: "day")],
            partition: ["day_year"])
    }

    private struct Thing: Hashable {
        var id: String
        var label: String?
        var weight: String?
        var flag: Bool?
        var year: Int?

        var line: String {
            "\(id),\(label ?? ""),\(weight ?? ""),\(flag.map { "\($0)" } ?? ""),\(year.map { "\($0)-03-04" } ?? "")\n"
        }
        var text: String {
            "\(id)|\(label ?? "-")|\(weight ?? "-")|\(flag.map { "\($0)" } ?? "-")|"
                + (year.map { "\($0)-03-04" } ?? "-")
        }
    }

    private static let header = "id,label,weight,flag,day\n"

    private static func thing(_ id: String, _ random: inout SeededRandom) -> Thing {
        func pick<Value>(_ values: [Value?]) -> Value? { values.randomElement(using: &random) ?? nil }
        return Thing(
            id: id, label: pick(["a", "bb", "a much longer label than others", nil]),
            weight: pick(["0.0", "-0.0", "1.5", nil]), flag: pick([true, false, nil]),
            year: pick([2020, 2021, 2022, nil]))
    }

    /// Changes one value: to or from null, a zero's sign, or what moves the row to another partition.
    private static func change(_ thing: Thing, _ random: inout SeededRandom) -> Thing {
        var changed = thing
        while changed == thing {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: changed.label = changed.label.map { $0 + "x" } ?? "new"
            case 1: changed.weight = ["0.0", "-0.0", nil].randomElement(using: &random) ?? nil
            case 2: changed.flag = changed.flag == true ? nil : true
            default: changed.year = changed.year == 2021 ? 2020 : 2021
            }
        }
        return changed
    }

    @Test(arguments: [PrimitiveType.long, .string], [false, true])
    func `only rows that differ are written again`(_ key: PrimitiveType, _ isShuffled: Bool) async throws {
        var random = SeededRandom(purpose: "re-upload \(key) \(isShuffled)")
        var limits = IngestionLimits()
        limits.chunkBytes = 20_000
        limits.rowGroupBytes = 60_000
        let lake = try await TestLake(Self.things(key: key), limits: limits)
        var stored = (0..<3_000).map { Self.thing(key == .string ? "k\($0)" : "\($0 * 3)", &random) }
        var sent = stored
        _ = try await lake.load("things", Self.header + sent.map(\.line).joined())
        for round in 0..<3 {
            var changed = 0
            for index in stored.indices where Int.random(in: 0..<50, using: &random) == 0 {
                stored[index] = Self.change(stored[index], &random)
                changed += 1
            }
            // Some keys stand there twice, first with other values: the last counts.
            sent = stored
            var doubled = 0
            for index in stride(from: 5, to: stored.count, by: 400) where round > 0 {
                sent.insert(Self.change(stored[index], &random), at: index)
                doubled += 1
            }
            if isShuffled, round == 0 { sent.shuffle(using: &random) }
            // Keys between the stored ones, which nobody has yet.
            let added = (0..<100).map {
                Self.thing(key == .string ? "r\(round)-\($0)" : "\($0 * 3 + 1 + round)", &random)
            }
            let news = round == 2 ? [] : added
            stored += news
            let receipt = try await lake.load("things", Self.header + (sent + news).map(\.line).joined())
            #expect(receipt.rows.inserted == news.count)
            #expect(receipt.rows.updated == changed, "round \(round), seed \(random.seed)")
            #expect(receipt.rows.superseded == doubled)
            #expect(receipt.rows.unchanged == stored.count - news.count - changed)
            #expect(try await lake.rows("things") == stored.map(\.text).sorted())
        }
    }

    @Test func `doubled stored keys are put right by a file that repeats them`() async throws {
        let lake = try await TestLake(TestTables.items())
        let header = "id,name,day\n"
        let lines = (0..<500).map { "\($0),name \($0),2021-0\($0 % 9 + 1)-05\n" }
        _ = try await lake.load("items", header + lines.joined())
        let foreign = ForeignWriter(tables: lake.tables, declaration: try lake.declaration("items"))
        // The same values once more, others in another partition, and a new row.
        let day = Int32(CivilDate.days(year: 2021, month: 8, day: 5))
        try await foreign.append([
            ForeignWriter.Row(id: 7, name: "name 7", day: day), ForeignWriter.Row(id: 8, name: "other", day: nil),
            ForeignWriter.Row(id: 900, name: "foreign", day: day),
        ])
        let receipt = try await lake.load("items", header + (lines + ["900,foreign,2021-08-05\n"]).joined())
        #expect(receipt.rows.text == "read 501, accepted 501, updated 2, unchanged 499")
        let again = try await lake.load("items", header + lines.joined())
        #expect(again.rows.text == "read 500, accepted 500, unchanged 500")
        #expect(try await lake.rows("items").count == 501)
    }
}
