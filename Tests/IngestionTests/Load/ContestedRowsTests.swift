import LakeModel
import Testing

@testable import Ingestion

struct ContestedRowsTests {
    private let shape = KeyShape.integer(column: 0)

    private func rows(_ count: Int, places: RowPlaces = .none) -> PreparedRows {
        let ids = ColumnVector(type: .long, storage: .int64((0..<Int64(count)).map { $0 }))
        return PreparedRows(batch: ColumnBatch(columns: [ids], rowCount: count), parts: [], places: places)
    }

    @Test func `the bytes of rows grow with what it takes to settle them`() {
        var contested = ContestedRows()
        contested.append(rows(1_000), rows: Array(0..<1_000), shape: shape, record: 0)
        #expect((400_000...700_000).contains(contested.byteCount))
        let before = contested.byteCount
        let place = RowPlaces.Place(line: 1, byteOffset: 0, raw: [UInt8](repeating: 65, count: 10_000))
        contested.append(
            rows(10, places: .known(Array(repeating: place, count: 10))), rows: [0, 3, 9], shape: shape, record: 1)
        #expect(contested.byteCount - before > 30_000)
        #expect(contested.rows.suffix(3).map(\.key) == [.integer(0), .integer(3), .integer(9)])
    }

    @Test func `rows are gathered from several batches`() throws {
        var contested = ContestedRows()
        contested.append(rows(5), rows: [1, 4], shape: shape, record: 0)
        contested.append(rows(9), rows: [8, 2], shape: shape, record: 1)
        let gathered = try #require(contested.gather([contested.rows[1], contested.rows[2]]))
        #expect((0..<gathered.rowCount).map { gathered.columns[0].datum($0) } == [.long(4), .long(8)])
        #expect(contested.gather([]) == nil)
    }
}
