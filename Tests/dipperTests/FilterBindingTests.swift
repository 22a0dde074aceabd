import Iceberg
import LakeModel
import QueryEngine
import Testing

@testable import dipper

@Suite struct FilterBindingTests {
    private static let schema = Schema(
        id: 0,
        fields: [
            .init(id: 1, name: "id", type: .long, required: true), .init(id: 2, name: "n", type: .int, required: false),
            .init(id: 3, name: "name", type: .string, required: false),
            .init(id: 4, name: "day", type: .date, required: false),
            .init(id: 5, name: "at", type: .timestamptz, required: false),
            .init(id: 6, name: "price", type: .decimal(precision: 9, scale: 2), required: false),
            .init(id: 7, name: "ratio", type: .double, required: false),
            .init(id: 8, name: "flag", type: .boolean, required: false),
            .init(id: 9, name: "small", type: .float, required: false),
        ])

    private func binding(_ parameters: QueryParameters = .positional([])) -> FilterBinding {
        FilterBinding(schema: Self.schema, parameters: parameters) { $0.qualifier.isEmpty || $0.qualifier == ["t"] }
    }

    private func compare(_ name: String, _ operand: RowFilter.Operand) -> RowFilter {
        .compare(.init(name: name), .equal, operand)
    }

    @Test func `constants of a column's own kind are taken over exactly`() {
        let cases: [(String, RowFilter.Operand, Datum)] = [
            ("id", .integer(5), .long(5)), ("N", .integer(-5), .int(-5)), ("name", .text("a"), .string("a")),
            ("day", .cast(.text("2020-01-02"), type: "DATE"), .int(18_263)), ("day", .text("1970-01-01"), .int(0)),
            ("at", .cast(.text("1970-01-01 00:00:01"), type: "TIMESTAMP"), .long(1_000_000)),
            ("at", .text("1970-01-01T00:00:01.5Z"), .long(1_500_000)),
            ("at", .cast(.text("1970-01-02"), type: "DATE"), .long(86_400_000_000)),
            ("at", .cast(.text("1970-01-01 02:00:00+02:00"), type: "TIMESTAMP WITH TIME ZONE"), .long(0)),
            ("price", .decimal(unscaled: 15, scale: 1), .decimal(150)), ("price", .integer(2), .decimal(200)),
            ("ratio", .decimal(unscaled: 5, scale: 2), .double(0.05)), ("ratio", .integer(3), .double(3)),
            ("flag", .cast(.text("t"), type: "BOOLEAN"), .boolean(true)),
        ]
        for (name, operand, value) in cases {
            let column = Self.schema.fields.first { $0.name == name.lowercased() }?.name ?? ""
            #expect(binding().expression(compare(name, operand)) == .compare(column: column, .equal, value))
        }
    }

    @Test func `what the engine might compare in another type is left undecided`() {
        let cases: [(String, RowFilter.Operand)] = [
            ("id", .text("5")), ("id", .double(5)), ("id", .decimal(unscaled: 50, scale: 1)), ("n", .integer(1 << 40)),
            ("name", .integer(5)), ("day", .cast(.text("2020-01-02 00:00:00"), type: "TIMESTAMP")),
            ("day", .text("2020-1-2")), ("at", .text("1970-01-01 00:00:00.1234567")), ("at", .text("now")),
            ("at", .cast(.text("1970-01-01 00:00:00+02"), type: "TIMESTAMP")),
            ("price", .decimal(unscaled: 1, scale: 3)),
            ("price", .double(1)), ("small", .decimal(unscaled: 1, scale: 1)), ("ratio", .integer(.max)),
            ("nothing", .integer(1)), ("id", .parameter("1")), ("id", .cast(.integer(5), type: "VARCHAR")),
        ]
        for (name, operand) in cases {
            #expect(binding().expression(compare(name, operand)) == .undecided, "\(name) \(operand)")
        }
        let others = RowFilter.compare(.init(qualifier: ["u"], name: "id"), .equal, .integer(1))
        #expect(binding().expression(others) == .undecided)
        #expect(binding().expression(.isIn(.init(name: "id"), [.integer(1), .text("x")])) == .undecided)
    }

