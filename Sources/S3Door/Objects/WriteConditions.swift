/// What must hold of a key for a write to take place (`If-None-Match: *`, `If-Match`).
struct WriteConditions: Sendable {
    var isAbsent = false
    /// The entity tag that the object must have, without quotes.
    var entityTag: String?

    init() {}

    /// - Throws: ``S3Error`` `NotImplemented`.
    init(_ request: S3Request) throws {
        if let value = request.header("if-none-match") {
            guard value == "*" else { throw S3Error.notImplemented("If-None-Match with an entity tag on a write") }
            isAbsent = true
        }
        if let value = request.header("if-match") { entityTag = EntityTags.bare(value) }
        guard !isAbsent || entityTag == nil else {
            throw S3Error.invalidRequest("If-Match and If-None-Match exclude each other.")
        }
    }
}

enum EntityTags {
    /// Without quotes and the mark of a weak tag.
    static func bare(_ text: some StringProtocol) -> String {
        var bare = text.drop { $0 == " " }
        if bare.hasPrefix("W/") { bare = bare.dropFirst(2) }
        return String(bare.filter { $0 != "\"" && $0 != " " })
    }

    static func contains(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { bare($0) == "*" || bare($0) == tag }
    }
}
