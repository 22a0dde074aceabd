import GatewayHTTP
import QueryEngineTrino

/// A Trino cluster behind this server's own address.
struct ClusterForwarding: TrinoForwarding {
    let cluster: TrinoCluster
    let fallsBack: Bool

    var address: String { cluster.address }

    func fellBack() { TrinoFallbacks.count("statement") }

    func send(
        _ method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws -> ForwardedAnswer {
        let answer = try await cluster.send(method, path: path, headers: headers, body: body)
        return ForwardedAnswer(status: answer.status, headers: answer.headers, body: answer.body)
    }
}
