import HTTPTypes
import Hummingbird
import Ingestion
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Responses in the forms that most routes use.
enum Answers {
    static let json = "application/json"

    static func bytes(
        _ bytes: [UInt8], contentType: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = contentType
        if !headers.contains(.cacheControl) { headers[.cacheControl] = "no-store" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        bytes(value.bytes, contentType: json, status: status, headers: headers)
    }

    static func receipt(_ receipt: JobReceipt, status: HTTPResponse.Status) throws -> Response {
        var headers: HTTPFields = [.location: JobRoutes.path(receipt.id)]
        if receipt.isReplay, let replayed { headers[replayed] = "true" }
        return bytes(try receiptJSON(receipt), contentType: json, status: status, headers: headers)
    }

    /// Tells that a repeated request got the first answer again.
    static let replayed = HTTPField.Name("Idempotency-Replayed")

    /// The receipt's own JSON form.
    static func receiptJSON(_ receipt: JobReceipt) throws -> [UInt8] {
        if let bytes = ReceiptJSON.bytes(receipt) { return bytes }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(receipt))
    }
}
