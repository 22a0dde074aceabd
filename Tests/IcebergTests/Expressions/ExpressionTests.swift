import Iceberg
import LakeModel
import Testing

@Suite struct ExpressionTests {
    static let schema = Schema(
        id: 0,
        fields: [
            SchemaField(id: 1, name: "i", type: .int, required: false),
            SchemaField(id: 2, name: "d", type: .double, required: false),
            SchemaField(id: 3, name: "s", type: .string, required: false),
            SchemaField(id: 4, name: "t", type: .timestamptz, required: false),
            SchemaField(
                id: 5, name: "n", type: .structure([SchemaField(id: 6, name: "x", type: .long, required: true)]),
                required: false),
        ])

    private func file(_ values: [Datum?], field: Int, type: PrimitiveType, boundLength: Int = 16) -> DataFile {
        var file = DataFile(location: "f", recordCount: Int64(values.count), byteCount: 1)
        file.valueCounts = [field: Int64(values.count)]
        file.nullValueCounts = [field: Int64(values.count { $0 == nil })]
        if type == .double { file.nanValueCounts = [field: Int64(values.count { $0?.isNaN ?? false })] }
        let numbers = values.compactMap { $0 }.filter { !$0.isNaN }
        let sorted = numbers.sorted { $0.precedes($1) ?? false }
        if let first = sorted.first, let last = sorted.last {
            file.lowerBounds = [field: Array(BoundsCodec.encode(first, type).prefix(boundLength))]
            file.upperBounds = [field: BoundsCodec.encode(last, type)]
        }
        return file
    }

    private func mayMatch(_ expression: Iceberg.Expression, _ file: DataFile) throws -> Bool {
        file.mayMatch(try expression.bound(to: Self.schema))
    }

