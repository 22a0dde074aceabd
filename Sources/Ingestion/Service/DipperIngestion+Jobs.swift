import CatalogService
import EventLog
internal import Foundation
import LakeModel

extension DipperIngestion {
    package func job(id: String) async throws -> JobReceipt? {
        if let row = try await catalog.receipt(id: id) { return try decoded(row.json) }
        guard let stored = try await record(id) else {
            // Retention may have dropped it once it was worked.
            if let row = try await catalog.receipt(id: id) { return try decoded(row.json) }
            return try await stream(id)
        }
        // It may have ended between the two look-ups.
        if let row = try await catalog.receipt(id: id) { return try decoded(row.json) }
        return try await pending(stored)
    }

    /// The log's record of a job that has no receipt yet.
    ///
    /// This process follows a shared log a moment behind those that append to it, so a job that is only just acknowledged
    /// elsewhere is waited for.
    /// - Throws: what keeps the log from being read, for then the job may be there all the same.
    private func record(_ id: String) async throws -> StoredRecord? {
        if let found = try await log.record(id: id) { return found }
        guard log.isShared, let made = JobID.madeMilliseconds(id),
            abs(Int64(Date().timeIntervalSince1970 * 1_000) - made) < Self.freshMilliseconds
        else { return nil }
        for _ in 0..<Self.arrivalLooks {
            try await Task.sleep(for: .milliseconds(Self.arrivalStepMilliseconds))
            if let found = try await log.record(id: id) { return found }
        }
        // A log that can't be asked says so here; what it says of a topic that nobody has made doesn't matter.
        _ = try await log.endOffset(topic: Self.absentTopic, partition: 0)
        return nil
    }

    /// Age of a job, by the clocks of two processes, up to which another one's record may still be on its way to here.
    private static let freshMilliseconds: Int64 = 60_000
    /// How often it is looked for, and how long between two looks: 2 seconds in all.
    private static let arrivalLooks = 100
    private static let arrivalStepMilliseconds = 20
    private static let absentTopic = "absent"

    package func jobs(table: String?, page: Int, size: Int) async throws -> (jobs: [JobReceipt], total: Int) {
        if let table { _ = try declaration(of: table) }
        var waiting: [RecordHead] = []
        for topic in model.tables.map(\.name) where table == nil || table == topic {
            waiting += try await self.waiting(in: topic)
        }
        let total = waiting.count + (try await catalog.receiptCount(table: table))
        // A batch that was let in before a file's end is newer than the file, and has its receipt earlier.
        let end = (page + 1) * size
        var listed = waiting.map { Listed(id: $0.id, receipt: nil) }
        for row in try await catalog.receipts(table: table, before: nil, limit: end) {
            listed.append(Listed(id: row.id, receipt: row))
        }
        listed.sort { $0.id > $1.id }
        var jobs: [JobReceipt] = []
        var previous: String?
        for entry in listed.dropFirst(page * size).prefix(size) where entry.id != previous {
            previous = entry.id
            if let receipt = entry.receipt {
                jobs.append(try decoded(receipt.json))
            } else if let job = try await job(id: entry.id) {
                jobs.append(job)
            }
        }
        return (jobs, total)
    }

    private struct Listed {
        let id: String
        let receipt: ReceiptRow?
    }

    /// Records of a topic that have no receipt yet.
    private func waiting(in topic: String) async throws -> [RecordHead] {
        let mark = try await catalog.watermark(topic: topic, partition: 0)
        let life = mark.map { LogLife($0.incarnation) }
        guard let mark, let life, life.log == log.incarnation else {
            return try await heads(topic, from: 0)
        }
        guard mark.partial != nil || life.replay > 0 else { return try await heads(topic, from: mark.nextOffset) }
        // Batches were let in before the end of a file, or records are worked once more: some have receipts already.
        var waiting: [RecordHead] = []
        for head in try await heads(topic, from: mark.nextOffset)
        where try await catalog.receipt(id: head.id) == nil { waiting.append(head) }
        return waiting
    }

    private func heads(_ topic: String, from offset: Int64) async throws -> [RecordHead] {
        try await log.heads(topic: topic, partition: 0, from: offset, recordsMax: limits.backlogJobsMax)
    }

    package func waitForJob(id: String, seconds: Double) async throws -> JobReceipt? {
        let deadline = ContinuousClock.now + .milliseconds(Int(seconds * 1_000))
        while true {
            let receipt = try await job(id: id)
            guard let receipt, receipt.state == .accepted || receipt.state == .running else { return receipt }
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return receipt }
            // A job that ended since the look-up above is found at the latest after this step.
            await board.wait(for: id, milliseconds: min(Self.waitStepMilliseconds, Int(left / .milliseconds(1)) + 1))
        }
    }

    private static let waitStepMilliseconds = 250

    package func backlog() async throws -> Int { gauge.total }

    /// Log records of each table that the lake has not taken yet, as far as this process knows.
    package var backlogs: [(table: String, waiting: Int)] {
        model.tables.map { ($0.name, gauge.waiting(in: $0.name)) }
    }

    func pending(_ stored: StoredRecord) async throws -> JobReceipt {
        let payload = try LogPayload(headers: stored.record.headers, payload: stored.record.payload)
        var receipt = try receipt(of: stored, payload: payload, reading: true)
        receipt.operational = lags.view(of: stored.topic, offset: stored.offset)
        if let progress = await board.progress(of: stored.record.id) {
            receipt.state = .running
            receipt.progress = progress
        }
        return receipt
    }

    func decoded(_ json: [UInt8]) throws -> JobReceipt {
        var receipt = try JSONDecoder().decode(JobReceipt.self, from: Data(json))
        receipt.operational = lags.view(of: receipt.topic, offset: receipt.offset)
        return receipt
    }
}
