/// Reads values in Avro's binary encoding from a range of bytes.
///
/// Every method throws ``AvroError`` `avro-malformed`, with the offset of the byte where it went wrong, and leaves the
/// cursor unusable then.
package struct AvroCursor: Sendable {
    @usableFromInline let bytes: [UInt8]
    @usableFromInline let end: Int
    package private(set) var limits: AvroLimits
    /// Index into `bytes`.
    @usableFromInline var position: Int
    /// What to add to `position` for the offset in the file; with a compressed block `nil`, and errors name the block.
    let blockOffset: Int?
    /// Values without bytes that may still be read.
    var emptyItemsLeft: Int

    /// - Parameter blockOffset: where the block starts in its file when `bytes` is a decompressed copy of it.
    package init(_ bytes: [UInt8], range: Range<Int>? = nil, blockOffset: Int? = nil, limits: AvroLimits = AvroLimits())
    {
        let range = range ?? 0..<bytes.count
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        self.position = range.lowerBound
        self.end = range.upperBound
        self.blockOffset = blockOffset
        self.limits = limits
        self.emptyItemsLeft = limits.emptyItemsMax
    }

    package var offset: Int { position }

    @inlinable package var isAtEnd: Bool { position == end }

    @inlinable package var remaining: Int { end - position }

    @usableFromInline func malformed(_ message: String) -> AvroError {
        if let blockOffset {
            return AvroError(
                .malformed, "\(message), \(position) bytes into the decompressed block", byteOffset: blockOffset)
        }
        return AvroError(.malformed, message, byteOffset: position)
    }

    /// Reads a `long` (or `int`).
    @inlinable package mutating func readLong() throws -> Int64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                if shift == 63, byte > 1 { break }
                return Int64(bitPattern: result >> 1) ^ -Int64(bitPattern: result & 1)
            }
            shift += 7
            if shift > 63 { break }
        }
        throw malformed("an integer that does not end within 64 bits or the block")
    }

    /// Reads an `int`.
    @inlinable package mutating func readInt() throws -> Int32 {
        let value = try readLong()
        guard let narrow = Int32(exactly: value) else { throw malformed("\(value) where an int is due") }
        return narrow
    }

    /// Reads a `boolean`, which must be 0 or 1.
    @inlinable package mutating func readBoolean() throws -> Bool {
        guard position < end, bytes[position] <= 1 else { throw malformed("no boolean where one is due") }
        position += 1
        return bytes[position - 1] == 1
    }

    package mutating func readFloat() throws -> Float {
        let range = try take(4)
        return Float(bitPattern: range.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) })
    }

    package mutating func readDouble() throws -> Double {
        let range = try take(8)
        return Double(bitPattern: range.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) })
    }

    /// The range of the next `count` bytes, which are passed.
    @inlinable package mutating func take(_ count: Int) throws -> Range<Int> {
        guard count >= 0, count <= end - position else {
            throw malformed("\(count) bytes are due where \(end - position) are left")
        }
        position += count
        return position - count..<position
    }

    /// The range of a `bytes` or `string` value.
    @inlinable package mutating func takeSized() throws -> Range<Int> {
        let count = try readLong()
        guard count >= 0, count <= Int64(limits.valueBytesMax) else {
            throw malformed("a value of \(count) bytes (valueBytesMax is \(limits.valueBytesMax))")
        }
        return try take(Int(count))
    }

    @inlinable package mutating func readBytes() throws -> [UInt8] { Array(bytes[try takeSized()]) }

    @inlinable package mutating func readFixed(_ count: Int) throws -> [UInt8] { Array(bytes[try take(count)]) }

    /// Reads a `string`, which must be UTF-8.
    @inlinable package mutating func readString() throws -> String {
        let range = try takeSized()
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw malformed("a string that is not UTF-8")
        }
        return text
    }

    /// Reads the branch of a union of `count` branches.
    @inlinable package mutating func readBranch(of count: Int) throws -> Int {
        let index = try readLong()
        guard index >= 0, index < Int64(count) else { throw malformed("branch \(index) of a union of \(count)") }
        return Int(index)
    }

    /// Reads the head of an array or map block: how many items follow, 0 at the end of the array or map.
    @inlinable package mutating func readBlockCount() throws -> Int {
        let count = try readLong()
        if count >= 0 {
            guard count <= Int64(Int32.max) else { throw malformed("a block of \(count) items") }
            return Int(count)
        }
        let byteCount = try readLong()
        guard count >= -Int64(Int32.max), byteCount >= 0, byteCount <= Int64(end - position) else {
            throw malformed("a block of \(count) items in \(byteCount) bytes")
        }
        return Int(-count)
    }

    /// Counts a value that took no bytes, of which only so many are believed.
    mutating func countEmptyItem() throws {
        emptyItemsLeft -= 1
        if emptyItemsLeft < 0 {
            throw AvroError(.limitExceeded, "more than emptyItemsMax (\(limits.emptyItemsMax)) values without bytes")
        }
    }
}
