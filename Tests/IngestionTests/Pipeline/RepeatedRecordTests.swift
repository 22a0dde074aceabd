import CatalogService
import EventLog
import LakeTesting
import Testing

@testable import Ingestion

/// A log that others share may hold a record twice.
@Suite struct RepeatedRecordTests {
    /// A log in which records may be put a second time: such a copy tells in a header whose it is.
    private final class RepeatingLog: EventLog {
        let inner = MemoryEventLog()
        var incarnation: String { inner.incarnation }
        var isShared: Bool { true }
        private static let copyHeader = "test-copy-of"

        func append(
            _ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?
        ) async throws -> AppendOutcome {
            try await inner.append(records, to: topic, idempotency: idempotency)
        }

        func repeated(_ record: StoredRecord) async throws {
            var copy = record.record
            copy.id = "copy-\(record.offset)-\(try await inner.endOffset(topic: record.topic, partition: 0))"
            copy.headers[Self.copyHeader] = record.record.id
            _ = try await inner.append([copy], to: record.topic, idempotency: nil)
        }

        private static func shown(_ record: StoredRecord) -> StoredRecord {
            var shown = record
            if let id = shown.record.headers.removeValue(forKey: copyHeader) { shown.record.id = id }
            return shown
        }

        func read(
            topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int
        ) async throws -> [StoredRecord] {
            try await inner.read(
                topic: topic, partition: partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax
            ).map(Self.shown)
        }

        func endOffset(topic: String, partition: Int) async throws -> Int64 {
            try await inner.endOffset(topic: topic, partition: partition)
        }

        func record(id: String) async throws -> StoredRecord? { try await inner.record(id: id) }

        func appends() -> AsyncStream<Void> { inner.appends() }
    }

    private func lake() async throws -> (TestLake, RepeatingLog) {
        let log = RepeatingLog()
        var stores = TestStores.memory()
        stores.log = log
        return (try await TestLake(TestTables.items(), stores: stores), log)
    }

    private func record(_ log: RepeatingLog, _ offset: Int64) async throws -> StoredRecord {
        try await log.read(topic: "items", partition: 0, from: offset, recordsMax: 1, bytesMax: .max)[0]
    }

    @Test(arguments: [false, true])
    func `a batch that came twice does not bring old values back`(inOneUnit: Bool) async throws {
        let (lake, log) = try await lake()
        try await lake.batch("items", #"[{"id": 1, "name": "old"}]"#)
        try await lake.batch("items", #"[{"id": 1, "name": "new"}]"#)
        if !inOneUnit { try await lake.drain() }
        try await log.repeated(try await record(log, 0))
        try await lake.batch("items", #"[{"id": 2, "name": "other"}]"#)
        try await log.repeated(try await record(log, 0))
        try await lake.drain()
        #expect(try await lake.rows("items") == ["1|new|-", "2|other|-"])
        try await lake.checkOperational(TestTables.items())
        let mark = try await lake.stores.catalog.watermark(topic: "items", partition: 0)
        #expect(mark?.nextOffset == 5)
    }

    @Test func `a file that came twice as one record counts once`() async throws {
        let (lake, log) = try await lake()
        let receipt = try await lake.upload("items", "id,name,day\n1,old,\n2,two,\n")
        try await lake.batch("items", #"[{"id": 1, "name": "new"}]"#)
        try await lake.drain()
        try await log.repeated(try await record(log, 0))
        try await lake.drain()
        #expect(try await lake.rows("items") == ["1|new|-", "2|two|-"])
        try await lake.checkOperational(TestTables.items())
        #expect(try await lake.ingestion.job(id: receipt.id)?.rows.inserted == 2)
    }
}
