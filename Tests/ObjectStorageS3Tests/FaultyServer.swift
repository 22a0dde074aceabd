import NIOCore
import NIOHTTP1
import NIOPosix
import ObjectStorageS3
import Synchronization

/// A server over HTTP that answers as a test says: late, in part, or not at all.
final class FaultyServer: Sendable {
    struct Call: Sendable {
        var index: Int
        var method: String
        var uri: String
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    enum Answer: Sendable {
        case status(Int, headers: [(String, String)] = [], body: [UInt8] = [])
        /// Closes the connection without a word.
        case cut
        /// Promises more bytes than come, and closes the connection behind them.
        case short(promised: Int, body: [UInt8])
        case never
    }

    let port: Int
    private let channel: any Channel
    private let kept: Kept

    private final class Kept: Sendable {
        let calls = Mutex<[Call]>([])
    }

    var calls: [Call] { kept.calls.withLock { $0 } }

    init(_ answer: @escaping @Sendable (Call) -> Answer) async throws {
        let kept = Kept()
        self.kept = kept
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(kept, answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func close() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let kept: Kept
        private let answer: @Sendable (Call) -> Answer
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ kept: Kept, _ answer: @escaping @Sendable (Call) -> Answer) {
            self.kept = kept
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(let buffer): body += Array(buffer.readableBytesView)
            case .end:
                guard let head else { return }
                let call = kept.calls.withLock { [body] calls in
                    let call = Call(
                        index: calls.count, method: head.method.rawValue, uri: head.uri, headers: head.headers,
                        body: body)
                    calls.append(call)
                    return call
                }
                body = []
                send(answer(call), isHead: head.method == .HEAD, context)
            }
        }

        private func send(_ answer: Answer, isHead: Bool, _ context: ChannelHandlerContext) {
            switch answer {
            case .never: return
            case .cut: context.close(promise: nil)
            case .status(let status, let headers, let body):
                var fields = HTTPHeaders(headers)
                if !fields.contains(name: "content-length") {
                    fields.add(name: "content-length", value: "\(body.count)")
                }
                write(status, fields, isHead ? [] : body, context)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .short(let promised, let body):
                write(200, HTTPHeaders([("content-length", "\(promised)")]), body, context)
                context.flush()
                context.close(promise: nil)
            }
        }

        private func write(_ status: Int, _ headers: HTTPHeaders, _ body: [UInt8], _ context: ChannelHandlerContext) {
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
    }
}
