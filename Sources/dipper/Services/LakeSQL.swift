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

    /// Rows of an analytic's whole answer.
    private static let analyticRowsMax = 1_000_000

    func answer(_ question: SQLQuestion) async throws -> SQLAnswer {
        let all = try await plans.all(of: question.reader, for: question.sql) { table, metadata in
            try Self.state(of: table, metadata, question.asOf)
        }
        var limits = QueryLimits()
        if let rows = question.rowsMax { limits.rowsMax = rows }
        if let time = question.timeoutMilliseconds {
            limits.timeoutMilliseconds = min(time, limits.timeoutMilliseconds)
        }
        let result = try await execute(
            QueryRequest(sql: question.sql, parameters: question.parameters, tables: all.tables, limits: limits), all)
        return SQLAnswer(result: result, snapshotIDs: all.snapshotIDs)
    }

    /// The engine knows the tables alone that the reader may read. A statement that names another fails there; when that is
    /// one of those withheld, it is the reader's rights that are missing and not the table.
    private func execute(_ request: QueryRequest, _ all: TablePlans.All) async throws -> QueryResult {
        do {
            return try await engine.execute(request)
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
            guard metadata.snapshot(id: id) != nil else {
                throw QueryError(
                    code: "snapshot-unknown", message: "\(table) has no snapshot \(id)",
                    remedy: "GET /api/v2/tables/{table}/snapshots lists the ones there are")
            }
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
