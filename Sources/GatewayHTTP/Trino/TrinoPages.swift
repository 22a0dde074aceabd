import QueryEngine
import TrinoSQL

/// Results in the JSON that clients read.
enum TrinoPages {
    /// Cuts rows into pages, each a JSON array of rows.
    static func cut(_ rows: [[QueryValue]], _ columns: [TrinoColumn], isParametric: Bool) -> [[UInt8]] {
        let encoders = columns.map { $0.encoder(isParametric: isParametric) }
        var pages: [[UInt8]] = []
        var page: [UInt8] = []
        for row in rows {
            page.append(UInt8(ascii: page.isEmpty ? "[" : ","))
            page.append(UInt8(ascii: "["))
            for (index, value) in row.enumerated() {
                if index > 0 { page.append(UInt8(ascii: ",")) }
                append(value, encoders[index], to: &page)
            }
            page.append(UInt8(ascii: "]"))
            if page.count >= TrinoLimits.pageBytes {
                page.append(UInt8(ascii: "]"))
                pages.append(page)
                page = []
            }
        }
        if !page.isEmpty {
            page.append(UInt8(ascii: "]"))
            pages.append(page)
        }
        return pages
    }

    private static func append(_ value: QueryValue, _ encoder: ValueEncoder, to bytes: inout [UInt8]) {
        switch value {
        case .null: encoder.append(null: &bytes)
        case .boolean(let flag): encoder.append(flag, to: &bytes)
        case .integer(let number): encoder.append(number, to: &bytes)
        case .double(let number): encoder.append(number, to: &bytes)
        case .text(let text): encoder.append(text, to: &bytes)
        }
    }
}

/// The answer to a request about a query: Trino's `QueryResults`.
///
/// Source: Trino documentation, "Client REST API", "QueryResults attributes".
struct TrinoAnswer {
    let query: TrinoQuery
    /// Scheme, host and port that the client asked.
    let base: String
    let state: TrinoQuery.State
    /// Which page; `nil` before there is any.
    var token: Int?
    /// The number of the address that the client asks while it waits.
    var waitToken = 0

    var bytes: [UInt8] {
        var members: [JSONMember] = [
            JSONMember("id", .string(query.id)), JSONMember("infoUri", .string("\(base)/v1/query/\(query.id)")),
        ]
        if let next { members.append(JSONMember("nextUri", .string(next))) }
        if state.phase == .running {
            let path = "\(base)/v1/statement/partialCancel/\(query.id)/\(query.slug)"
            members.append(JSONMember("partialCancelUri", .string(path)))
        }
        let page = token.flatMap { state.outcome.pages.indices.contains($0) ? state.outcome.pages[$0] : nil }
        if state.phase == .finished, token != nil {
            let columns = state.outcome.columns.map { $0.json(isParametric: query.isParametric) }
            members.append(JSONMember("columns", .array(columns)))
        }
        members.append(JSONMember("stats", stats))
        if let failure = state.failure { members.append(JSONMember("error", failure.json)) }
        members.append(JSONMember("warnings", []))
        if let update = state.outcome.updateType, token != nil {
            members.append(JSONMember("updateType", .string(update)))
        }
        var bytes = JSONValue.object(members).bytes
        if let page, state.phase == .finished {
            bytes.removeLast()
            bytes += ",\"data\":".utf8
            bytes += page
            bytes.append(UInt8(ascii: "}"))
        }
        return bytes
    }

    /// Where the client goes on; `nil` at the end.
    private var next: String? {
        if state.phase == .failed { return nil }
        // Numbers go up while a client waits, so that each address of a page stands for that page alone.
        guard let token else { return state.isEnded ? address("executing", 0) : address("queued", waitToken + 1) }
        if !state.isEnded { return address("executing", token) }
        guard state.phase == .finished, token + 1 < state.outcome.pages.count else { return nil }
        return address("executing", token + 1)
    }

    func address(_ phase: String, _ token: Int) -> String {
        "\(base)/v1/statement/\(phase)/\(query.id)/\(query.slug)/\(token)"
    }

    /// All fields that Trino documents; what has no meaning here is 0.
    private var stats: JSONValue {
        let elapsed = (state.ended ?? .now) - query.created
        let milliseconds = JSONValue.integer(
            elapsed.components.seconds * 1_000 + elapsed.components.attoseconds / 1_000_000_000_000_000)
        let isEnded = state.isEnded
        let rows = JSONValue.integer(Int64(state.outcome.rowCount))
        return .object([
            "state": .string(state.phase.rawValue), "queued": .boolean(state.phase == .queued),
            "scheduled": .boolean(state.phase != .queued),
            "progressPercentage": .double(isEnded ? 100 : 0), "runningPercentage": .double(isEnded ? 0 : 100),
            "nodes": 1, "totalSplits": 1, "queuedSplits": .integer(state.phase == .queued ? 1 : 0),
            "runningSplits": .integer(state.phase == .running ? 1 : 0), "completedSplits": .integer(isEnded ? 1 : 0),
            "planningTimeMillis": 0, "analysisTimeMillis": 0, "cpuTimeMillis": milliseconds,
            "wallTimeMillis": milliseconds, "queuedTimeMillis": 0, "elapsedTimeMillis": milliseconds,
            "finishingTimeMillis": 0, "physicalInputTimeMillis": 0, "processedRows": rows, "processedBytes": 0,
            "physicalInputBytes": 0, "physicalWrittenBytes": 0, "internalNetworkInputBytes": 0, "peakMemoryBytes": 0,
            "spilledBytes": 0,
            "rootStage": .object([
                "stageId": "0", "state": .string(state.phase.rawValue), "done": .boolean(isEnded), "nodes": 1,
                "totalSplits": 1, "queuedSplits": 0, "runningSplits": .integer(isEnded ? 0 : 1),
                "completedSplits": .integer(isEnded ? 1 : 0), "cpuTimeMillis": milliseconds,
                "wallTimeMillis": milliseconds, "processedRows": rows, "processedBytes": 0, "physicalInputBytes": 0,
                "failedTasks": 0, "coordinatorOnly": false, "subStages": [],
            ]),
        ])
    }
}
