internal import ByteKernels

/// A value as it lies in a cache that others can write to: a mark, a digest of key and value, the value.
enum CacheFrame {
    private static let mark = Array("dipper1\n".utf8)

    static func framed(_ value: [UInt8], _ key: CacheKey) -> [UInt8] { mark + digest(value, key) + value }

    /// `nil` for anything but ``framed(_:_:)`` of this key.
    static func value(_ bytes: [UInt8], _ key: CacheKey) -> [UInt8]? {
        let head = mark.count + SHA256Stream.digestByteCount
        guard bytes.count >= head, bytes.starts(with: mark) else { return nil }
        let value = Array(bytes[head...])
        return bytes[mark.count..<head].elementsEqual(digest(value, key)) ? value : nil
    }

    private static func digest(_ value: [UInt8], _ key: CacheKey) -> [UInt8] {
        var stream = SHA256Stream()
        stream.update(Array(key.description.utf8))
        stream.update(value)
        return stream.finish()
    }
}
