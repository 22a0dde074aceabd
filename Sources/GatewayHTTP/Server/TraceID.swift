import HTTPTypes

/// The id that ties a request, its log records and its problem together.
enum TraceID {
    // Names are checked byte by byte when they are made: once is enough.
    private static let parentField = HTTPField.Name("traceparent")
    static let requestField = HTTPField.Name("X-Request-Id")

    /// The trace id of a W3C `traceparent` header (`00-<32 hex>-<16 hex>-<2 hex>`), or a random one.
    static func of(_ headers: HTTPFields) -> String {
        if let name = parentField, let parent = headers[name] {
            let parts = parent.split(separator: "-", omittingEmptySubsequences: false)
            if parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff", isHex(parts[1], count: 32),
                isHex(parts[2], count: 16), parts[1].contains(where: { $0 != "0" })
            {
                return String(parts[1])
            }
        }
        return random()
    }

    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return [generator.next(), generator.next()].map { (half: UInt64) in
            let text = String(half, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }.joined()
    }

    /// The client's own `X-Request-Id` if it is short and plain, else the trace id.
    static func requestID(_ headers: HTTPFields, fallback: String) -> String {
        guard let name = requestField, let id = headers[name], (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return fallback }
        return id
    }

    private static func isHex(_ text: Substring, count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { ("0123456789abcdef").utf8.contains($0) }
    }
}
