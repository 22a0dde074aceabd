import CatalogService
import EventLog
import LakeModel
import LakeTesting
import Synchronization
import Testing

@testable import Ingestion

struct JobTests {
    private let header = "id,name,day\n"

    @Test func `jobs are listed newest first, worked and waiting`() async throws {
        let lake = try await TestLake(TestTables.items(), TestTables.codes)
        var ids: [String] = []
        for number in 0..<5 {
            ids.append(try await lake.upload("items", header + "\(number),a,\n").id)
            ids.append(try await lake.batch("codes", #"[{"code": "c\#(number)"}]"#).id)
            if number == 2 { try await lake.drain() }
        }
        let all = try await lake.ingestion.jobs(table: nil, page: 0, size: 100)
        #expect(all.total == 10)
        #expect(all.jobs.map(\.id) == ids.reversed())
        #expect(
            all.jobs.map { $0.state == .committed } == [false, false, false, false] + Array(repeating: true, count: 6))
        for size in 1...4 {
            var paged: [String] = []
            var page = 0
            while true {
                let jobs = try await lake.ingestion.jobs(table: nil, page: page, size: size).jobs
                if jobs.isEmpty { break }
                paged += jobs.map(\.id)
                page += 1
            }
            #expect(paged == ids.reversed(), "pages of \(size)")
        }
        let items = try await lake.ingestion.jobs(table: "items", page: 0, size: 3)
        #expect(items.total == 5)
        #expect(items.jobs.map(\.table) == ["items", "items", "items"])
        let error = try await #require(throws: IngestionError.self) {
            try await lake.ingestion.jobs(table: "none", page: 0, size: 3)
        }
        #expect(error.code == "unknown-table")
        try await lake.drain()
        try await lake.check()
    }

    @Test func `a job that nobody knows is none`() async throws {
        let lake = try await TestLake(TestTables.items())
        #expect(try await lake.ingestion.job(id: "01ARZ3NDEKTSV4RRFFQ69G5FAV") == nil)
        #expect(try await lake.ingestion.waitForJob(id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", seconds: 0.01) == nil)
    }

    /// A shared log whose reader in this process is behind: it finds a record by its id only when it is asked again.
    private final class LateLog: EventLog {
        let inner = MemoryEventLog()
        private let looks: Mutex<Int>
        private let isAway: Bool
        var incarnation: String { inner.incarnation }
        var isShared: Bool { true }

        init(looks: Int, isAway: Bool = false) {
            self.looks = Mutex(looks)
            self.isAway = isAway
        }

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
            if isAway { throw EventLogError(code: "log-unreachable", message: "away", isRetryable: true) }
            return try await inner.endOffset(topic: topic, partition: partition)
        }

        func record(id: String) async throws -> StoredRecord? {
            let isLate = looks.withLock { looks in
                looks -= 1
                return looks >= 0
            }
            return isLate ? nil : try await inner.record(id: id)
        }

