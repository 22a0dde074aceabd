import AsyncHTTPClient
import Foundation
import Ingestion
import LakeModel
import NIOCore
import NIOHTTP1
import Synchronization

/// What a server answered instead of what was asked for, or why it could not be reached.
struct ClientError: LakeError {
    var code: String
    var message: String
    var remedy: String?
}

/// The product API from the client's side.
struct ServerClient: Sendable {
    private let base: String
    private let token: String?
    private let client = HTTPClient.shared

    /// Seconds that one answer may take; uploads have none, they move as fast as the disk.
    private static let timeoutSeconds: Int64 = 120
    private static let answerBytesMax = 256 << 20

    init(base: String, token: String?) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.token = token ?? ProcessInfo.processInfo.environment["DIPPER_TOKEN"]
    }

    func get(_ path: String, accept: String = "application/json") async throws -> [UInt8] {
        var request = HTTPClientRequest(url: base + path)
        request.headers.add(name: "Accept", value: accept)
        return try await send(&request, timeout: .seconds(Self.timeoutSeconds))
    }

    func post(_ path: String, json: [UInt8]) async throws -> [UInt8] {
        try await post(path, json, type: "application/json")
    }

    func post(_ path: String, _ body: [UInt8], type: String) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: type)
        request.body = .bytes(ByteBuffer(bytes: body))
        return try await send(&request, timeout: .seconds(Self.timeoutSeconds))
    }

    /// Streams a CSV file up.
    func upload(
        _ file: String, table: String, query: String, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> JobReceipt {
        try await upload(
            file, to: "/api/v2/upload/csv/\(Self.encoded(table))?\(query)", type: "text/csv", progress: progress)
    }

    /// Streams a file up.
    func upload(
        _ file: String, to path: String, type: String, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> JobReceipt {
        let source = try SourceFile(file)
        defer { source.close() }
        let name = URL(fileURLWithPath: file).lastPathComponent
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: type)
        request.headers.add(
            name: "Content-Disposition", value: "attachment; filename*=UTF-8''\(Self.encoded(name))")
        let failure = Mutex<ClientError?>(nil)
        let blocks = AsyncThrowingStream<ByteBuffer, any Error>(unfolding: {
            do {
                guard let data = try source.next() else { return nil }
                progress(data.count)
                return ByteBuffer(bytes: data)
            } catch let error as ClientError {
                failure.withLock { $0 = error }
                throw error
            }
        })
        request.body = .stream(blocks, length: source.byteCount.map { .known($0) } ?? .unknown)
        let answer: [UInt8]
        do {
            answer = try await send(&request, timeout: .hours(24))
        } catch {
            // The broken request is the file's fault, not the server's.
            throw failure.withLock { $0 } ?? error
        }
        return try JSONDecoder().decode(JobReceipt.self, from: Data(answer))
    }

    /// Hands the answer to a POST to `sink`, piece by piece.
    func download(_ path: String, to sink: ([UInt8]) throws -> Void) async throws {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        let response = try await execute(&request, timeout: .hours(24))
        guard (200..<300).contains(response.status.code) else {
            let body = Array(buffer: try await response.body.collect(upTo: Self.answerBytesMax))
            throw Self.problem(body, Int(response.status.code))
        }
        for try await buffer in response.body { try sink(Array(buffer.readableBytesView)) }
    }

    func job(_ id: String) async throws -> JobReceipt {
        try JSONDecoder().decode(JobReceipt.self, from: Data(try await get("/api/v2/jobs/\(Self.encoded(id))")))
    }

    private func send(_ request: inout HTTPClientRequest, timeout: TimeAmount) async throws -> [UInt8] {
        let response = try await execute(&request, timeout: timeout)
        let body = Array(buffer: try await response.body.collect(upTo: Self.answerBytesMax))
        guard (200..<300).contains(response.status.code) else { throw Self.problem(body, Int(response.status.code)) }
        return body
    }

    private func execute(
        _ request: inout HTTPClientRequest, timeout: TimeAmount
    ) async throws -> HTTPClientResponse {
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        do {
            return try await client.execute(request, timeout: timeout)
        } catch {
            throw ClientError(
                code: "server-unreachable", message: "\(base) does not answer: \(error)",
                remedy: "check the address, and that `dipper serve` runs there")
        }
    }

    private struct Problem: Decodable {
        var code: String?
        var detail: String?
        var title: String?
        var remedy: String?
    }

    private static func problem(_ body: [UInt8], _ status: Int) -> ClientError {
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(body))
        return ClientError(
            code: problem?.code ?? "http-\(status)",
            message: problem?.detail ?? problem?.title ?? "the server answered with status \(status)",
            remedy: problem?.remedy)
    }

    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~")))
            ?? text
    }
}
