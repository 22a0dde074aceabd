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
        #expect((60_000...120_000).contains(contested.byteCount))
        let before = contested.byteCount
        let place = RowPlaces.Place(line: 1, byteOffset: 0, raw: [UInt8](repeating: 65, count: 10_000))
        contested.append(
            rows((0..<10).map { $0 }, places: .known(Array(repeating: place, count: 10))), rows: [0, 3, 9], record: 1)
        #expect(contested.byteCount - before > 30_000)
        #expect(contested.place(1_001)?.raw.count == 10_000)
        #expect(contested.key(1_001) == .integer(3))
        #expect(contested.groupCount == 1_000)
    }

    @Test func `rows of one key are chained in their order`() {
        var contested = ContestedRows(shape: shape)
        contested.append(rows([7, 5, 7]), rows: [0, 1, 2], record: 0)
        contested.append(rows([5, 9, 7, 7]), rows: [0, 2, 3], record: 1)
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
        #expect(gathered.map { $0.columns[0].datum(0) } == [.long(4), .long(12)])
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
        let equal = contested.compare([0, 1, 2, 3, 4], columns: [1], to: columns, rows: [0, 1, 2, 3, 4])
        #expect(equal == [true, false, true, false, true])
        for row in 0..<5 {
            #expect(contested.isEqual(Int32(row), columns: [1], to: columns, row: row) == equal[row])
        }
    }
}
