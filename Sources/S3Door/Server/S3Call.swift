import Access
import HTTPTypes
import Hummingbird
import Logging
import S3Protocol

/// A request whose sender is known.
struct S3Call: Sendable {
    let head: S3Request
    let bucket: String
    let key: String
    let sender: S3Authenticator.Sender
    let rights: KeyRights
    let body: RequestBody
    /// Tells a client that waits for it to send its body.
    let continueBody: @Sendable () -> Void

    /// Reads the whole of a small body.
    func collect(bytesMax: Int) async throws -> [UInt8] {
        continueBody()
        return try await IncomingBody(try BodyPromises(head, sender), byteCountMax: bytesMax).collect(body)
    }

    /// Reads the whole of a body in XML.
    /// - Throws: ``S3Error`` `MalformedXML`.
    func tree(bytesMax: Int) async throws -> XMLTree {
        let bytes = try await collect(bytesMax: bytesMax)
        do {
            return try XMLTree(bytes)
        } catch is S3ProtocolError {
            throw S3Error.malformedXML
        }
    }

    /// - Throws: ``S3Error`` `InvalidArgument`.
    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws -> Int {
        guard let text = head.parameter(name) else {
            guard let fallback else { throw S3Error.invalidArgument("The parameter \(name) is missing.") }
            return fallback
        }
        guard let value = Int(text), range.contains(value) else {
            throw S3Error.invalidArgument(
                "The parameter \(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }
}

extension HTTPFields {
    /// Sets a header whose name is known to be valid.
    mutating func set(_ name: String, _ value: String) {
        if let name = HTTPField.Name(name) { self[name] = value }
    }
}
