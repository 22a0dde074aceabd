import NIOCore
import NIOPosix
import NIOSSL
import ResultCache

/// One connection. Commands go out as they come; answers come back in their order.
struct RedisConnection: Sendable {
    let channel: any Channel
    private let timeout: TimeAmount

    private struct TimedOut: Error, CustomStringConvertible {
        let description = "no answer in time"
    }

    /// Connects, and says who asks and which database is meant.
    /// - Throws: what keeps it from being used.
    static func open(_ address: RedisAddress, options: RedisOptions) async throws -> RedisConnection {
        let tls = try address.usesTLS ? Self.tls(address) : nil
        let timeout = TimeAmount.milliseconds(Int64(options.timeoutMilliseconds))
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.milliseconds(Int64(options.connectTimeoutMilliseconds)))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: Self.name(of: address.host)))
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        RedisHandler(valueBytesMax: options.valueBytesMax))
                }
            }
            .connect(host: address.host, port: address.port).get()
        let connection = RedisConnection(channel: channel, timeout: timeout)
        do {
            if let password = address.password {
                try await connection.expectOK(["AUTH"] + (address.user.map { [$0] } ?? []) + [password])
            }
            if address.database != 0 { try await connection.expectOK(["SELECT", String(address.database)]) }
            if address.password == nil, address.database == 0 {
                guard case .text = try await connection.send([Array("PING".utf8)]) else {
                    throw RESPFailure(description: "the server does not answer PING")
                }
            }
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    private static func tls(_ address: RedisAddress) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = address.trustFile { configuration.trustRoots = .file(file) }
        return try NIOSSLContext(configuration: configuration)
    }

    /// Certificates of addresses are checked by address, others by name.
    private static func name(of host: String) -> String? {
        (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }

    private func expectOK(_ words: [String]) async throws {
        guard case .text = try await send(words.map { Array($0.utf8) }) else {
            throw RESPFailure(description: "\(words[0]) is not answered")
        }
    }

    var isOpen: Bool { channel.isActive }

    func close() { channel.close(promise: nil) }

    /// - Throws: ``RESPFailure`` when the server refuses; anything else means that the connection is of no use any more.
    func send(_ command: [[UInt8]]) async throws -> RESPValue {
        let promise = channel.eventLoop.makePromise(of: RESPValue.self)
        // An answer that is late would be taken for that of the next command: the connection ends with it.
        let channel = channel
        let deadline = channel.eventLoop.scheduleTask(in: timeout) {
            promise.fail(TimedOut())
            channel.close(promise: nil)
        }
        let call = RedisCall(bytes: ByteBuffer(bytes: RESPParser.command(command)), answer: promise)
        channel.writeAndFlush(call).whenFailure { promise.fail($0) }
        // Where the answer comes in, not where it is waited for: a task that is late to go on must not end a sound connection.
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        let value = try await promise.futureResult.get()
        if case .failure(let message) = value { throw RedisRefusal(message: message) }
        return value
    }
}

/// What the server said no to; the connection goes on.
struct RedisRefusal: Error, CustomStringConvertible {
    let message: String
    var description: String { "the server answers: \(message)" }
}

/// A command on its way, with whom to tell.
struct RedisCall: Sendable {
    var bytes: ByteBuffer
    var answer: EventLoopPromise<RESPValue>
}

/// Matches answers with commands, first in, first out.
final class RedisHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = RedisCall
    typealias OutboundOut = ByteBuffer

    private struct Closed: Error, CustomStringConvertible {
        let description = "the connection ended"
    }

    private var parser: RESPParser
    private var waiting: CircularBuffer<EventLoopPromise<RESPValue>> = []

    init(valueBytesMax: Int) { parser = RESPParser(valueBytesMax: valueBytesMax) }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let call = unwrapOutboundIn(data)
        waiting.append(call.answer)
        context.write(wrapOutboundOut(call.bytes), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.push(unwrapInboundIn(data).readableBytesView)
        do {
            while let value = try parser.next() {
                guard let promise = waiting.popFirst() else {
                    throw RESPFailure(description: "an answer that nobody asked for")
                }
                promise.succeed(value)
            }
        } catch {
            fail(error, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error, context) }

    func channelInactive(context: ChannelHandlerContext) {
        fail(Closed(), context)
        context.fireChannelInactive()
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        while let promise = waiting.popFirst() { promise.fail(error) }
        context.close(promise: nil)
    }
}
