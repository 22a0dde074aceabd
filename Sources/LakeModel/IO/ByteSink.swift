/// Where a format writer puts its bytes, one piece behind the other.
///
/// Implementations buffer as they like; durability is the business of whoever opened the sink.
package protocol ByteSink: ~Copyable {
    /// Appends `bytes`.
    /// - Throws: the storage's error; afterwards the sink is not to be used.
    mutating func write(_ bytes: RawSpan) throws
}

/// A file or object read at any offset.
package protocol RandomAccessSource: Sendable {
    /// Size in bytes, fixed while the source is open.
    var byteCount: Int { get }
    /// Reads exactly `count` bytes from `offset`.
    /// - Throws: the storage's error, or one that says how many bytes were there when the range passes the end.
    func read(offset: Int, count: Int) throws -> [UInt8]
    /// Fills `target` with the bytes from `offset` on, for readers that have memory of their own.
    /// - Throws: as ``read(offset:count:)``; `target` may be written in part then.
    func read(offset: Int, into target: UnsafeMutableRawBufferPointer) throws
}

extension RandomAccessSource {
    package func read(offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        let bytes = try read(offset: offset, count: target.count)
        unsafe target.copyBytes(from: bytes)
    }
}

/// A source that lies in memory.
package struct MemorySource: RandomAccessSource {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var byteCount: Int { bytes.count }

    package func read(offset: Int, count: Int) throws -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= bytes.count - count else {
            throw ShortReadError(offset: offset, count: count, byteCount: bytes.count)
        }
        return Array(bytes[offset..<offset + count])
    }
}

/// A range that passes the end of its source.
package struct ShortReadError: LakeError {
    package let offset: Int
    package let count: Int
    package let byteCount: Int

    package init(offset: Int, count: Int, byteCount: Int) {
        self.offset = offset
        self.count = count
        self.byteCount = byteCount
    }

    package var code: String { "short-read" }
    package var message: String { "\(count) bytes were asked for where the source has \(byteCount) in all" }
    package var place: Place? { Place(byteOffset: offset) }
    package var remedy: String? { "the file is truncated or its metadata names a wrong size; restore it from a copy" }
}
