import EventLog
import LakeModel
import LakeTesting
import ObjectStorage
import Testing

@testable import Ingestion

struct RowStreamTests {
    private func lake(sliceBytes: Int = 200) async throws -> TestLake {
        var limits = IngestionLimits()
        limits.streamSliceBytes = sliceBytes
        limits.atomicStreamBytesMax = 2_000
        return try await TestLake(TestTables.items(), limits: limits)
    }

    private func send(
        _ lake: TestLake, _ text: String, pieces: Int = 37, key: String? = nil, atomic: Bool = false,
        breaksOff: Bool = false
    ) async throws -> JobReceipt? {
        var request = BatchRequest(table: "items")
        request.idempotencyKey = key
        request.atomic = atomic
        let session = try await lake.ingestion.beginRows(request)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try await session.write(Array(bytes[start..<min(start + pieces, bytes.count)]))
        }
        if breaksOff {
            await session.abort()
            return nil
        }
        return try await session.finish()
    }

    private func lines(_ range: Range<Int>) -> String {
        range.map { "{\"id\": \($0), \"name\": \"n\($0)\"}\n" }.joined()
    }

    @Test func `a long body is one receipt over its slices`() async throws {
        let lake = try await lake()
        let text = lines(0..<50) + "\nbroken\n" + lines(50..<60) + #"{"id": 60}"#
        let receipt = try #require(try await send(lake, text))
        let parts = try #require(receipt.parts)
        #expect(parts > 5)
        #expect(receipt.rows.read == 63 && receipt.rows.rejected == 2 && receipt.rows.blank == 1)
        #expect(receipt.verdicts.map(\.index) == [51, 62])
        #expect(receipt.verdicts.map(\.code) == ["json-syntax", "value-missing"])
        #expect(receipt.bytes == text.utf8.count)
        let waiting = try await lake.receipt(receipt.id)
        #expect(waiting.state == .accepted && waiting.rows == receipt.rows && waiting.parts == parts)
        try await lake.restart()
        #expect(try await lake.receipt(receipt.id).rows == receipt.rows)
        try await lake.drain()
        try await lake.check()
        let ended = try await lake.receipt(receipt.id)
        #expect(ended.state == .committed && ended.parts == parts)
        #expect(ended.rows.inserted == 60 && ended.rows.read == 63)
        #expect(try await lake.rows("items").count == 60)
        #expect(try await lake.rejects("items").map(\.byteOffset).max() == Int64(text.utf8.count - 10))
    }

    @Test func `a short body is a job like a batch`() async throws {
        let lake = try await lake()
        let receipt = try #require(try await send(lake, lines(0..<3)))
        #expect(receipt.parts == nil && receipt.partOf == nil)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.receipt(receipt.id).rows.inserted == 3)
    }

    @Test func `a body that broke off is resumed under its key`() async throws {
        let lake = try await lake()
        let text = lines(0..<60)
        _ = try await send(lake, String(text.prefix(900)), key: "k", breaksOff: true)
        let taken = try await lake.stores.log.endOffset(topic: "items", partition: 0)
        #expect(taken > 1)
        let receipt = try #require(try await send(lake, text, pieces: 101, key: "k"))
        #expect(!receipt.isReplay && receipt.rows.read == 60)
        let end = try await lake.stores.log.endOffset(topic: "items", partition: 0)
        #expect(Int(end) == receipt.parts)
        let again = try #require(try await send(lake, text, pieces: 7, key: "k"))
        #expect(again.isReplay && again.id == receipt.id && again.rows == receipt.rows)
        for other in [lines(0..<61), lines(1..<60), lines(0..<20)] {
            let error = try await #require(throws: IngestionError.self) { try await send(lake, other, key: "k") }
            #expect(error.code == "idempotency-conflict")
        }
        #expect(try await lake.stores.log.endOffset(topic: "items", partition: 0) == end)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items").count == 60)
    }

    @Test func `a line longer than a slice is one reject`() async throws {
        let lake = try await lake()
        for text in [
            lines(0..<3) + String(repeating: "x", count: 1_000) + "\n" + lines(3..<5),
            lines(0..<5) + String(repeating: "y", count: 999),
        ] {
            let receipt = try #require(try await send(lake, text))
            #expect(receipt.rows.read == 6 && receipt.rows.rejected == 1)
            #expect(receipt.verdicts.map(\.code) == ["row-too-long"])
        }
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items").count == 5)
    }

    @Test func `an atomic body is one slice, refused whole or too long`() async throws {
        let lake = try await lake()
        let bad = try await #require(throws: IngestionError.self) {
            try await send(lake, lines(0..<20) + "x\n", atomic: true)
        }
        #expect(bad.code == "rows-refused" && bad.verdicts.map(\.index) == [20])
        let long = try await #require(throws: IngestionError.self) {
            try await send(lake, lines(0..<200), atomic: true)
        }
        #expect(long.code == "batch-too-large")
        #expect(try await lake.stores.log.endOffset(topic: "items", partition: 0) == 0)
        #expect(try await send(lake, lines(0..<20), atomic: true)?.rows.accepted == 20)
        let empty = try await #require(throws: IngestionError.self) { try await send(lake, "") }
        #expect(empty.code == "batch-empty")
    }
}
