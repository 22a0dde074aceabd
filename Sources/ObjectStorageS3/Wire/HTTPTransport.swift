import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// ``S3Transport`` over HTTP/1.1, with one pool of connections for the whole process. All of its work runs on event loops.
package struct HTTPTransport: S3Transport {
    private static let connectSeconds: Int64 = 3
    /// Between two pieces of an answer, and before the first one once the request is sent. A request's whole time grows with
    /// the bytes that may come; a store that says nothing is not waited for that long.
    private static let silenceSeconds: Int64 = 15
    /// Shorter than what servers keep idle connections for, so that few requests meet one that is about to be closed.
    private static let idleSeconds: Int64 = 10
    private static let connectionsMax = 64

    /// Lives as long as the process, so nobody has to shut it down.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(connectSeconds), read: .seconds(silenceSeconds)),
            connectionPool: .init(
                idleTimeout: .seconds(idleSeconds), concurrentHTTP1ConnectionsPerHostSoftLimit: connectionsMax))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package init() {}

    package func start(_ request: TransportRequest) -> @Sendable () throws -> TransportResponse {
        let task: HTTPClient.Task<HTTPClient.Response>
        do {
            let body: HTTPClient.Body? =
                request.body.isEmpty && request.method != "PUT" && request.method != "POST"
                ? nil : .byteBuffer(ByteBuffer(bytes: request.body))
            let message = try HTTPClient.Request(
                url: request.url, method: HTTPMethod(rawValue: request.method),
                headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }), body: body)
            task = Self.client.execute(
                request: message,
                delegate: ResponseAccumulator(
                    request: message, maxBodySize: min(max(0, request.answerBytesMax), Int(UInt32.max))),
                deadline: .now() + .milliseconds(Int64(request.timeoutMilliseconds)))
        } catch {
            let failure = TransportFailure(.unreachable, "\(request.url) is no address to ask: \(error)")
            return { throw failure }
        }
        return {
            do {
                let response = try task.wait()
                return TransportResponse(
                    status: Int(response.status.code),
                    headers: response.headers.map { (name: $0.name, value: $0.value) },
                    body: response.body.map { [UInt8](buffer: $0) } ?? [])
            } catch {
                throw Self.failure(error)
            }
        }
    }

    private static func failure(_ error: any Error) -> TransportFailure {
        if error is ResponseAccumulator.ResponseTooBigError {
            return TransportFailure(.tooLong, "the answer is too long")
        }
        if let error = error as? HTTPClientError {
            switch error {
            case .readTimeout, .writeTimeout, .deadlineExceeded:
                return TransportFailure(.timeout, "there was no answer in time (\(error))")
            case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
                return TransportFailure(.unreachable, "no connection came about in time (\(error))")
            default: return TransportFailure(.broken, "the connection broke (\(error))")
            }
        }
        if let error = error as? NIOConnectionError { return TransportFailure(.unreachable, "\(error)") }
        return TransportFailure(.broken, "\(error)")
    }
}
