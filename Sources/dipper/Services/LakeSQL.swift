import Access
import CatalogService
import GatewayHTTP
import Iceberg
import LakeModel
import ObjectStorage
import QueryEngine

/// SQL over the lake's tables.
struct LakeSQL: SQLAnswering {
    let plans: TablePlans
    let engine: any QueryEngine
    var limits = QueryLimits()

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
        let all = try await plans.all(of: question.reader, for: question.sql, parameters: question.parameters) {
            table, metadata in try Self.state(of: table, metadata, question.asOf)
        }
        defer { all.release() }
        var limits = limits
        if let rows = question.rowsMax { limits.rowsMax = rows }
        if let time = question.timeoutMilliseconds {
            limits.timeoutMilliseconds = min(time, limits.timeoutMilliseconds)
        }
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
            guard metadata.snapshot(id: id) != nil else { throw QueryError.unknownSnapshot("\(id)", of: table) }
            return .at(snapshotID: id)
        case .instant(let microseconds):
            // Before its first snapshot a table is empty.
            return .at(snapshotID: metadata.snapshot(asOfMilliseconds: microseconds / 1_000)?.id)
        }
    }
}
