import CatalogService
import Iceberg
import LakeModel
import Logging
import ObjectStorage
import QueryEngine
import Testing

@testable import Analytics

@Suite struct GoldServiceTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func service(_ lab: GoldLab, _ yaml: String = GoldLab.model) throws -> GoldService {
        var limits = GoldLimits()
        limits.goldQuietMilliseconds = 1
        limits.goldDelayMilliseconds = 1
        limits.goldRestFactor = 0
        return GoldService(
            room: try lab.room(yaml, limits: limits), pool: .shared, signals: [lab.catalog.signals], logger: logger)
    }

    private func until(_ holds: () async throws -> Bool) async throws {
        while try await !holds() { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test(.timeLimit(.minutes(2)))
    func `what a commit leaves behind is refreshed, and cancelling ends it`() async throws {
        let lab = try await GoldLab()
        let service = try service(lab)
        let running = Task { await service.run() }
        // Once at the start, without a commit.
        try await until { try await service.isCurrent("totals") }
        for number in 1...3 {
            lab.engine.answer(["id", "n"], ["BIGINT", "BIGINT"], [[.integer(Int64(number)), .null]])
            try await lab.commit(lab.items)
            try await until { try await service.isCurrent("totals") }
            #expect(try await lab.rows() == [[.long(Int64(number)), nil]])
        }
        try await until { service.status.first?.outcome == .written(rows: 1) }
        running.cancel()
        await running.value
    }

    @Test(.timeLimit(.minutes(2)))
    func `commits of other processes are seen in the catalog`() async throws {
        let lab = try await GoldLab()
        var limits = GoldLimits()
        limits.goldQuietMilliseconds = 1
        limits.goldDelayMilliseconds = 1
        limits.goldRestFactor = 0
        limits.goldPollMilliseconds = 5
        limits.goldCheckSeconds = 3_600
        // It hears of no commit itself.
        let service = GoldService(
            room: try lab.room(GoldLab.model, limits: limits), pool: .shared, signals: [], shared: lab.store,
            logger: logger)
        let running = Task { await service.run() }
        try await until { try await service.isCurrent("totals") }
        for number in 1...3 {
            lab.engine.answer(["id", "n"], ["BIGINT", "BIGINT"], [[.integer(Int64(number)), .null]])
            try await lab.commit(lab.items)
            try await until { try await service.isCurrent("totals") }
            #expect(try await lab.rows() == [[.long(Int64(number)), nil]])
        }
        running.cancel()
        await running.value
    }

    @Test(.timeLimit(.minutes(2)))
    func `a failure is told and tried again until it is none`() async throws {
        let lab = try await GoldLab()
        lab.engine.fail(QueryError(code: "engine-missing", message: "there is no engine"))
        let service = try service(lab)
        let running = Task { await service.run() }
        try await until { service.status.first?.failure?.contains("engine-missing") == true }
        lab.engine.fail(nil)
        try await until { service.status.first?.failure == nil && service.status.first?.outcome != nil }
        #expect(try await service.isCurrent("totals"))
        running.cancel()
        await running.value
    }

    @Test func `tables that are made of one that failed wait for it, others do not`() async throws {
        let lab = try await GoldLab()
        let yaml = """
            tables:
              - name: items
                columns: [{name: id, type: long}]
            gold:
              - {name: upper, from: lower, sql: SELECT * FROM lower}
              - {name: lower, sql: SELECT 1 AS bad FROM silver.items_cleaned}
              - {name: apart, sql: SELECT 2 AS good FROM silver.items_cleaned}
            """
        let service = try service(lab, yaml)
        lab.engine.failWhen { $0.sql.contains("bad") ? QueryError(code: "sql-invalid", message: "no") : nil }
        #expect(await !service.refreshAll())
        let status = Dictionary(uniqueKeysWithValues: service.status.map { ($0.name, $0) })
        #expect(status["lower"]?.failure?.contains("sql-invalid") == true)
        #expect(status["upper"]?.failure?.contains("gold.lower") == true && status["upper"]?.outcome == nil)
        #expect(status["apart"]?.outcome == .written(rows: 2) && status["apart"]?.failure == nil)
        #expect(lab.engine.requests.count == 2)
    }
}
