import Hummingbird
import NIOCore
import QueryEngine

/// A query's progress and answer as server-sent events: `started` with its id, `progress` while it runs, and at the end
/// `result` with the same JSON as without events, or `problem`.
struct QueryEvents: Sendable {
    let service: any SQLAnswering
    let question: SQLQuestion
    let paging: Paging
    let running: RunningQueries
    let limits: GatewayLimits
    let problem: @Sendable (any Error) -> Problem

    private enum Event: Sendable {
        case progress(QueryProgress)
        case ended(Result<SQLAnswer, any Error>)
    }

    /// Reports that wait for a slow client; older ones give way.
    private static let eventsKept = 4

    /// - Throws: ``GatewayError`` `overloaded` when too many streams are open.
    func response(slots: Slots) throws -> Response {
        let slot = try slots.take("event streams")
        let events = self
        let body = ResponseBody { writer in
            defer { slot.release() }
            let entry = events.running.begin(events.question)
            defer { events.running.end(entry) }
            let (stream, source) = AsyncStream.makeStream(
                of: Event.self, bufferingPolicy: .bufferingNewest(Self.eventsKept))
            let task = Task { await events.run(entry, source) }
            // A client that has gone away is noticed by the next write.
            defer { task.cancel() }
            try await writer.write(Self.buffer("started", JSONValue.object(["id": .string(entry)]).bytes))
            for await event in stream {
                switch event {
                case .progress(let progress):
                    try await writer.write(Self.buffer("progress", Self.json(progress).bytes))
                case .ended(.success(let answer)):
                    let pieces = QueryPieces(answer: answer, paging: events.paging, form: Answers.json)
                    try await writer.write(Self.buffer("result", pieces.bytes))
                case .ended(.failure(let error)):
                    try await writer.write(Self.buffer("problem", events.problem(error).json.bytes))
                }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: JobRoutes.eventStream, .cacheControl: "no-store", .vary: "Accept"],
            body: body)
    }

    private func run(_ entry: String, _ source: AsyncStream<Event>.Continuation) async {
        let result: Result<SQLAnswer, any Error>
        do {
            let answer = try await running.run(entry) { [service, question, running] in
                try await service.answer(question) { progress in
                    running.progressed(entry, progress)
                    source.yield(.progress(progress))
                }
            }
            result = .success(answer)
        } catch {
            result = .failure(error)
        }
        source.yield(.ended(result))
        source.finish()
    }

    private static func json(_ progress: QueryProgress) -> JSONValue {
        .object([
            "percent": progress.percent.map { .double($0) }, "rowsRead": .integer(progress.rowsRead),
            "rowsTotal": .integer(progress.rowsTotal),
        ])
    }

    private static func buffer(_ name: String, _ data: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\ndata: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
    }
}
