import CSVFormat
import LakeModel
import Testing

@Suite struct CSVChunkParserTests {
    @Test func `a row becomes typed values`() throws {
        let file = try CSVFixture.read("1,Harold Vogt,2021-11-07T02:48:42Z,2,96\n", CSVFixture.employees)
        #expect(
            file.rows == [[.long(1), .string("Harold Vogt"), .long(1_636_253_322_000_000), .int(2), .int(96)]])
        #expect(file.places == [.init(byteOffset: 0, byteCount: 39, line: 1)])
    }
}
