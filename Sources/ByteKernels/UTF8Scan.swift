import CByteKernels

/// Validation of UTF-8 (RFC 3629).
package enum UTF8Scan {
    /// The offset of the first byte that starts no well-formed sequence, or `nil` when all bytes are well-formed.
    /// - Complexity: O(number of bytes), 32 at a time where they are ASCII.
    package static func firstInvalid(_ bytes: Span<UInt8>) -> Int? {
        let valid = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            return unsafe utf8_valid_prefix(start, buffer.count)
        }
        return valid == bytes.count ? nil : valid
    }
}
