import EventLog
import Foundation
import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

/// Accepted rows for other programs, on a log that is shared.
@Suite struct AcceptedTopicTests {
    /// A log in memory that says that it is shared.
    private final class SharedLog: EventLog {
        let inner = MemoryEventLog()
        var incarnation: String { inner.incarnation }
        var isShared: Bool { true }

        func append(
            _ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?
        ) async throws -> AppendOutcome {
            try await inner.append(records, to: topic, idempotency: idempotency)
        }

        func read(
            topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int
        ) async throws -> [StoredRecord] {
            try await inner.read(
                topic: topic, partition: partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax)
        }

        func endOffset(topic: String, partition: Int) async throws -> Int64 {
            try await inner.endOffset(topic: topic, partition: partition)
        }

        func record(id: String) async throws -> StoredRecord? { try await inner.record(id: id) }

        func appends() -> AsyncStream<Void> { inner.appends() }
    }

    private func lake() async throws -> TestLake {
        var stores = TestStores.memory()
        stores.log = SharedLog()
        return try await TestLake(TestTables.items(), stores: stores)
    }

    private func publish(_ lake: TestLake) async throws {
        try await lake.drain()
        while try await lake.engine.publishers[0].workOnce() {}
    }

    private func messages(_ lake: TestLake) async throws -> [LogRecord] {
        try await lake.stores.log.read(
            topic: "items.accepted", partition: 0, from: 0, recordsMax: 10_000, bytesMax: .max
        ).map(\.record)
    }

