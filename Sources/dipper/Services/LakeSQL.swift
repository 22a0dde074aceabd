import Access
import CatalogService
import GatewayHTTP
import Iceberg
import LakeModel
import QueryEngine

/// SQL and named analytics over the lake's tables.
struct LakeSQL: SQLAnswering, AnalyticsAnswering {
    let plans: TablePlans
    let engine: any QueryEngine
    let analytics: [AnalyticDeclaration]
    /// Runs what names operational tables: processes that have their database attached. `nil`: there is none to read.
    var operationalEngine: (any QueryEngine)?
    /// Keeps files that queries read. `nil`: nobody deletes any.
    var pins: QueryPins?
    var limits = QueryLimits()

    /// Rows of an analytic's whole answer.
    private static let analyticRowsMax = 1_000_000

    func answer(_ question: SQLQuestion) async throws -> SQLAnswer {
        try await answer(question, progress: nil)
    }

    func answer(
        _ question: SQLQuestion, progress: (@Sendable (QueryProgress) -> Void)?
    ) async throws -> SQLAnswer {
        let began = ContinuousClock.now
        do {
            let answer = try await measuredAnswer(question, progress: progress)
            QueryMetrics.ended(after: .now - began, code: "ok")
            return answer
        } catch {
            QueryMetrics.ended(after: .now - began, code: QueryMetrics.code(of: error))
            throw error
        }
    }

    private func measuredAnswer(
        _ question: SQLQuestion, progress: (@Sendable (QueryProgress) -> Void)?
    ) async throws -> SQLAnswer {
        let pin = pins?.begin()
        defer { pin?.end() }
        let all = try await plans.all(of: question.reader, for: question.sql, parameters: question.parameters) {
            table, metadata in try Self.state(of: table, metadata, question.asOf)
        }
        pin?.reads(all.tables)
        let request = QueryRequest(
            sql: all.sql, parameters: question.parameters, tables: all.tables, limits: limits,
            isIsolated: question.reader.namespaces(.read) != nil, progress: progress)
        do {
            return SQLAnswer(
                result: try await execute(request, all), snapshotIDs: all.snapshotIDs, filesRead: all.filesRead,
                filesSkipped: all.filesSkipped)
        } catch var error as QueryError where all.sql != question.sql {
            // The place would be one in another text.
            error.place = nil
            throw error
        }
    }

    /// The engine knows the tables alone that the reader may read. A statement that names another fails there; when that is
    /// one of those withheld, it is the reader's rights that are missing and not the table.
    private func execute(_ request: QueryRequest, _ all: TablePlans.All) async throws -> QueryResult {
        do {
            guard all.isOperational else { return try await engine.execute(request) }
            guard let operationalEngine else { throw OperationalTables.unavailable }
            return try await operationalEngine.execute(request)
        } catch let error as QueryError where error.code == "sql-invalid" && error.message.hasPrefix(Self.unknownTable)
        {
            let name = error.message.dropFirst(Self.unknownTable.count)
            guard all.hidden.contains(name.lowercased()) else { throw error }
            throw GatewayError(
                code: "forbidden", message: "the access token may not read \(name)",
                remedy: "ask whoever runs the server for the right to read its namespace")
        }
    }

    /// How the engine begins to tell that a statement names a table that the request does not bring along.
    private static let unknownTable = "there is no table "

    private static func state(
        of table: TableIdentifier, _ metadata: TableMetadata, _ asOf: AsOf?
    ) throws -> TableState {
        switch asOf {
        case nil: return .current
        case .snapshots(let ids):
            guard let id = ids[table.description] else { return .current }
            guard metadata.snapshot(id: id) != nil else { throw QueryError.unknownSnapshot("\(id)", of: table) }
            return .at(snapshotID: id)
        case .instant(let microseconds):
            // Before its first snapshot a table is empty.
            return .at(snapshotID: metadata.snapshot(asOfMilliseconds: microseconds / 1_000)?.id)
        }
    }

    func version(of question: AnalyticQuestion) async throws -> AnswerVersion {
        version(question, try await plans.all(of: question.reader, for: sql(of: question)).snapshotIDs)
    }

    private func version(_ question: AnalyticQuestion, _ snapshotIDs: [String: Int64]) -> AnswerVersion {
        // Quarantine changes no answer.
        let read = snapshotIDs.filter { !$0.key.hasPrefix("quarantine.") }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        let text = "\(question.name)|\(question.parameters)|\(sql(of: question))|\(read.sorted { $0.key < $1.key })"
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return AnswerVersion(tag: String(hash, radix: 16), snapshotIDs: read)
    }

    private func sql(of question: AnalyticQuestion) -> String {
        analytics.first { $0.name == question.name }?.sql ?? ""
    }

    func answer(_ question: AnalyticQuestion, page: Int, size: Int) async throws -> AnalyticAnswer {
        guard let declaration = analytics.first(where: { $0.name == question.name }) else {
            throw QueryError(
                code: "analytic-unknown", message: "there is no analytic `\(question.name)`",
                remedy: "use one of: \(analytics.map(\.name).joined(separator: ", "))")
        }
        let all = try await plans.all(of: question.reader, for: declaration.sql)
        let names = declaration.parameters.map(\.name)
        let result = try await execute(
            QueryRequest(
                sql: declaration.sql,
                parameters: .named(Dictionary(zip(names, question.parameters)) { first, _ in first }),
                tables: all.tables, limits: QueryLimits(rowsMax: Self.analyticRowsMax)), all)
        return AnalyticAnswer(
            version: version(question, all.snapshotIDs), columns: result.columns,
            rows: Array(result.rows.dropFirst(page * size).prefix(size)), total: result.rows.count)
    }
}
