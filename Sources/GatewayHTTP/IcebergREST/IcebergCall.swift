import ByteKernels
import CatalogService
import HTTPTypes
import Hummingbird

/// A request to the catalog with its body read.
struct IcebergCall: Sendable {
    let request: GatewayRequest
    let bytes: [UInt8]
    /// What parts the levels of a namespace in paths and options, besides U+001F.
    let separator: Character

    // MARK: Path

    /// A path parameter. Java's clients encode a space as `+`, and everyone a plus sign as `%2B`.
    func parameter(_ name: String) throws -> String {
        guard let raw = request.parameters.segments[name], raw.count == 1,
            let text = PercentCoding.decode(raw[0], plusIsSpace: true)
        else {
            throw GatewayError(
                code: "path-invalid", message: "the path's part for \(name) is not valid percent-encoded UTF-8",
                remedy: "encode the bytes of the UTF-8 text as %XX")
        }
        return text
    }

    func levels(_ text: String) -> [String] {
        text.split(omittingEmptySubsequences: false) { $0 == NamespaceName.separator || $0 == separator }
            .map(String.init)
    }

    var namespace: String {
        get throws { try LakehouseCatalog.namespaceName(levels(try parameter("namespace"))) }
    }

    func identifier(_ name: String) throws -> TableIdentifier {
        TableIdentifier(namespace: try namespace, name: try parameter(name))
    }

    // MARK: Query

    /// An option of the query string. Options that the catalog doesn't know are left alone: clients may send them.
    func option(_ name: String) throws -> String? {
        for pair in (request.request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard PercentCoding.decode(parts[0], plusIsSpace: true) == name else { continue }
            guard let value = PercentCoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true) else {
                throw GatewayError(
                    code: "option-invalid", message: "the option \(name) is not valid percent-encoded UTF-8")
            }
            return value
        }
        return nil
    }

    /// Where a page begins and how long it is; without either option all that there is.
    func page() throws -> (after: String?, limit: Int) {
        let token = try option("pageToken")
        let size = try option("pageSize").map { text in
            guard let size = Int(text), size >= 1 else {
                throw GatewayError(code: "option-invalid", message: "Invalid pageSize: \(text.prefix(32))")
            }
            return size
        }
        let isPaged = token != nil || size != nil
        let limit = isPaged ? min(size ?? IcebergLimits.pageSizeDefault, IcebergLimits.pageSizeMax) : Int.max - 1
        return (token.flatMap { $0.isEmpty ? nil : $0 }, limit)
    }

    // MARK: Body

    func body() throws -> IcebergBody { try IcebergBody(bytes) }

    /// What names this request for its idempotency key.
    func ticket() throws -> IdempotencyTicket? {
        guard let key = try request.idempotencyKey() else { return nil }
        var hash = SHA256Stream()
        hash.update(Array("\(request.request.method.rawValue) \(request.request.uri.string)\n".utf8))
        hash.update(bytes)
        return IdempotencyTicket(key: key, digest: SHA256Stream.hex(hash.finish()))
    }
}

/// Limits of the catalog's routes.
enum IcebergLimits {
    /// Bytes of a request's body: a commit with a large schema, or the report of a large scan.
    static let bodyBytesMax = 32 << 20
    static let pageSizeDefault = 1_000
    static let pageSizeMax = 10_000
}
