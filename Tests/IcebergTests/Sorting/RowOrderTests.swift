import LakeModel
import Testing

@testable import Iceberg

struct RowOrderTests {
    private static let fields = [
        SchemaField(id: 1, name: "a", type: .long, required: false),
        SchemaField(id: 2, name: "b", type: .string, required: false),
        SchemaField(id: 3, name: "c", type: .double, required: false),
        SchemaField(id: 4, name: "d", type: .decimal(precision: 20, scale: 2), required: false),
        SchemaField(id: 5, name: "e", type: .binary, required: false),
        SchemaField(id: 6, name: "f", type: .timestamptz, required: false),
        SchemaField(id: 7, name: "g", type: .boolean, required: false),
        SchemaField(id: 8, name: "h", type: .float, required: false),
        SchemaField(id: 9, name: "i", type: .int, required: false),
    ]

    private func batch(_ rowCount: Int, using random: inout SeededRandom) -> ColumnBatch {
        func vector(_ type: PrimitiveType, _ storage: ColumnStorage, using random: inout SeededRandom) -> ColumnVector {
            var validity = Bitmap()
            for _ in 0..<rowCount { validity.append(Int.random(in: 0..<5, using: &random) > 0) }
            return ColumnVector(type: type, storage: storage, validity: validity)
        }
        func pick<Value>(_ values: [Value], using random: inout SeededRandom) -> [Value] {
            (0..<rowCount).compactMap { _ in values.randomElement(using: &random) }
        }
        func texts(using random: inout SeededRandom) -> ColumnStorage {
            var vector = ByteVector()
            for text in pick(["", "a", "ab", "a\u{0}", "a\u{0}b", "é", "日本", "\u{FFFF}", "z"], using: &random) {
                vector.append(Array(text.utf8))
            }
            return .bytes(vector)
        }
        let longs = pick([Int64.min, -1, 0, 1, 255, 256, .max], using: &random)
        let doubles = pick([-Double.infinity, -1.5, -0.0, 0, 1e-300, 2, .infinity, .nan], using: &random)
        let decimals = pick([Int128(-10_000), -1, 0, 1, 99_999_999_999], using: &random)
        let times = pick([Int64(-1), 0, 1_700_000_000_000_000, 1_700_000_000_000_001], using: &random)
        let flags = pick([true, false], using: &random)
        let floats = pick([Float(-1), -0.0, 0, 1, .nan], using: &random)
        let ints = pick([Int32.min, -1, 0, 1, .max], using: &random)
        return ColumnBatch(
            columns: [
                vector(.long, .int64(longs), using: &random), vector(.string, texts(using: &random), using: &random),
                vector(.double, .double(doubles), using: &random),
                vector(.decimal(precision: 20, scale: 2), .int128(decimals), using: &random),
                vector(.binary, texts(using: &random), using: &random),
                vector(.timestamptz, .int64(times), using: &random),
                vector(.boolean, .boolean(flags), using: &random), vector(.float, .float(floats), using: &random),
                vector(.int, .int32(ints), using: &random),
            ], rowCount: rowCount)
    }

    /// Whether rows are in order, as the specification puts it, value by value.
    private func isOrdered(_ left: [Datum?], _ right: [Datum?], _ order: SortOrder) -> Bool {
        for field in order.fields {
            guard let index = Self.fields.firstIndex(where: { $0.id == field.sourceID }),
                let type = Self.fields[index].type.primitive
            else { return false }
            let first = field.transform.apply(left[index], type)
            let second = field.transform.apply(right[index], type)
            switch (first, second) {
            case (nil, nil): continue
            case (nil, _): return field.nullsFirst
            case (_, nil): return !field.nullsFirst
            case (.some(let first), .some(let second)):
                if first.precedes(second) == true { return !field.isDescending }
                if second.precedes(first) == true { return field.isDescending }
            }
        }
        return true
    }

    private func rows(_ batch: ColumnBatch) -> [[Datum?]] {
        (0..<batch.rowCount).map { row in batch.columns.map { $0.datum(row) } }
    }

    @Test func `rows are put in any order and none is lost`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(state: seed)
        let transforms: [(Int, Transform)] =
            Self.fields.map { ($0.id, .identity) } + [
                (1, .bucket(count: 4)), (2, .truncate(width: 1)), (6, .day), (6, .hour), (9, .truncate(width: 10)),
                (4, .truncate(width: 50)),
            ]
        for round in 0..<60 {
            let order = SortOrder(
                id: 7,
                fields: (0..<Int.random(in: 1...3, using: &random)).compactMap { _ in
                    transforms.randomElement(using: &random).map { id, transform in
                        .init(
                            sourceID: id, transform: transform, isDescending: .random(using: &random),
                            nullsFirst: .random(using: &random))
                    }
                })
            let batch = batch(Int.random(in: 0...200, using: &random), using: &random)
            let rowOrder = try #require(RowOrder(order, fields: Self.fields))
            #expect(rowOrder.id == 7)
            let sorted = rows(rowOrder.sorted(batch))
            for (left, right) in zip(sorted, sorted.dropFirst()) {
                #expect(isOrdered(left, right, order), "seed \(seed), round \(round): \(left) before \(right)")
            }
            func counted(_ rows: [[Datum?]]) -> [String: Int] {
                Dictionary(rows.map { ("\($0)", 1) }, uniquingKeysWith: +)
            }
            #expect(counted(sorted) == counted(rows(batch)), "seed \(seed), round \(round)")
        }
    }

    @Test func `equal rows stay as they came`() throws {
        let batch = ColumnBatch(
            columns: [
                ColumnVector(type: .long, storage: .int64([2, 1, 2, 1, 2])),
                ColumnVector(type: .int, storage: .int32([0, 1, 2, 3, 4])),
            ], rowCount: 5)
        let fields = [Self.fields[0], Self.fields[8]]
        let order = try #require(RowOrder(SortOrder(id: 1, fields: [SortOrder.Field(sourceID: 1)]), fields: fields))
        #expect(rows(order.sorted(batch)).map { $0[1] } == [1, 3, 0, 2, 4].map { .int($0) })
    }

    @Test func `orders that can't be computed are none`() {
        #expect(RowOrder(.unsorted, fields: Self.fields) == nil)
        for (id, transform) in [(99, Transform.identity), (1, .unknown("zorder")), (1, .day)] {
            let order = SortOrder(id: 1, fields: [SortOrder.Field(sourceID: id, transform: transform)])
            #expect(RowOrder(order, fields: Self.fields) == nil)
        }
        let nested = SchemaField(id: 10, name: "n", type: .structure([]), required: false)
        #expect(RowOrder(SortOrder(id: 1, fields: [SortOrder.Field(sourceID: 10)]), fields: [nested]) == nil)
    }
}
