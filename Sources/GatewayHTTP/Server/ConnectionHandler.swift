import HTTPTypes
package import NIOCore
package import NIOHTTPTypes

/// Asks a connection to send `100 Continue`.
package struct ContinueEvent: Sendable {
    package init() {}
}

/// What a connection needs besides requests and answers.
///
/// 1. `Expect: 100-continue`: a route that is about to read the body says so with ``ContinueEvent``; then the interim
///    answer goes out, once, and only if the request asked for it. A request refused before that never sends its body.
/// 2. A body that nobody wants any more is read on for a while after the answer, so that the client sees the answer and
///    not a reset; past a limit the connection is closed.
package final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    private let drainBytesMax: Int
    private var awaitsContinue = false
    private var isBodyOpen = false
    private var isAnswered = false
    private var drainedBytes = 0
    private var hasLeft = false
    private var watches: [Int: @Sendable () -> Void] = [:]
    private var nextWatch = 0

    package init(drainBytesMax: Int) { self.drainBytesMax = drainBytesMax }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            awaitsContinue = head.headerFields[.expect]?.lowercased() == "100-continue"
            isBodyOpen = true
            isAnswered = false
            drainedBytes = 0
        case .body(let buffer):
            awaitsContinue = false
            if isAnswered {
                drainedBytes += buffer.readableBytes
                if drainedBytes > drainBytesMax { context.close(promise: nil) }
            }
        case .end:
            awaitsContinue = false
            isBodyOpen = false
        }
        context.fireChannelRead(data)
    }

    /// Asks to be told when the client has closed its side: at once if it has already. On the channel's event loop.
    fileprivate func watch(_ left: @escaping @Sendable () -> Void) -> Int {
        nextWatch += 1
        if hasLeft { left() } else { watches[nextWatch] = left }
        return nextWatch
    }

    fileprivate func unwatch(_ watch: Int) { watches[watch] = nil }

    private func clientLeft() {
        hasLeft = true
        for left in watches.values { left() }
        watches = [:]
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { clientLeft() }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        clientLeft()
        context.fireChannelInactive()
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var data = data
        switch unwrapOutboundIn(data) {
        case .head(var head) where awaitsContinue && head.status.kind != .informational:
            // The client may or may not send its body now, so that the connection's state is unclear (RFC 9110, 10.1.1).
            awaitsContinue = false
            head.headerFields[.connection] = "close"
            data = wrapOutboundOut(.head(head))
        case .end:
            isAnswered = isBodyOpen
        default:
            break
        }
        context.write(data, promise: promise)
    }

    package func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?)
    {
        guard event is ContinueEvent else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        if awaitsContinue {
            awaitsContinue = false
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: promise)
        } else {
            promise?.succeed()
        }
    }
}

extension GatewayRequest {
    /// Runs something long for a client that waits for it, and cancels it when the client goes away.
    ///
    /// A client that closes its sending side only is taken for gone as well.
    func whileClientWaits<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await operation() }
        let channel = channel
        // A channel that is closed has no handler any more; its answer finds that out.
        let watch = channel.eventLoop.submit { () -> Int? in
            guard let handler = try? channel.pipeline.syncOperations.handler(type: ConnectionHandler.self) else {
                task.cancel()
                return nil
            }
            return handler.watch { task.cancel() }
        }
        defer {
            watch.whenSuccess { id in
                guard let id, let handler = try? channel.pipeline.syncOperations.handler(type: ConnectionHandler.self)
                else { return }
                handler.unwatch(id)
            }
        }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
