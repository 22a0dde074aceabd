import LakeModel
import Testing

@testable import Ingestion

struct ContestedRowsTests {
    private let shape = KeyShape.integer(column: 0)

    private func rows(_ ids: [Int64], places: RowPlaces = .none) -> PreparedRows {
        let ids = ColumnVector(type: .long, storage: .int64(ids))
        return PreparedRows(batch: ColumnBatch(columns: [ids], rowCount: ids.count), parts: [], places: places)
    }

    @Test func `the bytes of rows grow with what it takes to settle them`() {
        var contested = ContestedRows(shape: shape)
        contested.append(rows((0..<1_000).map { $0 }), rows: Array(0..<1_000), record: 0)
        #expect((40_000...80_000).contains(contested.byteCount))
        let before = contested.byteCount
        let place = RowPlaces.Place(line: 1, byteOffset: 0, raw: [UInt8](repeating: 65, count: 10_000))
        contested.append(
            rows((0..<10).map { $0 }, places: .known(Array(repeating: place, count: 10))), rows: [0, 3, 9], record: 1)
        contested.seal()
        #expect(contested.byteCount - before > 30_000)
        #expect(contested.place(1_001)?.raw.count == 10_000)
        #expect(contested.key(1_001) == .integer(3))
        #expect(contested.groupCount == 1_000)
    }

    @Test func `rows of one key are chained in their order`() {
        var contested = ContestedRows(shape: shape)
        contested.append(rows([7, 5, 7]), rows: [0, 1, 2], record: 0)
        contested.append(rows([5, 9, 7, 7]), rows: [0, 2, 3], record: 1)
        contested.seal()
        #expect(contested.groupCount == 2)
        var chain: [Int32] = []
        var next: Int32? = contested.first(0)
        while let row = next {
            chain.append(row)
            next = contested.next(row)
        }
        #expect(chain == [0, 2, 4, 5])
        #expect(contested.firstFinal(0) == 2)
        #expect(contested.last(0) == 5)
        #expect(contested.record(5) == 1)
        #expect(contested.firstFinal(1) == 1)
        #expect(contested.integerRange == 5...7)
    }

    @Test func `rows are gathered from several batches`() throws {
        var contested = ContestedRows(shape: shape)
        contested.append(rows([0, 1, 2, 3, 4]), rows: [1, 4], record: 0)
        contested.append(rows([10, 11, 12]), rows: [2, 0], record: 1)
        let gathered = contested.gather([1, 2])
        #expect(gathered.map { $0.batch.columns[0].datum(0) } == [.long(4), .long(12)])
        #expect(contested.gather([]).isEmpty)
    }

    @Test func `columns compare by value, nulls by being null alone`() {
        func batch(_ ids: [Int64], _ names: [String], nulls: Set<Int> = []) -> ColumnBatch {
            var bytes = ByteVector()
            for name in names { bytes.append(name.utf8) }
            var validity = Bitmap(repeating: true, count: names.count)
            for row in nulls { validity.set(row, to: false) }
            return ColumnBatch(
                columns: [
                    ColumnVector(type: .long, storage: .int64(ids)),
                    ColumnVector(type: .string, storage: .bytes(bytes), validity: nulls.isEmpty ? nil : validity),
                ], rowCount: ids.count)
        }
        var contested = ContestedRows(shape: shape)
        let mine = batch([1, 2, 3, 4, 5], ["a", "bb", "x", "d", ""], nulls: [2])
        contested.append(PreparedRows(batch: mine, parts: [], places: .none), rows: [0, 1, 2, 3, 4], record: 0)
        let stored = batch([0, 0, 0, 0, 0], ["a", "bc", "y", "d", ""], nulls: [2, 3])
        let columns = ColumnBatch(columns: [stored.columns[1]], rowCount: 5)
        contested.seal()
        let all = ContestedRows.Run(stored: 0, row: 0, count: 5)
        let equal = contested.compare([all], columns: [1], to: columns)
        #expect(equal.map(\.isEmpty) == [false, true, false, true, false])
        for row in 0..<5 {
            #expect(contested.isEqual(Int32(row), [1], columns, row) == !equal[row].isEmpty)
        }
    }

