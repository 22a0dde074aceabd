import ArgumentParser
import AvroFormat
import ByteKernels
import Foundation
import Ingestion
import LakeModel
import ObjectStorage
import RowBackup
import TableMaintenance

/// `dipper backup`: a table's rows as Avro.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write the rows of a table into an Avro file, or a folder with a manifest.")

    @Argument(help: "For example hired_employees or silver.employees_cleaned.")
    var table: String

    @Argument(help: "FILE.avro, or a folder that gets rows.avro and manifest.json; neither may exist yet.")
    var path: String

    @OptionGroup var target: TargetOptions

    @Option(help: "A snapshot id (default: the current one).")
    var snapshot: Int64?

    @Flag(help: "Print the manifest as JSON.")
    var json = false

    func run() async throws {
        let place = BackupPlace(path)
        let sink = try place.create()
        do {
            if let server = target.server {
                let query = snapshot.map { "?snapshot=\($0)" } ?? ""
                try await ServerClient(base: server, token: target.token).download(
                    "/api/v2/tables/\(ServerClient.encoded(table))/backup\(query)", to: sink.write)
            } else {
                try await read(from: target.dataDir ?? "", into: sink)
            }
            let manifest = try sink.finish()
            try place.complete(manifest)
            try show(manifest)
        } catch {
            sink.abort()
            throw error
        }
    }

    private func read(from path: String, into sink: BackupFile) async throws {
        let folder = try await DataFolder(path)
        defer { folder.close() }
        let room = folder.maintenanceRoom(try folder.lakehouse(further: []))
        let stream = try await TableBackup(room: room, pool: .shared)
            .begin(try await folder.table(named: table), snapshotID: snapshot)
        guard let stream else {
            throw ClientError(
                code: "unknown-snapshot", message: "the table \(table) has no snapshot \(snapshot ?? 0)",
                remedy: "see `dipper table snapshots \(table)`")
        }
        defer { stream.close() }
        while let bytes = try await stream.next() { try sink.write(bytes) }
    }

    private func show(_ manifest: BackupManifest) throws {
        if json { return Console.line(manifest.json.serializedText) }
        let snapshot = manifest.description.snapshotID.map { "snapshot \($0)" } ?? "no snapshot"
        Console.line(
            "\(manifest.description.table), \(snapshot): \(manifest.description.rowCount) rows, "
                + "\(manifest.files.reduce(0) { $0 + $1.byteCount }) bytes")
    }
}

/// `dipper restore`: a backup's rows in the place of a table's.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Replace the rows of a declared table by those of a backup; ends when that is committed.")

    @Argument(help: "The table's name in the model; it need not be the one that was backed up.")
    var table: String

    @Argument(help: "The Avro file, or the folder with its manifest.")
    var path: String

    @OptionGroup var target: TargetOptions

    @Flag(inversion: .prefixedNo, help: "With --data-dir: feed the operational database too.")
    var operational = true

    @Flag(help: "Print the receipt as JSON.")
    var json = false

    func run() async throws {
        let file = try BackupPlace(path).checkedFile()
        var loader = RestoreLoader(table: table, file: file, json: json)
        let receipt =
            if let server = target.server {
                try await loader.restore(through: ServerClient(base: server, token: target.token))
            } else {
                try await loader.restore(into: target.dataDir ?? "", operational: operational)
            }
        if receipt.state == .failed { throw ExitCode(1) }
    }
}
