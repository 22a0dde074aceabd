import Access
import GatewayHTTP
import LakeModel
import Logging
import Metrics
import QueryEngine
import QueryEngineTrino

/// Named analytics on a Trino cluster.
///
/// What is sent names each table at the snapshot that the answer will be known by, so that an answer of the cluster is one of
/// exactly these snapshots. Analytics without SQL for Trino, parameters of types that have no literal, and tables without a snapshot
/// are the embedded engine's in any case.
struct ClusterAnalytics: Sendable {
    let cluster: TrinoCluster
    /// What the cluster calls the lake's catalog.
    let catalog: String
    /// Whether the embedded engine answers where the cluster cannot.
    let fallsBack: Bool
    let timeoutMilliseconds: Int
    let logger: Logger

    /// What a cluster may be short of, and the embedded engine not.
    private static let fallbackCodes: Set<String> = [
        "cluster-unreachable", "cluster-failed", "cluster-refused", "cluster-answer-unreadable",
        "cluster-statement-invalid",
    ]

    /// - Parameters:
    ///   - snapshotIDs: of the tables that the reader may read, by `namespace.name`.
    /// - Returns: `nil` when the embedded engine is to answer.
    /// - Throws: ``TrinoClusterError`` where nothing falls back; `query-timeout`; `CancellationError`.
    func result(
        _ analytic: AnalyticDeclaration, _ parameters: [QueryValue], snapshotIDs: [String: Int64], rowsMax: Int
    ) async throws -> QueryResult? {
        do {
            guard let statement = try statement(analytic, parameters, snapshotIDs) else { return nil }
            let result = try await cluster.read(
                statement, limits: QueryLimits(timeoutMilliseconds: timeoutMilliseconds, rowsMax: rowsMax))
            count("ok")
            return result
        } catch let error as TrinoClusterError where Self.fallbackCodes.contains(error.code) {
            count(error.code)
            guard fallsBack else { throw error }
            TrinoFallbacks.count("analytic")
            logger.warning(
                "the Trino cluster did not answer; the embedded engine does",
                metadata: ["analytic": "\(analytic.name)", "cause": "\(error)"])
            return nil
        } catch {
            count(QueryMetrics.code(of: error))
            throw error
        }
    }

    private func statement(
        _ analytic: AnalyticDeclaration, _ parameters: [QueryValue], _ snapshotIDs: [String: Int64]
    ) throws -> String? {
        guard let sql = analytic.trino else { return nil }
        let namespace = LakeDeclaration.silverNamespace
        var snapshots: [String: Int64] = [:]
        for (table, id) in snapshotIDs where table.hasPrefix(namespace + ".") {
            snapshots[String(table.dropFirst(namespace.count + 1)).lowercased()] = id
        }
        let named = SQLNames.pairs(in: sql).filter { $0.hasPrefix(namespace + ".") }
        // A table that has no snapshot yet cannot be asked for in one.
        guard named.allSatisfy({ snapshots[String($0.dropFirst(namespace.count + 1))] != nil }) else { return nil }
        var literals: [String: String] = [:]
        for (parameter, value) in zip(analytic.parameters, parameters) {
            guard let literal = ClusterStatement.literal(value, parameter.type) else { return nil }
            literals[parameter.name] = literal
        }
        return try ClusterStatement.text(
            sql, catalog: catalog, namespace: namespace, snapshots: snapshots, parameters: literals)
    }

    private func count(_ outcome: String) {
        Counter(label: "dipper_trino_analytics_total", dimensions: [("outcome", outcome)]).increment()
    }
}

/// Statements and analytics that the embedded engine answered in a cluster's place.
enum TrinoFallbacks {
    static func count(_ kind: String) {
        Counter(label: "dipper_trino_fallbacks_total", dimensions: [("of", kind)]).increment()
    }
}
