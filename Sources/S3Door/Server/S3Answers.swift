import HTTPTypes
import Hummingbird
import NIOCore
import S3Protocol

/// Answers in the forms that most operations use.
enum S3Answers {
    static let xml = "application/xml"

    static func xml(_ writer: XMLWriter, status: Int = 200, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = xml
        return Response(
            status: .init(code: status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes)))
    }

    static func empty(_ status: Int, headers: HTTPFields = [:]) -> Response {
        Response(status: .init(code: status), headers: headers)
    }

    static func failure(_ error: S3Error, resource: String, requestID: String, limits: S3DoorLimits) -> Response {
        var writer = XMLWriter()
        writer.element("Error") { writer in
            writer.text("Code", error.name)
            writer.text("Message", error.message)
            writer.text("Resource", resource)
            writer.text("RequestId", requestID)
        }
        var headers: HTTPFields = [:]
        if error.status == 503 { headers[.retryAfter] = String(limits.retryAfterSeconds) }
        if let byteCount = error.byteCount { headers[.contentRange] = "bytes */\(byteCount)" }
        return xml(writer, status: error.status, headers: headers)
    }
}