    @Test func `rows of one key keep their order over the partitions of a chunk`() {
        func part(_ value: Int32, _ ids: [Int64], _ origins: [Int32]) -> PartitionScatter.Part {
            PartitionScatter.Part(values: [.int(value)], batch: rows(ids).batch, rows: origins)
        }
        let parts = [part(2020, [7, 5, 7], [0, 2, 5]), part(2021, [7, 8, 7], [1, 3, 4])]
        let chunk = PreparedRows(batch: rows([7, 7, 5, 8, 7, 7]).batch, parts: parts, places: .none)
        var contested = ContestedRows(shape: shape)
        contested.append(chunk, rows: Array(0..<6), record: 0)
        contested.seal()
        #expect(contested.groupCount == 3 && !contested.isPlain)
        let group = contested.group(3)
        #expect(group == contested.group(0) && contested.isChained(group))
        var chain: [Int32] = []
        var next: Int32? = contested.first(group)
        while let row = next {
            chain.append(row)
            next = contested.next(row)
        }
        #expect(chain == [0, 3, 5, 2])
        #expect(contested.last(group) == 2 && contested.firstFinal(group) == 2)
        #expect(contested.gather([2, 4]).map(\.partition) == [[.int(2020)], [.int(2021)]])
        // Of a chunk of which some rows are new.
        var some = ContestedRows(shape: shape)
        some.append(chunk, rows: [1, 2, 5], record: 0)
        some.seal()
        #expect(some.codes == [5, 7, 7])
        #expect(some.first(some.group(1)) == 2 && some.last(some.group(1)) == 1)
    }

    @Test func `stored rows are found in stretches, whatever their order`() {
        for wide in [Int64(1), 1 << 40] {
            var contested = ContestedRows(shape: shape)
            contested.append(rows((0..<100).map { $0 * wide }), rows: Array(0..<100), record: 0)
            contested.append(rows((100..<200).map { $0 * wide }), rows: Array(0..<100), record: 0)
            contested.seal()
            #expect(contested.slots.isDirect == (wide == 1))
            func runs(_ ids: [Int64], _ isLive: ((Int) -> Bool)? = nil) -> [[Int32]] {
                let keys = rows(ids.map { $0 &* wide }).batch
                return contested.runs(shape.codes(keys), keys, isLive: isLive).map { [$0.stored, $0.row, $0.count] }
            }
            #expect(runs(Array(50..<150)) == [[0, 50, 50], [50, 100, 50]])
            #expect(runs([-1, 7, 7, 8, 500, 3]) == [[1, 7, 1], [2, 7, 2], [5, 3, 1]])
            #expect(runs([.max, -200, 199]) == [[2, 199, 1]])
            #expect(runs(Array(10..<20)) { $0 != 0 && $0 != 4 && $0 != 9 } == [[1, 11, 3], [5, 15, 4]])
        }
    }

    @Test func `keys of the same hash are told apart`() {
        func batch(_ keys: [String]) -> ColumnBatch {
            var bytes = ByteVector()
            for key in keys { bytes.append(key.utf8) }
            return ColumnBatch(columns: [ColumnVector(type: .string, storage: .bytes(bytes))], rowCount: keys.count)
        }
        func runs(_ contested: ContestedRows, _ keys: [String], _ codes: [UInt64]) -> [[Int32]] {
            contested.runs(codes, batch(keys), isLive: nil).map { [$0.stored, $0.row, $0.count] }
        }
        var contested = ContestedRows(shape: .hashed(columns: [0]))
        let codes: [UInt64] = [5, 5, 5, 6, 5]
        contested.append(
            PreparedRows(batch: batch(["a", "b", "c", "d", "b"]), parts: [], places: .none, codes: codes),
            rows: [0, 1, 2, 3, 4], record: 0)
        contested.seal()
        #expect(contested.groupCount == 4)
        #expect(contested.group(4) == 1 && contested.last(1) == 4)
        #expect(runs(contested, ["a", "b", "c", "d"], [5, 5, 5, 6]) == [[0, 0, 4]])
        #expect(runs(contested, ["a", "x", "c", "d"], [5, 5, 5, 6]) == [[0, 0, 1], [2, 2, 2]])
        #expect(runs(contested, ["c", "x", "a", "b"], [5, 5, 5, 5]) == [[0, 2, 1], [2, 0, 2]])
        #expect(runs(contested, ["x", "y"], [5, 6]).isEmpty)
    }
}
