import HTTPTypes
import Hummingbird
import Ingestion
import NIOCore
import ServiceLifecycle

/// A job's receipts as server-sent events: one event `receipt` at first and one at every change, the last when the job
/// has ended; then the stream ends. Comments keep it open in between.
struct JobEvents: Sendable {
    private let ingestion: any IngestionService
    private let limits: GatewayLimits
    private let end: ContinuousClock.Instant
    private var receipt: JobReceipt
    private var number = 0
    private var hasStarted = false

    private init(ingestion: any IngestionService, limits: GatewayLimits, first: JobReceipt) {
        self.ingestion = ingestion
        self.limits = limits
        receipt = first
        end = .now + .seconds(limits.eventStreamSecondsMax)
    }

    /// - Throws: ``GatewayError`` `overloaded` when too many streams are open.
    static func response(
        first: JobReceipt, ingestion: any IngestionService, limits: GatewayLimits, slots: Slots
    ) throws -> Response {
        let slot = try slots.take("event streams")
        let events = JobEvents(ingestion: ingestion, limits: limits, first: first)
        let body = ResponseBody { writer in
            defer { slot.release() }
            var events = events
            while let event = try await events.next() { try await writer.write(event) }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: JobRoutes.eventStream, .cacheControl: "no-store", .vary: "Accept"],
            body: body)
    }

    /// The next event or comment; `nil` at the end of the stream.
    private mutating func next() async throws -> ByteBuffer? {
        guard hasStarted else {
            hasStarted = true
            return try event()
        }
        let clock = ContinuousClock()
        let heartbeat = clock.now + .seconds(limits.eventHeartbeatSeconds)
        while !receipt.hasEnded, clock.now < end, !Task.isShuttingDownGracefully {
            try await clock.sleep(for: .milliseconds(limits.eventIntervalMilliseconds))
            guard let latest = try await ingestion.job(id: receipt.id) else { return nil }
            if latest != receipt {
                receipt = latest
                number += 1
                return try event()
            }
            if clock.now >= heartbeat { return ByteBuffer(string: ": still there\n\n") }
        }
        return nil
    }

    private func event() throws -> ByteBuffer {
        var buffer = ByteBuffer(string: "id: \(number)\nevent: receipt\ndata: ")
        buffer.writeBytes(try Answers.receiptJSON(receipt))
        buffer.writeString("\n\n")
        return buffer
    }
}
