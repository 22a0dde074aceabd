import Access
import CatalogService
import GatewayHTTP
import Iceberg
import LakeModel
import QueryEngine

/// SQL over the lake's tables.
struct LakeSQL: SQLAnswering {
    let plans: TablePlans
    let engine: any QueryEngine

    func answer(_ question: SQLQuestion) async throws -> SQLAnswer {
        let all = try await plans.all(of: question.reader, for: question.sql) { table, metadata in
            try Self.state(of: table, metadata, question.asOf)
        }
        let result = try await execute(
            QueryRequest(sql: question.sql, parameters: question.parameters, tables: all.tables), all)
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
}
