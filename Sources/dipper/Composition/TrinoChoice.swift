import ArgumentParser
import Logging
import QueryEngineTrino

/// The Trino cluster behind a server.
struct TrinoOptions: ParsableArguments {
    @Option(help: "A Trino cluster, http://HOST:PORT, that statements of /v1/statement and named analytics go to.")
    var trino: String?

    @Option(help: "What the cluster calls the catalog that holds this lake.")
    var trinoCatalog = "lake"

    @Flag(inversion: .prefixedNo, help: "Answer here while the Trino cluster cannot.")
    var trinoFallback = true

    func validate() throws {
        if trinoCatalog.isEmpty { throw ValidationError("--trino-catalog: a name is expected") }
    }

    /// - Parameter timeoutMilliseconds: of an analytic.
    /// - Throws: ``TrinoClusterError`` `cluster-invalid`.
    func analytics(timeoutMilliseconds: Int, logger: Logger) throws -> ClusterAnalytics? {
        try trino.map {
            ClusterAnalytics(
                cluster: try TrinoCluster(address: $0), catalog: trinoCatalog, fallsBack: trinoFallback,
                timeoutMilliseconds: timeoutMilliseconds, logger: logger)
        }
    }
}
