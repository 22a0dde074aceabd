import AsyncHTTPClient
import LakeModel
import NIOCore
import NIOHTTP1
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A Trino cluster, asked by its client protocol.
package final class TrinoCluster: Sendable {
    /// What the cluster answered.
    package struct Answer: Sendable {
        package var status: Int
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]
    }

    /// Requests that find the cluster busy or gone are sent this often.
    package static let attemptsMax = 3
    private static let pauseMilliseconds = 200
    private static let connectSecondsMax: Int64 = 3
    /// How long the cluster may take for one answer.
    private static let answerSecondsMax: Int64 = 30
    /// Bytes of one answer: a page of a result.
    private static let answerBytesMax = 64 << 20

    /// Scheme, host and port, without a slash at the end.
    package let address: String
    private let breaker = Mutex(CircuitBreaker())
    private let client: HTTPClient
    private let metrics = ClusterMetrics()

    /// - Throws: ``TrinoClusterError`` `cluster-invalid`.
    package init(address: String) throws {
        guard let url = URL(string: address), url.scheme == "http" || url.scheme == "https", let host = url.host,
            !host.isEmpty, url.path.isEmpty || url.path == "/", url.query == nil, url.user == nil
        else {
            throw TrinoClusterError(
                code: "cluster-invalid", message: "`\(address)` is no address of a Trino cluster",
                remedy: "give --trino http://HOST:PORT or https://HOST:PORT", isRetryable: false)
        }
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(Self.connectSecondsMax)
        // Whether to try again is decided here, where the breaker counts.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// The connections close by themselves when nobody holds the cluster any more; what keeps them from it changes nothing then.
    deinit { client.shutdown { _ in } }

    /// Sends a request and, while the cluster is busy (502, 503, 504) or cannot be reached, sends it again.
    /// - Parameter path: with its slash, as the cluster gave it.
    /// - Throws: ``TrinoClusterError`` `cluster-unreachable`; `CancellationError`.
    package func send(
        _ method: String, path: String, headers: [(name: String, value: String)], body: [UInt8] = []
    ) async throws -> Answer {
        var last: (any Error)?
        for attempt in 0..<Self.attemptsMax {
            if attempt > 0 { try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds << attempt)) }
            guard change({ $0.admits(at: .now) }) else {
                metrics.ended(.refused)
                throw TrinoClusterError.unreachable("the Trino cluster has not answered for a while", cause: last)
            }
            do {
                let answer = try await once(method, path: path, headers: headers, body: body)
                guard [502, 503, 504].contains(answer.status) else {
                    change { $0.succeeded() }
                    metrics.ended(.answered)
                    return answer
                }
                metrics.ended(.busy)
                last = TrinoClusterError.unreachable("the Trino cluster answered with status \(answer.status)")
            } catch {
                if Task.isCancelled {
                    change { $0.abandoned(at: .now) }
                    throw CancellationError()
                }
                metrics.ended(.failed)
                last = error
            }
            change { $0.failed(at: .now) }
        }
        throw TrinoClusterError.unreachable("the Trino cluster cannot be reached", cause: last)
    }

    @discardableResult
    private func change<Value: Sendable>(_ body: (inout CircuitBreaker) -> Value) -> Value {
        let (value, level) = breaker.withLock { breaker in (body(&breaker), breaker.level) }
        metrics.breaker(is: level)
        return value
    }

    private func once(
        _ method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: address + path)
        request.method = HTTPMethod(rawValue: method)
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await client.execute(request, timeout: .seconds(Self.answerSecondsMax))
        let bytes = try await response.body.collect(upTo: Self.answerBytesMax)
        return Answer(
            status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
            body: Array(bytes.readableBytesView))
    }
}
