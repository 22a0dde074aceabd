internal import CZlib

/// Values of zlib's interface that it names in prose only, and the lives of inflaters and deflaters.
enum Zlib {
    /// Added to the window bits: gzip's header and trailer instead of zlib's.
    static let gzipContainer: Int32 = 16
    /// Added to the window bits when reading: gzip's or zlib's header, whichever is there.
    static let detectContainer: Int32 = 32
    /// zlib's default.
    static let memoryLevel: Int32 = 8

    /// A new inflater. It lies on the heap because zlib keeps its address.
    static func makeInflater() throws -> UnsafeMutablePointer<z_stream> {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe inflateInit2_(
            stream, MAX_WBITS + detectContainer, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            unsafe stream.deallocate()
            throw CompressionError.library("gzip", "inflateInit2 returned \(status)")
        }
        return unsafe stream
    }

    /// A new deflater, on the heap for the same reason.
    /// - Parameter windowBits: negative for blocks without a container.
    static func makeDeflater(level: Int, windowBits: Int32) throws -> UnsafeMutablePointer<z_stream> {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe deflateInit2_(
            stream, Int32(level), Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            unsafe stream.deallocate()
            throw CompressionError.library("gzip", "deflateInit2 returned \(status) for level \(level)")
        }
        return unsafe stream
    }

    static func free(inflater: UnsafeMutablePointer<z_stream>) {
        unsafe inflateEnd(inflater)
        unsafe inflater.deallocate()
    }
}
