import CByteKernels

/// The cyclic redundancy check of zlib, gzip, PNG and Parquet pages (ISO 3309).
package enum CRC32 {
    /// - Parameter seed: the checksum of the bytes before these, 0 at the start.
    /// - Complexity: O(n), some 10 GB/s with carry-less multiplication.
    package static func checksum(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return seed }
            return unsafe dipper_crc32(seed, base.assumingMemoryBound(to: UInt8.self), raw.count)
        }
    }

    /// The checksum by table, which every processor has.
    package static func portableChecksum(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return seed }
            return unsafe dipper_crc32_portable(seed, base.assumingMemoryBound(to: UInt8.self), raw.count)
        }
    }
}
