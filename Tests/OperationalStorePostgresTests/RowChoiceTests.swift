import LakeModel
import LakeTesting
import Testing

@testable import OperationalStorePostgres

@Suite struct RowChoiceTests {
    private func batch(_ type: PrimitiveType, _ values: [Datum]) -> ColumnBatch {
        ColumnBatch(columns: [OperationalStoreConformance.vector(type, values)], rowCount: values.count)
    }

    private func choice(_ batches: [ColumnBatch], keepsFirst: Bool = false) throws -> RowChoice {
        let wire = try batches.map { try $0.columns.map { try WireVector($0) } }
        return RowChoice(batches, wire, keyColumns: [0], keepsFirst: keepsFirst)
    }

    @Test func `integers that rise go as they are`() throws {
        let choice = try choice([batch(.int, [.int(-1), .int(2)]), batch(.int, [.int(3)])])
        #expect(choice.rows == [[0, 1], [0]])
        #expect(choice.keyMin == -1)
    }

    @Test func `of rows with one integer key the last goes, or the first, in order of the keys`() throws {
        let batches = [batch(.long, [.long(5), .long(1), .long(5)]), batch(.long, [.long(1), .long(0)])]
        #expect(try choice(batches).rows == [[2], [1, 0]])
        #expect(try choice(batches, keepsFirst: true).rows == [[1, 0], [1]])
    }

    @Test func `other keys are told apart by all their bytes`() throws {
        let batches = [
            batch(.string, [.string("b"), .string("a"), .string("b")]), batch(.string, [.string("a"), .string("")]),
        ]
        #expect(try choice(batches).rows == [[2], [0, 1]])
        #expect(try choice(batches, keepsFirst: true).rows == [[0, 1], [1]])
        #expect(try choice(batches).keyMin == nil)
    }

    @Test func `without a key every row goes`() throws {
        let batches = [batch(.int, [.int(1), .int(1)])]
        #expect(RowChoice(batches, [], keyColumns: [], keepsFirst: false).rows == [[0, 1]])
    }
}