        func appends() -> AsyncStream<Void> { inner.appends() }
    }

    private func ingestion(_ log: LateLog) throws -> DipperIngestion {
        let stores = TestStores.memory()
        return DipperIngestion(
            model: LakeDeclaration(tables: [TestTables.items()]), log: log, objects: stores.objects,
            catalog: stores.catalog)
    }

    @Test func `a job that another gateway has only just acknowledged is found`() async throws {
        let ingestion = try ingestion(LateLog(looks: 3))
        let receipt = try await ingestion.submitBatch(
            BatchRequest(table: "items"), body: Array(#"[{"id": 1, "name": "a"}]"#.utf8))
        let found = try #require(try await ingestion.job(id: receipt.id))
        #expect(found.id == receipt.id && found.state == .accepted)
    }

    @Test func `a fresh job that does not come is unknown only when the log can be asked`() async throws {
        #expect(try await ingestion(LateLog(looks: .max)).job(id: JobID.new()) == nil)
        let away = try ingestion(LateLog(looks: .max, isAway: true))
        let error = try await #require(throws: EventLogError.self) { try await away.job(id: JobID.new()) }
        #expect(error.code == "log-unreachable")
        #expect(try await away.job(id: "01234567-89ab-7000-8000-000000000000") == nil, "an old one is looked for once")
    }

    @Test func `waiting ends with the job or with the time`() async throws {
        let lake = try await TestLake(TestTables.items())
        let id = try await lake.upload("items", header + "1,a,\n").id
        let start = ContinuousClock.now
        let waiting = try #require(try await lake.ingestion.waitForJob(id: id, seconds: 0.1))
        #expect(waiting.state == .accepted)
        #expect(ContinuousClock.now - start >= .milliseconds(100))
        let engine = lake.engine
        let worker = Task { await engine.run() }
        let done = try #require(try await lake.ingestion.waitForJob(id: id, seconds: 120))
        #expect(done.state == .committed)
        // A write that comes while the workers sleep wakes them.
        let next = try await lake.batch("items", #"[{"id": 2, "name": "b"}]"#).id
        let second = try #require(try await lake.ingestion.waitForJob(id: next, seconds: 120))
        #expect(second.state == .committed)
        worker.cancel()
        await worker.value
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["1|a|-", "2|b|-"])
    }

    @Test func `a job that waits tells what is known of it`() async throws {
        let lake = try await TestLake(TestTables.items())
        let file = try await lake.upload("items", header + "1,a,\n")
        let batch = try await lake.batch("items", #"[{"id": 1, "name": "a"}, {"id": "x"}]"#)
        for receipt in [try await lake.receipt(file.id), file] {
            #expect(receipt.state == .accepted)
            #expect(receipt.fileName == "test.csv")
            #expect(receipt.bytes == 17)
            #expect(receipt.offset == 0)
        }
        for receipt in [try await lake.receipt(batch.id), batch] {
            #expect(receipt.state == .accepted)
            #expect(receipt.rows.text == "read 2, accepted 1, rejected 1")
            #expect(receipt.verdicts.map(\.index) == [1])
            #expect(receipt.offset == 1)
        }
    }

    @Test func `too many waiting jobs turn writes away until they are worked`() async throws {
        var limits = IngestionLimits()
        limits.backlogJobsMax = 3
        let lake = try await TestLake(TestTables.items(), TestTables.codes, limits: limits)
        try await lake.upload("items", header + "1,a,\n")
        try await lake.batch("items", #"[{"id": 2, "name": "b"}]"#)
        try await lake.batch("codes", #"[{"code": "c"}]"#)
        #expect(try await lake.ingestion.backlog() == 3)
        for attempt in 0..<2 {
            let batch = try await #require(throws: IngestionError.self) {
                try await lake.batch("items", #"[{"id": 3, "name": "c"}]"#)
            }
            let upload = try await #require(throws: IngestionError.self) { try await lake.upload("codes", "code\nd\n") }
            #expect([batch.code, upload.code] == ["overloaded", "overloaded"])
            #expect(batch.isRetryable && upload.isRetryable)
            // A new process knows of the backlog too.
            if attempt == 0 { try await lake.restart() }
        }
        try await lake.drain()
        #expect(try await lake.ingestion.backlog() == 0)
        try await lake.batch("items", #"[{"id": 3, "name": "c"}]"#)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["1|a|-", "2|b|-", "3|c|-"])
    }

    @Test func `a replayed key brings the first receipt, with other bytes it is refused`() async throws {
        let lake = try await TestLake(TestTables.items())
        let text = header + "1,a,\n"
        let body = #"[{"id": 2, "name": "b"}]"#
        let file = try await lake.upload("items", text, key: "f")
        let batch = try await lake.batch("items", body, key: "b")
        #expect(try await lake.upload("items", text, key: "f").id == file.id)
        #expect(try await lake.batch("items", body, key: "b").id == batch.id)
        try await lake.drain()
        // The replay is the first answer, whatever has become of the job meanwhile.
        let replayed = [
            try await lake.upload("items", text, key: "f"), try await lake.batch("items", body, key: "b"),
        ]
        #expect(replayed.map(\.id) == [file.id, batch.id])
        #expect(replayed.map(\.isReplay) == [true, true])
        var first = [file, batch]
        for index in first.indices { first[index].isReplay = true }
        #expect(replayed == first)
        func code(_ write: () async throws -> JobReceipt) async throws -> String {
            do {
                _ = try await write()
                return "none"
            } catch let error as IngestionError {
                return error.code
            }
        }
        let codes = [
            try await code { try await lake.upload("items", text + "2,c,\n", key: "f") },
            try await code { try await lake.upload("items", text, mode: .overwrite, key: "f") },
            try await code { try await lake.upload("items", text, key: "b") },
            try await code { try await lake.batch("items", #"[{"id": 2, "name": "c"}]"#, key: "b") },
            try await code { try await lake.batch("items", body, atomic: true, key: "b") },
            try await code { try await lake.batch("items", body, key: "f") },
        ]
        #expect(codes == Array(repeating: "idempotency-conflict", count: 6))
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.stores.log.endOffset(topic: "items", partition: 0) == 2)
        #expect(try await lake.rows("items") == ["1|a|-", "2|b|-"])
    }

    @Test func `an upload without bytes and one with too many are refused`() async throws {
        var limits = IngestionLimits()
        limits.uploadBytesMax = 20
        let lake = try await TestLake(TestTables.items(), limits: limits)
        let empty = try await #require(throws: IngestionError.self) { try await lake.upload("items", "") }
        let long = try await #require(throws: IngestionError.self) {
            try await lake.upload("items", header + "1,aaaaaaaa,\n")
        }
        #expect([empty.code, long.code] == ["upload-empty", "upload-too-large"])
        try await lake.check()
    }
}