    @Test func `parameters are taken by number and by name`() {
        let wanted = Expression.equal("id", .long(7))
        #expect(binding(.positional([.null, .integer(7)])).expression(compare("id", .parameter("2"))) == wanted)
        #expect(binding(.named(["key": .integer(7)])).expression(compare("id", .parameter("key"))) == wanted)
        #expect(binding(.positional([.text("7")])).expression(compare("id", .parameter("1"))) == .undecided)
        #expect(binding(.positional([.text("2020-01-02")])).expression(compare("day", .parameter("1"))) == .undecided)
        #expect(
            binding(.positional([.text("1970-01-02")])).expression(
                compare("day", .cast(.parameter("1"), type: "DATE"))) == .equal("day", .int(1)))
    }

    // MARK: Files

    private func planned(_ ranges: [ClosedRange<Int64>]) -> PlannedTable {
        let metadata = TableMetadata.new(uuid: "u", location: "file:///w/t", schema: Self.schema, nowMilliseconds: 0)
        let files = ranges.enumerated().map { index, range in
            var file = DataFile(location: "file:///w/t/data/\(index).parquet", recordCount: 10, byteCount: 100)
            file.lowerBounds = [1: BoundsCodec.encode(.long(range.lowerBound), .long)]
            file.upperBounds = [1: BoundsCodec.encode(.long(range.upperBound), .long)]
            file.nullValueCounts = [1: 0]
            file.valueCounts = [1: 10]
            return PlannedTable.File(
                path: "/w/t/data/\(index).parquet", dataFile: file,
                positionDeletes: index == 1 ? ["/w/t/data/d.parquet"] : [], equality: nil)
        }
        return PlannedTable(
            head: QueryTable(namespace: "silver", name: "t", fields: Self.schema.fields, plainFiles: [], version: "v"),
            location: "/w/t/", files: files, equalityDeletes: [], metadata: metadata, schema: Self.schema)
    }

    @Test func `files that cannot hold matching rows are left out, and every choice has a version of its own`() {
        let plan = planned([0...9, 10...19, 20...29, 30...39])
        #expect(plan.whole.dataFileCount == 4)
        #expect(plan.whole.folders == ["/w/t/data/"])
        let some = plan.table(matching: .or(.equal("id", .long(5)), .compare(column: "id", .greater, .long(25))))
        #expect(some.plainFiles == [0, 2, 3].map { "/w/t/data/\($0).parquet" })
        #expect(some.deleteFiles.isEmpty && some.deletedFromFiles.isEmpty)
        let one = plan.table(matching: .equal("id", .long(15)))
        #expect(one.deletedFromFiles == ["/w/t/data/1.parquet"] && one.deleteFiles == ["/w/t/data/d.parquet"])
        let none = plan.table(matching: .equal("id", .long(99)))
        #expect(none.dataFileCount == 0 && none.folders == plan.whole.folders)
        #expect(Set([plan.whole, some, one, none].map(\.version)).count == 4)
        #expect(plan.table(matching: .undecided) == plan.whole)
        #expect(plan.table(matching: .equal("no such column", .long(1))) == plan.whole)
    }

    @Test func `a table whose planning leaves out files gives the rows that a whole one gives`() {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 1...1 << 40, using: &generator)
        var state = seed
        func next(_ bound: Int64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(state >> 33) % bound
        }
        for _ in 0..<200 {
            let ranges = (0..<8).map { _ -> ClosedRange<Int64> in
                let low = next(100)
                return low...(low + next(20))
            }
            let value = next(120)
            let comparisons: [(Expression.Comparison, (Int64) -> Bool)] = [
                (.equal, { $0 == value }), (.notEqual, { $0 != value }), (.less, { $0 < value }),
                (.lessOrEqual, { $0 <= value }), (.greater, { $0 > value }), (.greaterOrEqual, { $0 >= value }),
            ]
            for (comparison, test) in comparisons {
                let kept = planned(ranges).table(matching: .compare(column: "id", comparison, .long(value)))
                let files = Set(kept.files)
                for (index, range) in ranges.enumerated() where range.contains(where: test) {
                    #expect(
                        files.contains("/w/t/data/\(index).parquet"), "seed \(seed): \(comparison) \(value) in \(range)"
                    )
                }
            }
        }
    }
}
