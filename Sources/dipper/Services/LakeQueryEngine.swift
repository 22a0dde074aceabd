import ObjectStorage
import QueryEngine
import QueryEngineDuckDB

/// SQL over the lake's files, wherever they lie: those of a bucket are fetched first, and statements that name operational
/// tables go to the processes that have their database attached.
struct LakeQueryEngine: QueryEngine {
    let files: QueryFiles
    let plain: DuckDBEngine
    /// `nil`: operational tables can't be read.
    let operational: DuckDBEngine?

    func execute(_ request: QueryRequest) async throws -> QueryResult {
        let lease = try await files.lease(request.tables)
        defer { lease?.release() }
        guard request.tables.contains(where: { $0.attached != nil }) else { return try await plain.execute(request) }
        guard let operational else { throw OperationalTables.unavailable }
        return try await operational.execute(request)
    }

    func outline(of sql: String) async throws -> StatementOutline { try await plain.outline(of: sql) }

    func shutdown() async {
        await plain.shutdown()
        await operational?.shutdown()
    }
}
