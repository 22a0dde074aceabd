package import QueryEngine

extension TrinoCluster {
    /// A statement that the cluster could not run is sent so often in all: it only reads.
    package static let statementsMax = 2
    /// Whom the cluster sees as the user of statements that are the server's own.
    package static let ownUser = "dipper"

    /// Runs a statement that names its tables in full, and reads its result.
    /// - Throws: ``TrinoClusterError`` `cluster-unreachable`, `cluster-failed`, `cluster-refused`, `cluster-answer-unreadable`;
    ///   `QueryError` `query-timeout`; `CancellationError`.
    package func read(_ statement: String, limits: QueryLimits) async throws -> QueryResult {
        try await withThrowingTaskGroup(of: QueryResult.self) { group in
            group.addTask {
                var attempt = 1
                while true {
                    do {
                        return try await self.once(statement, rowsMax: limits.rowsMax)
                    } catch let error as TrinoClusterError
                        where error.code == "cluster-failed" && error.isRetryable && attempt < Self.statementsMax
                    {
                        attempt += 1
                    }
                }
            }
            group.addTask {
                try await Task.sleep(for: .milliseconds(limits.timeoutMilliseconds))
                throw QueryError(
                    code: "query-timeout",
                    message: "the Trino cluster took longer than \(limits.timeoutMilliseconds) ms",
                    remedy: "ask for less at once, or raise the time limit")
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    private func once(_ statement: String, rowsMax: Int) async throws -> QueryResult {
        var reading = ClusterReading(rowsMax: rowsMax)
        do {
            var answer = try await send(
                "POST", path: "/v1/statement", headers: Self.ownHeaders, body: Array(statement.utf8))
            while true {
                switch reading.answered(status: answer.status, body: answer.body) {
                case .ask(let path): answer = try await send("GET", path: path, headers: Self.ownHeaders)
                case .done(let result): return result
                case .failed(let error): throw error
                }
            }
        } catch {
            // What nobody reads any more is to take nothing of the cluster. It gives the statement up by itself otherwise.
            if let path = reading.path {
                Task { try? await send("DELETE", path: path, headers: Self.ownHeaders) }
            }
            throw error
        }
    }

    /// Without a catalog and a schema: the statement's own names alone are looked up.
    private static let ownHeaders: [(name: String, value: String)] = [
        ("X-Trino-User", ownUser), ("X-Trino-Source", ownUser), ("X-Trino-Time-Zone", "UTC"),
        ("X-Trino-Client-Capabilities", "PARAMETRIC_DATETIME"), ("Accept-Encoding", "identity"),
        ("Content-Type", "text/plain"),
    ]
}
