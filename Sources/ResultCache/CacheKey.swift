internal import ByteKernels

/// Names a value by everything that it was computed from.
package struct CacheKey: Sendable, Hashable, CustomStringConvertible {
    /// Lower-case hexadecimal digits.
    package let description: String

    /// - Parameter parts: in this order; no two lists of parts have the same key.
    package init(_ parts: [String]) {
        var bytes: [UInt8] = []
        for part in parts {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            withBytes(of: UInt64(part.utf8.count)) { bytes.append($0) }
            bytes.append(contentsOf: part.utf8)
        }
        var digest = SHA256Stream()
        digest.update(bytes)
        description = SHA256Stream.hex(digest.finish())
    }
}

/// The bytes of a number, the lowest first.
func withBytes(of number: UInt64, _ body: (UInt8) -> Void) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) { body(UInt8(truncatingIfNeeded: number >> shift)) }
}
