import ArgumentParser
import Foundation
import GatewayHTTP
import LakeModel
import Logging
import QueryEngine
import QueryEngineDuckDB

/// `dipper query`: one SELECT over the lake.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Run one SELECT over the lake's tables (silver.…, quarantine.…).")

    @Argument(help: "The statement.")
    var sql: String

    @OptionGroup var target: TargetOptions

    @Flag(help: "Print the answer as JSON.")
    var json = false

    private struct Question: Encodable { var sql: String }

    private struct Answer: Decodable {
        struct Column: Decodable { var name: String }
        var columns: [Column]
        var rows: [[Cell]]
    }

    /// A cell of a JSON answer as text.
    private struct Cell: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                text = "NULL"
            } else if let flag = try? container.decode(Bool.self) {
                text = "\(flag)"
            } else if let number = try? container.decode(Int64.self) {
                text = "\(number)"
            } else if let number = try? container.decode(Double.self) {
                text = "\(number)"
            } else {
                text = try container.decode(String.self)
            }
        }
    }

    func run() async throws {
        if let server = target.server {
            let body = Array(try JSONEncoder().encode(Question(sql: sql)))
            let answer = try await ServerClient(base: server, token: target.token).post("/api/v2/query", json: body)
            if json { return Console.line(String(decoding: answer, as: UTF8.self)) }
            let decoded = try JSONDecoder().decode(Answer.self, from: Data(answer))
            Console.table(decoded.columns.map(\.name), decoded.rows.map { $0.map(\.text) })
            return
        }
        let folder = try await DataFolder(target.dataDir ?? "")
        defer { folder.close() }
        var logger = Logger(label: "dipper") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let engine = try folder.lakeQueries(try await folder.queryFiles(), logger: logger)
        let service = LakeSQL(plans: folder.plans(engine), engine: engine)
        do {
            let result = try await service.answer(SQLQuestion(sql: sql)).result
            await engine.shutdown()
            try show(result)
        } catch {
            await engine.shutdown()
            throw error
        }
    }

    private func show(_ result: QueryResult) throws {
        if json {
            let rows = result.rows.map { row in row.map(\.jsonText).joined(separator: ",") }
            let columns = result.columns.map {
                "{\"name\":\(QueryValue.text($0.name).jsonText),\"type\":\(QueryValue.text($0.type).jsonText)}"
            }
            return Console.line(
                "{\"columns\":[\(columns.joined(separator: ","))],\"rows\":[\(rows.map { "[\($0)]" }.joined(separator: ","))]}"
            )
        }
        Console.table(result.columns.map(\.name), result.rows.map { $0.map(\.plainText) })
        if result.isTruncated {
            Console.fail("the answer is cut at \(result.rows.count) rows; add a LIMIT or narrow it")
        }
    }
}

extension QueryValue {
    fileprivate var plainText: String {
        switch self {
        case .null: "NULL"
        case .boolean(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        case .text(let text): text
        }
    }

    fileprivate var jsonText: String {
        switch self {
        case .null: "null"
        case .double(let number) where !number.isFinite: "\"\(number)\""
        case .text(let text):
            (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
        default: plainText
        }
    }
}
