import Access
import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `GET /api/v2/rejects/{table}`: a page as JSON, or all of them as CSV to fix and upload again.
struct RejectRoutes {
    enum Form: String, CaseIterable { case json, csv }

    /// Bytes of CSV gathered before they are sent.
    private static let pieceBytes = 64 << 10

    let rejects: any RejectBrowsing
    let limits: GatewayLimits

    var routes: [Route] {
        [
            Route(
                .get, "/api/v2/rejects/{table}", access: .quarantine(.read), documentation: .rejects(limits),
                handler: browse)
        ]
    }

    @Sendable private func browse(_ request: GatewayRequest) async throws -> Response {
        let options = try QueryOptions(
            request.request, known: Paging.options + ["format", "job", "code", "file", "replayed", "escapeFormulas"])
        let paging = try Paging(
            options, sizeDefault: limits.pageSizeDefault, sizeMax: limits.pageSizeMax, limits: limits)
        let filter = RejectFilter(
            jobID: options["job"], code: options["code"], fileSHA256: options["file"],
            isReplayed: try options.boolean("replayed"))
        let escapes = try options.boolean("escapeFormulas") ?? true
        let table = try request.parameter("table")
        let asked = try options.choice("format", Form.self)
        let form = try asked ?? (request.negotiate([Answers.json, CSVText.contentType]) == Answers.json ? .json : .csv)
        switch form {
        case .csv: return try await download(table, filter, escapesFormulas: escapes)
        case .json: return try await page(table, filter, paging, request)
        }
    }

    private func page(
        _ table: String, _ filter: RejectFilter, _ paging: Paging, _ request: GatewayRequest
    ) async throws -> Response {
        guard let found = try await rejects.rejects(of: table, filter: filter, page: paging.page, size: paging.size)
        else { throw TableRoutes.unknownTable(table) }
        var headers = paging.headers(total: found.total, request: request.request)
        headers[.vary] = "Accept"
        return Answers.json(.array(found.items.map(Self.json)), headers: headers)
    }

    private func download(_ table: String, _ filter: RejectFilter, escapesFormulas: Bool) async throws -> Response {
        guard let stream = try await rejects.rejectStream(of: table, filter: filter) else {
            throw TableRoutes.unknownTable(table)
        }
        let writer = RejectCSV(header: stream.header, text: CSVText(escapesFormulas: escapesFormulas))
        let body = ResponseBody { output in
            var bytes: [UInt8] = []
            writer.appendHeader(to: &bytes)
            while let records = try await stream.next() {
                for record in records { writer.append(record, to: &bytes) }
                if bytes.count >= Self.pieceBytes {
                    try await output.write(ByteBuffer(bytes: bytes))
                    bytes.removeAll(keepingCapacity: true)
                }
            }
            if !bytes.isEmpty { try await output.write(ByteBuffer(bytes: bytes)) }
            try await output.finish(nil)
        }
        let name = table.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" }
        return Response(
            status: .ok,
            headers: [
                .contentType: CSVText.fullContentType, .cacheControl: "no-store", .vary: "Accept",
                .contentDisposition: "attachment; filename=\"\(String(name))-rejects.csv\"",
            ], body: body)
    }

    private static func json(_ record: RejectRecord) -> JSONValue {
        .object([
            "fileSha256": .string(record.fileSHA256), "line": .integer(record.line),
            "byteOffset": .integer(record.byteOffset), "column": .string(record.column), "code": .string(record.code),
            "message": .string(record.message), "raw": .string(String(decoding: record.raw, as: UTF8.self)),
            "rawBase64": .string(Data(record.raw).base64EncodedString()),
            "rawTruncated": .boolean(record.isRawTruncated), "jobId": .string(record.jobID),
            "rejectedAt": .time(record.rejectedMicroseconds), "replayedBy": .string(record.replayedBy),
        ])
    }
}
