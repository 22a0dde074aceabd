import HTTPTypes

/// A page of an answer as it is kept: what it is known by, its size, header fields a line each, an empty line, its encoded
/// body.
struct CachedAnswer: Sendable, Hashable {
    /// Header fields that are read; more are not an answer of ours.
    private static let fieldsMax = 16

    var tag: String
    /// Rows of all pages.
    var total: Int
    /// What the answer says of itself in its headers. Values hold no line ends.
    var fields: [Field]
    var body: [UInt8]

    struct Field: Sendable, Hashable {
        var name: String
        var value: String
    }

    init(tag: String, total: Int, fields: [Field], body: [UInt8]) {
        self.tag = tag
        self.total = total
        self.fields = fields
        self.body = body
    }

    var bytes: [UInt8] {
        let head = "\(tag)\n\(total)\n" + fields.map { "\($0.name): \($0.value)\n" }.joined() + "\n"
        return Array(head.utf8) + body
    }

    /// `nil` for bytes of another form.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        func line() -> String? {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { rest = rest[(end + 1)...] }
            return String(validating: rest[..<end], as: UTF8.self)
        }
        guard let tag = line(), let total = line().flatMap({ Int($0) }) else { return nil }
        self.tag = tag
        self.total = total
        fields = []
        while let text = line() {
            if text.isEmpty {
                body = Array(rest)
                return
            }
            guard let colon = text.firstRange(of: ": "), fields.count < Self.fieldsMax else { return nil }
            fields.append(Field(name: String(text[..<colon.lowerBound]), value: String(text[colon.upperBound...])))
        }
        return nil
    }

    /// The headers of an answer that may be kept by whoever asked, as long as they ask whether it still holds.
    /// - Parameter isHit: whether nothing was computed; `nil`: the answer is not sent at all.
    static func headers(_ etag: String, _ fields: [Field], isHit: Bool?) -> HTTPFields {
        var headers: HTTPFields = [.eTag: etag, .vary: "Accept", .cacheControl: "private, no-cache"]
        for field in fields {
            if let name = HTTPField.Name(field.name) { headers[name] = field.value }
        }
        if let isHit, let name = HTTPField.Name("X-Cache") { headers[name] = isHit ? "hit" : "miss" }
        return headers
    }
}
