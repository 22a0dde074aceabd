import Access
import HTTPTypes
import TrinoSQL

/// What a request tells of the client's session in its headers.
///
/// Source: Trino documentation, "Client REST API", "Client request headers".
struct TrinoSession: Sendable {
    var user: String
    var catalog: String?
    var schema: String?
    var source: String?
    var properties: [String: String] = [:]
    /// Name to text.
    var prepared: [String: String] = [:]
    var transactionID: String?
    /// Whether the client knows times of any precision.
    var isParametric = false

    /// - Throws: ``GatewayError`` `header-invalid`.
    init(_ request: GatewayRequest) throws {
        func value(_ name: String) -> String? {
            HTTPField.Name("X-Trino-\(name)").flatMap { request.headers[$0] }.flatMap { $0.isEmpty ? nil : $0 }
        }
        func list(_ name: String) -> [Substring] {
            guard let field = HTTPField.Name("X-Trino-\(name)") else { return [] }
            return request.headers[values: field].flatMap { $0.split(separator: ",") }
        }
        // Who the sender is was found out already; the header names those whom nobody asks.
        user = request.principal.name ?? value("User") ?? "anonymous"
        catalog = value("Catalog")
        schema = value("Schema")
        source = value("Source")
        let transaction = value("Transaction-Id")
        transactionID = transaction == "NONE" ? nil : transaction
        isParametric = list("Client-Capabilities").contains { $0.filter { $0 != " " } == "PARAMETRIC_DATETIME" }
        for pair in list("Session") {
            let (name, text) = try Self.assignment(pair)
            properties[name] = text
        }
        for pair in list("Prepared-Statement") {
            let (name, text) = try Self.assignment(pair)
            prepared[name] = text
        }
        guard prepared.count <= TrinoLimits.preparedMax else {
            throw GatewayError(
                code: "header-invalid",
                message: "there are more than \(TrinoLimits.preparedMax) prepared statements in the headers",
                remedy: "deallocate some")
        }
    }

    private static func assignment(_ text: Substring) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = PercentCoding.decode(trimmed(parts[0]), plusIsSpace: true),
            let value = PercentCoding.decode(trimmed(parts[1]), plusIsSpace: true), !name.isEmpty
        else {
            throw GatewayError(
                code: "header-invalid", message: "a header X-Trino-… holds no name=value pairs",
                remedy: "send name=value, both URL-encoded, with commas between them")
        }
        return (name, value)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text = text.dropLast() }
        return text
    }

    var context: TranslationContext { TranslationContext(catalog: catalog, schema: schema, user: user) }
}

/// What the Trino protocol may take of the server at most.
enum TrinoLimits {
    /// Bytes of a statement.
    static let statementBytesMax = 1 << 20
    /// Prepared statements that a client sends along.
    static let preparedMax = 100
    /// Queries that are kept, those under way and those whose results are being fetched.
    static let queriesMax = 512
    /// Bytes of all results that wait to be fetched.
    static let resultBytesMax = 256 << 20
    /// A query that nobody asked for this long is given up, and its result thrown away.
    static let idleSecondsMax: Int64 = 300
    /// Rows of a result.
    static let rowsMax = 1_000_000
    /// Bytes of a page after which the next one begins.
    static let pageBytes = 1 << 20
    /// How long a request waits for news of its query.
    static let waitMillisecondsMax = 1_000
    /// Tables that one statement may name.
    static let tablesMax = 200
    /// Tables that metadata queries list.
    static let listedTablesMax = 10_000
}
