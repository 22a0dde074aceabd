internal import CZlib

/// A part of a gzip file that was compressed by itself: it ends at a byte and looks back at nothing, so it goes behind
/// any other part. A file of which most stays the same is written anew without compressing that again.
package struct GzipPiece: Sendable {
    /// Deflate blocks, none of them the last one (RFC 1951).
    package let bytes: [UInt8]
    package let unpackedByteCount: Int
    fileprivate let checksum: UInt

    /// Compresses the parts of a file, one after the other.
    @safe package struct Writer: ~Copyable {
        // Safe: the deflater has one owner, which frees it.
        private let deflater: UnsafeMutablePointer<z_stream>

        /// - Throws: ``CompressionError`` when zlib has no memory or no such level.
        package init(level: Int = 1) throws {
            unsafe deflater = try unsafe Zlib.makeDeflater(level: level, windowBits: -MAX_WBITS)
        }

        deinit {
            unsafe deflateEnd(deflater)
            unsafe deflater.deallocate()
        }

        /// - Parameter bytes: at most ``byteCountMax``.
        /// - Throws: ``CompressionError``.
        package mutating func piece(_ bytes: RawSpan) throws -> GzipPiece {
            precondition(bytes.byteCount <= GzipPiece.byteCountMax)
            unsafe deflateReset(deflater)
            // deflateBound is for one block; the flush adds an empty one.
            let room = Int(unsafe deflateBound(deflater, UInt(bytes.byteCount))) + GzipPiece.flushByteCountMax
            var status = Z_OK
            let packed = unsafe [UInt8](unsafeUninitializedCapacity: room) { output, count in
                unsafe bytes.withUnsafeBytes { source in
                    // An empty source may have no address.
                    unsafe deflater.pointee.next_in = UnsafeMutablePointer(
                        mutating: source.assumingMemoryBound(to: UInt8.self).baseAddress)
                    unsafe deflater.pointee.avail_in = UInt32(source.count)
                    unsafe deflater.pointee.next_out = output.baseAddress
                    unsafe deflater.pointee.avail_out = UInt32(room)
                    status = unsafe deflate(deflater, Z_FULL_FLUSH)
                }
                count = unsafe room - Int(deflater.pointee.avail_out)
            }
            guard status == Z_OK, unsafe deflater.pointee.avail_in == 0, packed.count < room else {
                throw CompressionError.library("gzip", "deflate returned \(status)")
            }
            let checksum = unsafe bytes.withUnsafeBytes { source in
                unsafe crc32(
                    0, source.assumingMemoryBound(to: UInt8.self).baseAddress, UInt32(source.count))
            }
            return GzipPiece(bytes: packed, unpackedByteCount: bytes.byteCount, checksum: bytes.isEmpty ? 0 : checksum)
        }
    }

    /// Bytes of one piece: zlib counts in 32 bits.
    package static let byteCountMax = 1 << 30
    private static let flushByteCountMax = 16

    /// A gzip file of one member with the contents of `pieces`, one behind the other (RFC 1952).
    ///
    /// One member, because readers are known that stop behind the first one when their stream cannot tell what is to come.
    /// - Complexity: O(compressed bytes), and O(log n) a piece for the checksum.
    package static func file(_ pieces: [GzipPiece]) -> [UInt8] {
        var checksum: UInt = 0
        var byteCount = 0
        var file: [UInt8] = []
        file.reserveCapacity(pieces.reduce(header.count + trailerByteCount) { $0 + $1.bytes.count })
        file += header
        for piece in pieces {
            file += piece.bytes
            checksum = crc32_combine(checksum, piece.checksum, piece.unpackedByteCount)
            byteCount += piece.unpackedByteCount
        }
        file += lastBlock
        for shift in stride(from: 0, to: 32, by: 8) { file.append(UInt8(truncatingIfNeeded: checksum >> UInt(shift))) }
        for shift in stride(from: 0, to: 32, by: 8) { file.append(UInt8(truncatingIfNeeded: byteCount >> shift)) }
        return file
    }

    /// Magic, deflate, no flags, no time, no hint of the level, unknown system.
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
    /// The last block, empty, in the fixed code.
    private static let lastBlock: [UInt8] = [0x03, 0x00]
    private static let trailerByteCount = lastBlock.count + 8
}
