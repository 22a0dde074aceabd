import LakeModel
import Testing

@testable import Ingestion

@Suite struct QuarantineTests {
    private typealias Fault = (code: String, column: String?)

    /// A file of `rowCount` members, in which some rows are refused by the parser and others by their reference.
    private func file(rowCount: Int) -> (text: String, rejects: [(line: Int, offset: Int, raw: String, fault: Fault)]) {
        var text = "id,group_id\n"
        var rejects: [(line: Int, offset: Int, raw: String, fault: Fault)] = []
        for row in 1...rowCount {
            var raw = "\(row),\(row % 3 + 1)"
            var fault: Fault?
            switch row % 11 {
            case 3: (raw, fault) = ("\(row),9", ("reference-missing", "group_id"))
            case 5: (raw, fault) = ("x\(row),1", ("value-invalid", "id"))
            case 7: (raw, fault) = ("\(row),1,more", ("too-many-fields", nil))
            case 8: (raw, fault) = (",1", ("value-missing", "id"))
            default: break
            }
            if let fault { rejects.append((row + 1, text.utf8.count, raw, fault)) }
            text += raw + "\n"
        }
        return (text, rejects)
    }

    @Test func `every reject of a file stands in quarantine as it came`() async throws {
        let lake = try await TestLake(TestTables.groups, TestTables.members(.reject))
        _ = try await lake.load("groups", "id,label\n1,a\n2,b\n3,c\n")
        let (text, expected) = file(rowCount: 3_000)
        let receipt = try await lake.load("members", text)
        #expect(receipt.rows.rejected == expected.count)
        #expect(receipt.rows.inserted == 3_000 - expected.count)
        let rejects = try await lake.rejects("members")
        try #require(rejects.count == expected.count)
        for (reject, wanted) in zip(rejects, expected) {
            #expect(reject.line == Int64(wanted.line))
            #expect(reject.byteOffset == Int64(wanted.offset))
            #expect(String(decoding: reject.raw, as: UTF8.self) == wanted.raw)
            #expect(reject.code == wanted.fault.code)
            #expect(reject.column == wanted.fault.column)
            #expect(reject.delimiter == UInt8(ascii: ","))
            #expect(reject.jobID == receipt.id)
            #expect(!reject.message.isEmpty && !reject.isRawTruncated)
        }
    }

    @Test func `rejects that are written in many row groups are all there once`() async throws {
        var limits = IngestionLimits()
        limits.rejectsBuffered = 100
        let lake = try await TestLake(TestTables.groups, TestTables.members(.warn), limits: limits)
        let (text, expected) = file(rowCount: 2_000)
        let faults = expected.filter { $0.fault.code != "reference-missing" }
        for _ in 0..<2 { _ = try await lake.load("members", text) }
        let rejects = try await lake.rejects("members")
        #expect(rejects.map(\.byteOffset) == faults.map { Int64($0.offset) })
    }

    @Test func `columns merge and filter in the order of their rows`() {
        func row(_ offset: Int, _ code: String) -> RejectedRow {
            RejectedRow(
                line: offset, byteOffset: offset, column: offset % 2 == 0 ? "c\(offset)" : nil, code: code,
                message: "m\(offset)", raw: Array("r\(offset)".utf8), isRawTruncated: offset % 3 == 0)
        }
        let some = RejectColumns([row(1, "a"), row(4, "a"), row(9, "b")])
        let merged = some.merged(with: [row(0, "z"), row(5, "z"), row(10, "z")])
        #expect(merged.byteOffsets == [0, 1, 4, 5, 9, 10])
        #expect(merged.first == row(0, "z"))
        let kept = merged.filtered { offset, code in offset > 1 && code.elementsEqual("z".utf8) }
        #expect(kept.byteOffsets == [5, 10])
        let source = RejectSource(sha256: "s", jobID: "j", delimiter: nil)
        let batch = kept.batch(from: source, now: 7)
        let values = batch.columns.map { $0.datum(0) }
        #expect(
            values == [
                .string("s"), .long(5), .long(5), nil, .string("z"), .string("m5"), .bytes(Array("r5".utf8)),
                .boolean(false), nil, .string("j"), .long(7),
            ])
    }
}
