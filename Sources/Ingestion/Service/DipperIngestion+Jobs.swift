import CatalogService
import EventLog
internal import Foundation
import LakeModel

extension DipperIngestion {
    package func job(id: String) async throws -> JobReceipt? {
        if let row = try await catalog.receipt(id: id) { return try decoded(row.json) }
        guard let stored = try await log.record(id: id) else { return try await stream(id) }
        // It may have ended between the two look-ups.
        if let row = try await catalog.receipt(id: id) { return try decoded(row.json) }
        return try await pending(stored)
    }

    package func jobs(table: String?, page: Int, size: Int) async throws -> (jobs: [JobReceipt], total: Int) {
        if let table { _ = try declaration(of: table) }
        var waiting: [StoredRecord] = []
        for topic in model.tables.map(\.name) where table == nil || table == topic {
            let next = try await catalog.watermark(topic: topic, partition: 0).map {
                $0.incarnation == log.incarnation ? $0.nextOffset : 0
            }
            waiting += try await log.read(
                topic: topic, partition: 0, from: next ?? 0, recordsMax: limits.backlogJobsMax, bytesMax: .max)
        }
        waiting.sort { $0.record.id > $1.record.id }
        let total = waiting.count + (try await catalog.receiptCount(table: table))
        let first = page * size
        var jobs: [JobReceipt] = []
        for stored in waiting.dropFirst(first).prefix(size) { jobs.append(try await pending(stored)) }
        if jobs.count < size {
            let skipped = max(0, first - waiting.count)
            let rows = try await catalog.receipts(
                table: table, before: nil, limit: skipped + size - jobs.count)
            let seen = Set(jobs.map(\.id))
            jobs += try rows.dropFirst(skipped).map { try decoded($0.json) }.filter { !seen.contains($0.id) }
        }
        return (jobs, total)
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

    func pending(_ stored: StoredRecord) async throws -> JobReceipt {
        let payload = try LogPayload(headers: stored.record.headers, payload: stored.record.payload)
        var receipt = try receipt(of: stored, payload: payload, reading: true)
        if let progress = await board.progress(of: stored.record.id) {
            receipt.state = .running
            receipt.progress = progress
        }
        return receipt
    }

    func decoded(_ json: [UInt8]) throws -> JobReceipt {
        try JSONDecoder().decode(JobReceipt.self, from: Data(json))
    }
}
