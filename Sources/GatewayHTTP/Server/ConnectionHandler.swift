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
