package import Access
package import HTTPTypes
package import Hummingbird
package import Logging
import LakeModel
import NIOCore

/// A request with what the gateway found out about it.
package struct GatewayRequest: Sendable {
    /// The request as it came; its body can be read once.
    package let request: Request
    package let limits: GatewayLimits
    /// Names this request in the log and in problems: from the `traceparent` header, or random. 32 hexadecimal digits.
    package let traceID: String
    package var logger: Logger
    /// Who sends it, with their rights.
    package let principal: Principal
    let channel: any Channel
    let parameters: PathParameters

    package var headers: HTTPFields { request.headers }

    /// The decoded text of a path parameter; segments of a `{name*}` are joined by `/`.
    /// - Throws: ``GatewayError`` `path-invalid`.
    package func parameter(_ name: String) throws -> String {
        try parameterSegments(name).joined(separator: "/")
    }

    /// The decoded segments of a path parameter.
    package func parameterSegments(_ name: String) throws -> [String] {
        guard let raw = parameters.segments[name] else { preconditionFailure("the route has no parameter \(name)") }
        return try raw.map { segment in
            guard let text = PercentCoding.decode(segment) else {
                throw GatewayError(
                    code: "path-invalid", message: "the path's part for \(name) is not valid percent-encoded UTF-8",
                    remedy: "encode the bytes of the UTF-8 text as %XX")
            }
            return text
        }
    }

    /// The still encoded text of a path parameter.
    func rawParameter(_ name: String) -> String {
        (parameters.segments[name] ?? []).joined(separator: "/")
    }

    /// The length that the client announced.
    /// - Throws: ``GatewayError`` `header-invalid`.
    func contentLength() throws -> Int? {
        guard let text = headers[.contentLength] else { return nil }
        guard let length = Int(text), length >= 0 else {
            throw GatewayError(code: "header-invalid", message: "Content-Length is no whole number")
        }
        return length
    }

    /// The `Idempotency-Key`, or `nil` without one.
    /// - Throws: ``GatewayError`` `header-invalid`.
    func idempotencyKey() throws -> String? {
        guard let name = HTTPField.Name("Idempotency-Key"), let key = headers[name] else { return nil }
        guard (1...limits.idempotencyKeyBytesMax).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw GatewayError(
                code: "header-invalid",
                message:
                    "Idempotency-Key must be 1 to \(limits.idempotencyKeyBytesMax) visible ASCII characters",
                remedy: "use a UUID for each write")
        }
        return key
    }

    /// Reads the whole body of a path that takes small ones.
    /// - Throws: ``GatewayError`` `body-too-large`, `body-truncated`.
    func collectBody(bytesMax: Int, codeWhenTooLarge: String = "body-too-large") async throws -> [UInt8] {
        let announced = try contentLength()
        let tooLarge = GatewayError(
            code: codeWhenTooLarge, message: "the body is larger than \(bytesMax) bytes",
            remedy: "send less at a time")
        if let announced, announced > bytesMax { throw tooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(announced ?? 0)
        var body = try body()
        while let buffer = try await body.next() {
            guard bytes.count + buffer.readableBytes <= bytesMax else { throw tooLarge }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }

    /// Asks for the body, which can be done once.
    func body() throws -> BodyReader {
        continueBody()
        return BodyReader(request.body.makeAsyncIterator(), announced: try contentLength())
    }

    /// Tells a client that asked with `Expect: 100-continue` to send its body.
    private func continueBody() {
        guard headers[.expect]?.lowercased() == "100-continue" else { return }
        channel.triggerUserOutboundEvent(ContinueEvent(), promise: nil)
    }
}
