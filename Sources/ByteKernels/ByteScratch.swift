/// A growable byte buffer that one owner reuses: appended bytes are not zeroed first, emptying keeps the memory.
///
/// Behind the last byte ``slackByteCount`` more are always readable and writable, so that hot loops may move whole words.
@safe package struct ByteScratch: ~Copyable, @unchecked Sendable {
    // Sendable: the memory has one owner and moves with it.

    /// Bytes behind ``count`` that may be read (their content means nothing) and written (they are not kept).
    package static let slackByteCount = 32

    /// The start of the memory. Valid until the next call that grows the buffer.
    @unsafe package private(set) var base: UnsafeMutableRawPointer
    /// Bytes in use.
    package private(set) var count: Int
    private var capacity: Int

    package init(capacity: Int = 4096) {
        precondition(capacity >= 0)
        unsafe base = .allocate(byteCount: capacity + Self.slackByteCount, alignment: 16)
        count = 0
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    /// Makes room for `extra` more bytes behind ``count``.
    package mutating func reserve(_ extra: Int) {
        precondition(extra >= 0)
        if capacity - count >= extra { return }
        let grown = max(count + extra, capacity + capacity / 2)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: grown + Self.slackByteCount, alignment: 16)
        unsafe memory.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe base = memory
        capacity = grown
    }

    /// Empties the buffer and keeps its memory.
    package mutating func removeAll() { count = 0 }

    /// Cuts the buffer to its first `count` bytes.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count)
        self.count = count
    }

    /// Takes `added` bytes into use that were written at `base + count` after ``reserve(_:)``.
    package mutating func advance(_ added: Int) {
        precondition(added >= 0 && added <= capacity - count)
        count += added
    }

    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    package mutating func append(littleEndian value: UInt32) {
        reserve(4)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt32.self)
        count += 4
    }

    package mutating func append(_ bytes: RawSpan) {
        reserve(bytes.byteCount)
        unsafe bytes.withUnsafeBytes { raw in
            if let source = raw.baseAddress {
                unsafe (base + count).copyMemory(from: source, byteCount: raw.count)
            }
        }
        count += bytes.byteCount
    }

    package mutating func append(_ bytes: [UInt8]) { unsafe append(bytes.span.bytes) }

    /// Appends an unsigned variable-length integer.
    package mutating func append(varInt value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Overwrites four bytes at `offset`, which are in use.
    package mutating func set(littleEndian value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset <= count - 4)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Calls `body` with the bytes in use.
    package borrowing func withBytes<Failure: Error, Result>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe RawSpan(_unsafeStart: base, byteCount: count))
    }

    /// A copy of `range`.
    package borrowing func array(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// A copy of all bytes in use.
    package borrowing func array() -> [UInt8] { array(0..<count) }
}
