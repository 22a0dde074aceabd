import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

/// Files about as long as what is looked at to find out their dialect: 1 MiB.
struct LongFileTests {
    private static let prefixBytes = 1 << 20
    private let header = "id,name,day\n"

    /// A file of exactly `byteCount` bytes and its rows.
    private func file(_ byteCount: Int, endsLine: Bool) -> (text: String, rowCount: Int) {
        var text = header
        var row = 0
        while text.utf8.count < byteCount - 200 {
            text += "\(row),\(String(repeating: "n", count: 90)),2021-01-01\n"
            row += 1
        }
        let frame = "\(row),,2021-01-01".utf8.count + (endsLine ? 1 : 0)
        text += "\(row),\(String(repeating: "e", count: byteCount - text.utf8.count - frame)),2021-01-01"
        return (text + (endsLine ? "\n" : ""), row + 1)
    }

    @Test(arguments: [-1, 0, 1], [true, false])
    func `every row of a file as long as the sniffed prefix counts`(_ difference: Int, _ endsLine: Bool) async throws {
        let file = file(Self.prefixBytes + difference, endsLine: endsLine)
        #expect(file.text.utf8.count == Self.prefixBytes + difference)
        for readBytes in [1 << 20, 65_537] {
            var limits = IngestionLimits()
            limits.readBytes = readBytes
            let lake = try await TestLake(TestTables.items(), limits: limits)
            let receipt = try await lake.load("items", file.text)
            #expect(receipt.rows.text == "read \(file.rowCount), accepted \(file.rowCount), inserted \(file.rowCount)")
            #expect(try await lake.rows("items").count == file.rowCount)
        }
    }

    @Test(arguments: [3, prefixBytes - 1, prefixBytes])
    func `a file of nothing but line ends is empty`(_ count: Int) async throws {
        let lake = try await TestLake(TestTables.items())
        let receipt = try await lake.load("items", String(repeating: "\n", count: count))
        #expect(receipt.state == .failed)
        #expect(receipt.error?.code == "file-empty")
    }

    @Test func `line ends behind a header are blank rows`() async throws {
        let lake = try await TestLake(TestTables.items())
        let receipt = try await lake.load("items", header + String(repeating: "\n", count: 4))
        #expect(receipt.rows.text == "read 4, blank 4")
        #expect(receipt.state == .committed)
        #expect(receipt.snapshotId == nil)
    }
}
