import S3Protocol

/// The head of a request as it came, taken apart: nothing of it is believed yet.
package struct S3Request: Sendable {
    /// Bytes of the path and query at most: a key of 1,024 bytes, all of them escaped, and a presigned query.
    package static let targetBytesMax = 16 << 10

    package let method: String
    /// The path, decoded.
    package let path: [UInt8]
    /// Names and values of the query, decoded, in their order.
    package let query: [(name: [UInt8], value: [UInt8])]
    /// Names in lower case; `host` among them.
    package let headers: [(name: String, value: String)]

    /// - Parameter target: path and query as the request line has them.
    /// - Throws: ``S3Error`` `InvalidURI`, `KeyTooLongError`.
    package init(method: String, target: String, headers: [(name: String, value: String)]) throws {
        guard target.utf8.count <= Self.targetBytesMax else {
            throw S3Error("KeyTooLongError", 400, "Your path and query are too long.")
        }
        let invalid = S3Error("InvalidURI", 400, "Couldn't parse the specified URI.")
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, first.hasPrefix("/"), let path = URICoding.decode(first) else { throw invalid }
        self.method = method
        self.path = path
        self.headers = headers.map { ($0.name.lowercased(), $0.value) }
        query = try (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair in
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = URICoding.decode(halves[0], plusIsSpace: true),
                let value = URICoding.decode(halves.count > 1 ? halves[1] : "", plusIsSpace: true)
            else { throw invalid }
            return (name, value)
        }
    }

    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// A parameter of the query; empty when it stands without a value.
    package func parameter(_ name: String) -> String? {
        query.first { $0.name.elementsEqual(name.utf8) }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    package func has(_ name: String) -> Bool { parameter(name) != nil }

    /// Bucket and key of a path in path style: `nil` and empty where the path ends before.
    /// - Throws: ``S3Error`` `InvalidURI` for bytes that are no UTF-8.
    package func resource() throws -> (bucket: String?, key: String) {
        guard let text = String(validating: path, as: UTF8.self), !path.contains(0) else {
            throw S3Error("InvalidURI", 400, "The path is not UTF-8.")
        }
        let bare = text.utf8.dropFirst()
        guard !bare.isEmpty else { return (nil, "") }
        let end = bare.firstIndex(of: UInt8(ascii: "/")) ?? bare.endIndex
        let bucket = String(text[bare.startIndex..<end])
        let key = end == bare.endIndex ? "" : String(text[bare.index(after: end)...])
        return (bucket, key)
    }
}