    /// The payload's fields in the order of their names.
    private func payloads(_ lake: TestLake) async throws -> [String] {
        try await messages(lake).map { message in
            let value = try JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any]
            guard let row = value?["payload"] as? [String: Any] else { return "gone" }
            return "\(row["id"] ?? "")|\(row["name"] ?? "")"
        }
    }

    @Test func `rows come in the order of the log, and a row that goes is null`() async throws {
        let lake = try await lake()
        try await lake.upload("items", "id,name,day\n1,one,2021-02-03\nx,bad,\n2,two,\n")
        try await lake.batch("items", #"[{"id": 1, "name": "new"}, {"id": "y", "name": "bad"}]"#)
        _ = try await lake.ingestion.deleteRow(DeleteRequest(table: "items", key: ["2"]))
        try await publish(lake)
        #expect(try await payloads(lake) == ["1|one", "2|two", "1|new", "gone"])
        let last = try #require(try await messages(lake).last)
        let key = try JSONSerialization.jsonObject(with: Data(last.key ?? [])) as? [String: Any]
        #expect((key?["payload"] as? [String: Any])?["id"] as? Int == 2)
    }

    @Test func `each row is published once, whoever goes on and wherever it stopped`() async throws {
        let lake = try await lake()
        let rows = (0..<2_500).map { "\($0),name \($0)," }.joined(separator: "\n")
        try await lake.upload("items", "id,name,day\n\(rows)\n")
        try await publish(lake)
        #expect(try await messages(lake).count == 2_500)
        try await lake.restart()
        try await lake.batch("items", #"[{"id": 9000, "name": "later"}]"#)
        try await publish(lake)
        #expect(try await messages(lake).count == 2_501)

        // A publisher that broke off within the file: the topic holds its first 1,000 rows.
        let other = try await self.lake()
        let job = try await other.upload("items", "id,name,day\n\(rows)\n").id
        try await other.drain()
        let begun = try await messages(lake).prefix(1_000).enumerated().map { index, message in
            var begun = message
            begun.id = "\(job)/\(index + 1)"
            begun.headers[AcceptedPosition.header] = "\(other.stores.log.incarnation)/0/0"
            return begun
        }
        _ = try await other.stores.log.append(begun, to: "items.accepted", idempotency: nil)
        try await publish(other)
        #expect(try await payloads(other) == (0..<2_500).map { "\($0)|name \($0)" })
    }

    @Test func `a topic of an earlier version, whose messages name their own place, is gone on with`() async throws {
        let lake = try await lake()
        try await lake.batch("items", #"[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": "c"}]"#)
        try await lake.drain()
        let earlier = (1...2).map { row in
            LogRecord(
                id: "earlier/\(row)", headers: [AcceptedPosition.header: "\(lake.stores.log.incarnation)/0/\(row)"],
                payload: ConnectRow.gone)
        }
        _ = try await lake.stores.log.append(earlier, to: "items.accepted", idempotency: nil)
        try await publish(lake)
        #expect(try await payloads(lake) == ["gone", "gone", "3|c"])
    }

    // MARK: Refused rows

    private func publishRejects(_ lake: TestLake) async throws {
        try await lake.drain()
        while try await lake.engine.rejectPublishers[0].workOnce() {}
    }

    private func rejected(_ lake: TestLake) async throws -> [LogRecord] {
        try await lake.stores.log.read(
            topic: "items.rejected", partition: 0, from: 0, recordsMax: 10_000, bytesMax: .max
        ).map(\.record)
    }

    private func fields(_ bytes: [UInt8]?) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(bytes ?? [])) as? [String: Any]
        return try #require(value?["payload"] as? [String: Any])
    }

    @Test func `refused rows of files and batches come in the order of the log, with their bytes and reason`()
        async throws
    {
        let lake = try await lake()
        try await lake.upload("items", "id,name,day\n1,one,2021-02-03\nx,bad,\n2,two,\ny,worse,\n")
        try await lake.batch("items", #"[{"id": 3, "name": "new"}, {"id": "z", "name": "bad"}]"#)
        try await publishRejects(lake)
        let found = try await rejected(lake)
        #expect(found.count == 3)
        let first = try fields(found[0].payload)
        #expect(first["line"] as? Int == 3)
        #expect(first["byte_offset"] as? Int == 29)
        #expect(first["column_name"] as? String == "id")
        #expect(first["raw"] as? String == Data("x,bad,".utf8).base64EncodedString())
        #expect(first["job_id"] as? String == found[0].id.split(separator: "/").first.map(String.init))
        #expect(try fields(found[1].payload)["line"] as? Int == 5)
        let key = try fields(found[0].key)
        #expect(Set(key.keys) == ["file_sha256", "byte_offset", "code"])
        #expect(key["code"] as? String == first["code"] as? String)
        #expect(found.map { $0.headers["__connect.errors.offset"] } == ["0", "0", "1"])
        #expect(found[0].headers["__connect.errors.topic"] == "items")
        let last = try #require(found.last)
        let raw = try #require(Data(base64Encoded: try fields(last.payload)["raw"] as? String ?? ""))
        #expect(String(decoding: raw, as: UTF8.self).contains("\"z\""))
        #expect(last.headers[AcceptedPosition.header] == "\(lake.stores.log.incarnation)/0/0")
    }

    @Test func `a refused row is published once, however often its file comes and the publisher begins anew`()
        async throws
    {
        let lake = try await lake()
        for _ in 0..<2 { try await lake.upload("items", "id,name,day\nx,bad,\n2,two,\n") }
        try await publishRejects(lake)
        try await lake.restart()
        try await lake.upload("items", "id,name,day\ny,other,\n")
        try await publishRejects(lake)
        #expect(try await rejected(lake).map(\.headers["__connect.errors.offset"]) == ["0", "2"])
    }

    @Test func `every type has Connect's form`() throws {
        let types: [PrimitiveType] = [
            .boolean, .int, .long, .float, .double, .decimal(precision: 9, scale: 2), .date, .timestamptz, .string,
            .uuid, .binary,
        ]
        let table = TableDeclaration(
            name: "all", silverName: "all_cleaned",
            columns: [ColumnDeclaration(name: "k\"", type: .long)]
                + types.enumerated().map { ColumnDeclaration(name: "c\($0)", type: $1) }, key: ["k\""])
        let row = ConnectRow(table)
        let value = try JSONSerialization.jsonObject(with: Data(row.value(nulls(table), 0))) as? [String: Any]
        let fields = (value?["schema"] as? [String: Any])?["fields"] as? [[String: Any]]
        #expect(
            fields?.map { $0["type"] as? String } == [
                "int64", "boolean", "int32", "int64", "float", "double", "bytes", "int32", "int64", "string", "string",
                "bytes",
            ])
        #expect(fields?[6]["name"] as? String == "org.apache.kafka.connect.data.Decimal")
        #expect((fields?[6]["parameters"] as? [String: String])?["scale"] == "2")
        #expect(fields?.map { $0["optional"] as? Bool }.dropFirst().allSatisfy { $0 == true } == true)
        #expect((value?["payload"] as? [String: Any])?.count == 12)
        #expect(ConnectRow.quoted("a\"\\\n\u{1}é") == Array(#""a\"\\\u000a\u0001é""#.utf8))
    }

    /// One row without values.
    private func nulls(_ table: TableDeclaration) -> ColumnBatch {
        ColumnBatch(
            columns: table.columns.map { column in
                var builder = DatumColumnBuilder(type: column.type)
                builder.append(nil)
                return builder.finish()
            }, rowCount: 1)
    }
}
