import Foundation
import Ingestion
import LakeModel
import Logging

/// Brings a backup's file into a table.
struct RestoreLoader {
    let table: String
    let file: String
    let json: Bool

    mutating func restore(through client: ServerClient) async throws -> JobReceipt {
        let meter = LoadMeter(file)
        var receipt = try await client.upload(
            file, to: "/api/v2/tables/\(ServerClient.encoded(table))/restore", type: "application/vnd.apache.avro"
        ) { meter.uploaded($0) }
        while receipt.state == .accepted || receipt.state == .running {
            meter.show(receipt.progress)
            try await Task.sleep(for: .milliseconds(LoadMeter.stepMilliseconds))
            receipt = try await client.job(receipt.id)
        }
        return try meter.end(receipt, json: json).receipt
    }

    mutating func restore(into path: String, operational: Bool) async throws -> JobReceipt {
        let folder = try await DataFolder(path)
        defer { folder.close() }
        var logger = Logger(label: "dipper") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        // The engine makes a table that was dropped.
        let engine = try await folder.engine(
            operational: operational, threads: ProcessInfo.processInfo.activeProcessorCount, logger: logger)
        let meter = LoadMeter(file)
        let source = try SourceFile(file)
        defer { source.close() }
        var request = UploadRequest(table: table)
        request.format = .avro
        request.mode = .overwrite
        request.onError = .fail
        request.fileName = URL(fileURLWithPath: file).lastPathComponent
        let session = try await folder.ingestion.beginUpload(request)
        let accepted: JobReceipt
        do {
            while let data = try source.next() {
                try await session.write(Array(data))
                meter.uploaded(data.count)
            }
            accepted = try await session.finish()
        } catch {
            await session.abort()
            throw error
        }
        meter.uploadEnded()
        try await engine.drain(operational: operational)
        let receipt = try await folder.ingestion.job(id: accepted.id) ?? accepted
        return try meter.end(receipt, json: json).receipt
    }
}
