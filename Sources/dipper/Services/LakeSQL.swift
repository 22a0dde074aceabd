import Access
import CatalogService
import GatewayHTTP
import Iceberg
import LakeModel
import ObjectStorage
import QueryEngine
import ResultCache

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

    func version(of question: SQLQuestion) async throws -> AnswerVersion? {
        let began = ContinuousClock.now
        do {
            let all = try await plan(question)
            defer { all.release() }
            return version(of: question, all)
        } catch {
            // Those that fail here are not run.
            QueryMetrics.ended(after: .now - began, code: QueryMetrics.code(of: error))
            throw error
        }
    }

    private func plan(_ question: SQLQuestion) async throws -> TablePlans.All {
        try await plans.all(of: question.reader, for: question.sql, parameters: question.parameters) {
            table, metadata in try Self.state(of: table, metadata, question.asOf)
        }
    }

    /// Digits of a tag: 128 bits.
    private static let tagDigits = 32

    /// Rights are not a part of it: they decided which tables were found, and a table's rows are the same to all who may read it.
    private func version(of question: SQLQuestion, _ all: TablePlans.All) -> AnswerVersion? {
        guard let states = all.states else { return nil }
        let parameters: [String]
        switch question.parameters {
        case .positional(let values): parameters = ["positional"] + values.map { "\($0)" }
        case .named(let values):
            parameters = ["named"] + values.sorted { $0.key < $1.key }.flatMap { [$0.key, "\($0.value)"] }
        }
        let rowsMax = question.rowsMax ?? limits.rowsMax
        let key = CacheKey(
            [Dipper.version, String(rowsMax), question.sql, String(parameters.count)] + parameters + states)
        return AnswerVersion(tag: String(key.description.prefix(Self.tagDigits)), snapshotIDs: all.snapshotIDs)
    }

    private func measuredAnswer(
        _ question: SQLQuestion, progress: (@Sendable (QueryProgress) -> Void)?
    ) async throws -> SQLAnswer {
        let all = try await plan(question)
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
                filesSkipped: all.filesSkipped, version: version(of: question, all))
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