    @Test func `integer bounds leave out what cannot match`() throws {
        let file = file([.int(5), .int(10), nil], field: 1, type: .int)
        let cases: [(Iceberg.Expression, Bool)] = [
            (.compare(column: "i", .less, .int(5)), false), (.compare(column: "i", .lessOrEqual, .int(5)), true),
            (.compare(column: "i", .greater, .int(10)), false),
            (.compare(column: "i", .greaterOrEqual, .int(10)), true), (.equal("i", .int(4)), false),
            (.equal("i", .int(7)), true), (.isIn(column: "i", [.int(1), .int(11)]), false),
            (.isIn(column: "i", [.int(1), .int(6)]), true), (.isIn(column: "i", []), false),
            (.isNull(column: "i"), true), (.not(.isNull(column: "i")), true),
            (.not(.compare(column: "i", .greaterOrEqual, .int(5))), false),
            (.and(.equal("i", .int(7)), .equal("i", .int(1))), false),
            (.or(.equal("i", .int(7)), .equal("i", .int(1))), true),
            (.not(.or(.compare(column: "i", .less, .int(20)), .alwaysFalse)), false), (.alwaysTrue, true),
            (.alwaysFalse, false), (.equal("i", .long(7)), true),
        ]
        for (expression, expected) in cases { #expect(try mayMatch(expression, file) == expected, "\(expression)") }
    }

    @Test func `a column of nulls alone matches only null`() throws {
        let file = file([nil, nil], field: 1, type: .int)
        #expect(try mayMatch(.isNull(column: "i"), file))
        #expect(try !mayMatch(.isNotNull(column: "i"), file))
        #expect(try !mayMatch(.equal("i", .int(1)), file))
        #expect(try !mayMatch(.compare(column: "i", .notEqual, .int(1)), file))
    }

    @Test func `one value alone rules out its opposite, but not for text`() throws {
        let numbers = file([.int(5), .int(5)], field: 1, type: .int)
        #expect(try !mayMatch(.compare(column: "i", .notEqual, .int(5)), numbers))
        #expect(try !mayMatch(.not(.isIn(column: "i", [.int(4), .int(5)])), numbers))
        let text = file([.string("a"), .string("a")], field: 3, type: .string)
        #expect(try mayMatch(.compare(column: "s", .notEqual, .string("a")), text), "bounds of text may be cut")
    }

    @Test func `NaN counts and zeros of both signs`() throws {
        let onlyNaN = file([.double(.nan)], field: 2, type: .double)
        #expect(try mayMatch(.isNaN(column: "d"), onlyNaN))
        #expect(try !mayMatch(.equal("d", .double(1)), onlyNaN))
        let zero = file([.double(0.0)], field: 2, type: .double)
        #expect(try mayMatch(.equal("d", .double(-0.0)), zero))
        #expect(try !mayMatch(.isNaN(column: "d"), zero))
        #expect(try !mayMatch(.compare(column: "d", .less, .double(0.0)), zero))
        var unknown = zero
        unknown.nanValueCounts = nil
        #expect(try mayMatch(.isNaN(column: "d"), unknown))
    }

    @Test func `prefixes of text`() throws {
        let file = file([.string("bcd"), .string("bxy")], field: 3, type: .string, boundLength: 2)
        #expect(try mayMatch(.startsWith(column: "s", "b"), file))
        #expect(try mayMatch(.startsWith(column: "s", "bcd"), file))
        #expect(try !mayMatch(.startsWith(column: "s", "a"), file))
        #expect(try !mayMatch(.startsWith(column: "s", "bz"), file))
        #expect(try !mayMatch(.not(.startsWith(column: "s", "b")), file))
        #expect(try mayMatch(.not(.startsWith(column: "s", "bc")), file))
    }

    @Test func `a file without metrics may match anything`() throws {
        let file = DataFile(location: "f", recordCount: 1, byteCount: 1)
        #expect(try mayMatch(.equal("i", .int(1)), file))
        #expect(try mayMatch(.isNull(column: "i"), file))
        #expect(try !mayMatch(.equal("i", .int(1)), DataFile(location: "f", recordCount: 0, byteCount: 1)))
    }

    @Test func `nested columns go by their path, unknown ones and wrong types are refused`() throws {
        let bound = try Iceberg.Expression.equal("n.x", .int(3)).bound(to: Self.schema)
        #expect(bound.fieldIDs == [6])
        for expression: Iceberg.Expression in [
            .equal("nowhere", .int(1)), .equal("n", .int(1)), .equal("i", .string("1")),
            .equal("i", .long(1 << 40)), .startsWith(column: "i", "x"), .isNull(column: "n.y"),
        ] {
            let error = #expect(throws: IcebergError.self) { try expression.bound(to: Self.schema) }
            #expect(error?.code == "expression-invalid")
        }
        let deep = (0..<2000).reduce(Iceberg.Expression.alwaysTrue) { expression, _ in .not(expression) }
        #expect(throws: IcebergError.self) { try deep.bound(to: Self.schema) }
    }

    /// Draws rows, files and predicates, and holds what is left out against the rows themselves.
    @Test func `a file with a matching row is never left out, whatever the partitioning`() async throws {
        let seed = UInt64.random(in: 0...(.max))
        var random = SeededRandom(state: seed)
        let transforms: [(Int, Transform)] = [
            (1, .identity), (1, .bucket(count: 3)), (1, .truncate(width: 5)), (3, .identity), (3, .truncate(width: 2)),
            (3, .bucket(count: 2)), (4, .year), (4, .month), (4, .day), (4, .hour), (2, .identity), (1, .void),
        ]
        for (source, transform) in transforms {
            let spec = PartitionSpec(
                id: 0, fields: [PartitionField(sourceID: source, fieldID: 1000, name: "p", transform: transform)])
            let metadata = TableMetadata.new(
                uuid: "u", location: "memory://t", schema: Self.schema, partitionSpec: spec, nowMilliseconds: 0)
            for _ in 0..<400 {
                let row = random.row()
                let expression = random.expression(depth: 3)
                guard matches(expression, row) == true else { continue }
                let type = Self.schema.fields[source - 1].type.primitive ?? .int
                let partition = [transform.apply(row[source - 1], type)]
                let bound = try expression.bound(to: Self.schema)
                let projection = PartitionProjection(bound, spec: spec, metadata: metadata)
                #expect(projection.mayMatch(partition: partition), "\(transform) \(expression) \(row) seed \(seed)")
                var summary = PartitionFieldSummary(
                    containsNull: partition[0] == nil, containsNaN: partition[0]?.isNaN ?? false, lowerBound: nil,
                    upperBound: nil)
                if let value = partition[0], !value.isNaN, let type = transform.resultType(type) {
                    summary.lowerBound = BoundsCodec.encode(value, type)
                    summary.upperBound = summary.lowerBound
                }
                #expect(projection.mayMatch(summaries: [summary]), "\(transform) \(expression) \(row) seed \(seed)")
                let other = random.row()
                var dataFile = file([row[source - 1], other[source - 1]], field: source, type: type)
                for (index, field) in Self.schema.fields.prefix(4).enumerated() where index + 1 != source {
                    let metrics = file(
                        [row[index], other[index]], field: index + 1, type: field.type.primitive ?? .int)
                    dataFile.lowerBounds?[index + 1] = metrics.lowerBounds?[index + 1]
                    dataFile.upperBounds?[index + 1] = metrics.upperBounds?[index + 1]
                    dataFile.nullValueCounts?[index + 1] = metrics.nullValueCounts?[index + 1]
                    dataFile.valueCounts?[index + 1] = metrics.valueCounts?[index + 1]
                }
                #expect(dataFile.mayMatch(bound), "\(expression) \(row) seed \(seed)")
            }
        }
    }

    /// SQL's three-valued truth of an expression for a row of the first four columns.
    private func matches(_ expression: Iceberg.Expression, _ row: [Datum?]) -> Bool? {
        func value(_ column: String) -> Datum? {
            Self.schema.fields.firstIndex { $0.name == column }.flatMap { row[$0] }
        }
        switch expression {
        case .alwaysTrue: return true
        case .alwaysFalse: return false
        case .undecided: return nil
        case .not(let inner): return matches(inner, row).map { !$0 }
        case .and(let left, let right):
            let (left, right) = (matches(left, row), matches(right, row))
            if left == false || right == false { return false }
            return left == nil || right == nil ? nil : true
        case .or(let left, let right):
            let (left, right) = (matches(left, row), matches(right, row))
            if left == true || right == true { return true }
            return left == nil || right == nil ? nil : false
        case .isNull(let column): return value(column) == nil
        case .isNotNull(let column): return value(column) != nil
        case .isNaN(let column): return value(column).map(\.isNaN)
        case .startsWith(let column, let prefix):
            guard case .string(let text)? = value(column) else { return nil }
            return text.utf8.starts(with: prefix.utf8)
        case .isIn(let column, let values):
            guard let found = value(column) else { return nil }
            return values.contains { compare(found, $0) == 0 }
        case .compare(let column, let comparison, let literal):
            guard let found = value(column) else { return nil }
            let order = compare(found, literal)
            switch comparison {
            case .equal: return order == 0
            case .notEqual: return order != 0
            case .less: return order < 0
            case .lessOrEqual: return order <= 0
            case .greater: return order > 0
            case .greaterOrEqual: return order >= 0
            }
        }
    }

    /// As SQL orders values: NaN last, zeros equal.
    private func compare(_ left: Datum, _ right: Datum) -> Int {
        if case .double(let left) = left, case .double(let right) = right {
            if left.isNaN || right.isNaN { return (left.isNaN ? 1 : 0) - (right.isNaN ? 1 : 0) }
            return left == right ? 0 : left < right ? -1 : 1
        }
        if left.precedes(right) ?? false { return -1 }
        return right.precedes(left) ?? false ? 1 : 0
    }
}

/// SplitMix64, and what the tests draw with it.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func value(_ column: Int) -> Datum {
        switch column {
        case 0: return .int(Int32.random(in: -12...12, using: &self))
        case 1: return .double([-1.5, -0.0, 0.0, 2, 3, .infinity, .nan].randomElement(using: &self) ?? 0)
        case 2: return .string(["", "a", "ab", "abc", "b", "é", "éa", "😀"].randomElement(using: &self) ?? "")
        default: return .long(Int64.random(in: -3...3, using: &self) * 1_800_000_000_000 / 7)
        }
    }

    mutating func row() -> [Datum?] {
        (0..<4).map { Int.random(in: 0..<5, using: &self) == 0 ? nil : value($0) }
    }

    mutating func expression(depth: Int) -> Iceberg.Expression {
        let index = Int.random(in: 0..<4, using: &self)
        let column = ["i", "d", "s", "t"][index]
        switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &self) {
        case 0: return .isNull(column: column)
        case 1: return .isNotNull(column: column)
        case 2: return .isIn(column: column, [value(index), value(index)])
        case 3 where index == 2:
            return .startsWith(column: column, ["", "a", "ab", "é"].randomElement(using: &self) ?? "")
        case 3 where index == 1: return .isNaN(column: column)
        case 6: return .not(expression(depth: depth - 1))
        case 7: return .or(expression(depth: depth - 1), expression(depth: depth - 1))
        case 8, 9: return .and(expression(depth: depth - 1), expression(depth: depth - 1))
        default:
            let comparisons: [Iceberg.Expression.Comparison] = [
                .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
            ]
            return .compare(column: column, comparisons.randomElement(using: &self) ?? .equal, value(index))
        }
    }
}
