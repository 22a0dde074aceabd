import Access
import ArgumentParser
import CatalogService
import Foundation
import GatewayHTTP
import Ingestion
import LakeModel

/// `dipper table`: what tables there are and what they look like.
struct TableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "List, inspect and maintain tables.",
        subcommands: [
            List.self, Show.self, Snapshots.self, Compact.self, Expire.self, Orphans.self, History.self, Replay.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tables with their rows and sizes.")
        @OptionGroup var target: TargetOptions
        @Flag(help: "Print JSON.") var json = false

        func run() async throws { try await TableView(target: target, json: json).list() }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one table's columns and properties.")
        @Argument(help: "For example hired_employees or silver.employees_cleaned.") var table: String
        @OptionGroup var target: TargetOptions
        @Flag(help: "Print JSON.") var json = false

        func run() async throws { try await TableView(target: target, json: json).show(table) }
    }

    struct Snapshots: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List one table's snapshots, the newest first.")
        @Argument(help: "For example hired_employees or silver.employees_cleaned.") var table: String
        @OptionGroup var target: TargetOptions
        @Flag(help: "Print JSON.") var json = false

        func run() async throws { try await TableView(target: target, json: json).snapshots(table) }
    }
}

extension TableCommand {
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the lake work a table's log again from an offset on, on a data folder that no server holds."
        )
        @Argument(help: "For example hired_employees.") var table: String
        @Option(name: .customLong("from"), help: "The first offset of the log that is worked again.") var offset: Int64
        @Option(help: "A data folder that no server holds.") var dataDir: String

        func run() async throws {
            let folder = try await DataFolder(dataDir)
            defer { folder.close() }
            let moved = try await folder.ingestion.replay(table, from: offset, tables: folder.tables)
            Console.line(
                "\(table): the watermark was \(moved.before.nextOffset) and is \(moved.after.nextOffset) now; "
                    + "the records from there on are worked when the server starts")
        }
    }
}

/// Tables as text, from a server's JSON or a folder's metadata.
private struct TableView {
    let target: TargetOptions
    let json: Bool

    /// Items that a listing shows.
    private static let itemsMax = 1_000

    func list() async throws {
        if let server = target.server { return try await pass(server, "/api/v2/tables?size=\(Self.itemsMax)") }
        try await onFolder { browser in
            let page = try await browser.tables(of: .anybody, page: 0, size: Self.itemsMax)
            let rows = page.items.map { table in
                [
                    table.name, "\(table.namespace).\(table.icebergName)", number(table.rowCount),
                    number(table.fileCount), number(table.byteCount), table.snapshotID.map { "\($0)" } ?? "-",
                ]
            }
            try show(["name", "iceberg", "rows", "files", "bytes", "snapshot"], rows)
        }
    }

    func show(_ table: String) async throws {
        if let server = target.server { return try await pass(server, "/api/v2/tables/\(ServerClient.encoded(table))") }
        try await onFolder { browser in
            guard let detail = try await browser.table(table) else { throw missing(table) }
            let rows = detail.fields.map { field in
                [
                    "\(field.id)", field.name, field.type.primitive.map { "\($0)" } ?? "nested",
                    field.required ? "required" : "", detail.key.contains(field.name) ? "key" : "",
                    detail.partition.contains(field.name) ? "partition" : "",
                ]
            }
            try show(["id", "column", "type", "null", "key", "partition"], rows)
        }
    }

    func snapshots(_ table: String) async throws {
        let path = "/api/v2/tables/\(ServerClient.encoded(table))/snapshots?size=\(Self.itemsMax)"
        if let server = target.server { return try await pass(server, path) }
        try await onFolder { browser in
            guard let page = try await browser.snapshots(of: table, page: 0, size: Self.itemsMax) else {
                throw missing(table)
            }
            let rows = page.items.map { snapshot in
                [
                    "\(snapshot.id)", UTCDate.text(snapshot.committedMicroseconds), snapshot.operation,
                    snapshot.summary["total-records"] ?? "-", snapshot.isCurrent ? "current" : "",
                ]
            }
            try show(["snapshot", "committed", "operation", "records", ""], rows)
        }
    }

    private func pass(_ server: String, _ path: String) async throws {
        let answer = try await ServerClient(base: server, token: target.token).get(path)
        if json { return Console.line(String(decoding: answer, as: UTF8.self)) }
        let value = try JSONSerialization.jsonObject(with: Data(answer))
        let pretty = try JSONSerialization.data(withJSONObject: value, options: [.prettyPrinted, .sortedKeys])
        Console.line(String(decoding: pretty, as: UTF8.self))
    }

    private func onFolder(_ body: (LakeTableBrowser) async throws -> Void) async throws {
        let folder = try await DataFolder(target.dataDir ?? "")
        defer { folder.close() }
        try await body(LakeTableBrowser(model: folder.model, tables: folder.tables))
    }

    private func show(_ header: [String], _ rows: [[String]]) throws {
        guard json else { return Console.table(header, rows) }
        try Console.json(rows.map { row in Dictionary(zip(header, row)) { first, _ in first } })
    }

    private func number(_ value: Int64?) -> String { value.map { "\($0)" } ?? "-" }

    private func missing(_ table: String) -> ClientError {
        ClientError(code: "unknown-table", message: "there is no table `\(table)`", remedy: "see `dipper table list`")
    }
}

/// Times as people read them.
enum UTCDate {
    static func text(_ microseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(microseconds) / 1_000_000).ISO8601Format()
    }
}
