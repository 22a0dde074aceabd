/// One range of an object's bytes (RFC 9110, section 14).
package struct ByteRange: Sendable, Hashable {
    package var start: Int
    package var count: Int

    package init(start: Int, count: Int) {
        self.start = start
        self.count = count
    }

    /// The range that a `Range` header asks for.
    /// - Returns: `nil` where the whole object is to be sent: without a header, for several ranges, and for what is malformed,
    ///   as the specification wants it.
    /// - Throws: ``S3Error`` `InvalidRange` when no byte of the object is in it.
    package static func parse(_ header: String?, byteCount: Int) throws -> ByteRange? {
        guard let header, header.lowercased().hasPrefix("bytes=") else { return nil }
        let text = header.dropFirst(6).filter { $0 != " " }
        guard !text.contains(","), let dash = text.firstIndex(of: "-") else { return nil }
        let first = text[..<dash]
        let last = text[text.index(after: dash)...]
        guard (first + last).utf8.allSatisfy({ (0x30...0x39).contains($0) }), !(first.isEmpty && last.isEmpty) else {
            return nil
        }
        let unsatisfiable = S3Error(
            "InvalidRange", 416, "The requested range is not satisfiable", byteCount: byteCount)
        // Numbers past 64 bits lie behind any object.
        if first.isEmpty {
            let count = min(Int(last) ?? .max, byteCount)
            guard count > 0 else { throw unsatisfiable }
            return ByteRange(start: byteCount - count, count: count)
        }
        let start = Int(first) ?? .max
        let end = last.isEmpty ? .max : Int(last) ?? .max
        guard end >= start else { return nil }
        guard start < byteCount else { throw unsatisfiable }
        return ByteRange(start: start, count: min(end, byteCount - 1) - start + 1)
    }
}
