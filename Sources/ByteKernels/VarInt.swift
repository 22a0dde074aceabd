/// Why a variable-length integer could not be read.
package enum VarIntError: Error, Sendable, Hashable {
    /// The bytes end inside the number.
    case truncated
    /// The number has more than 64 bits.
    case overflow
}

/// Integers in groups of seven bits, least significant first, as in LEB128, Thrift, Avro and Parquet.
package enum VarInt {
    /// The most bytes that a 64-bit number takes.
    package static let byteCountMax = 10

    /// Maps small numbers of either sign to small unsigned ones: 0, -1, 1, -2 become 0, 1, 2, 3.
    @inlinable package static func zigZag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    /// The inverse of ``zigZag(_:)``.
    @inlinable package static func unZigZag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }

    /// The bytes that ``append(_:to:)`` writes for `value`: 1...10.
    @inlinable package static func byteCount(_ value: UInt64) -> Int {
        (64 - (value | 1).leadingZeroBitCount + 6) / 7
    }

    /// Appends `value`, unsigned.
    @inlinable package static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends `value` in zigzag form.
    @inlinable package static func appendZigZag(_ value: Int64, to bytes: inout [UInt8]) {
        append(zigZag(value), to: &bytes)
    }

    /// Reads an unsigned number at `position` and moves `position` behind it.
    /// - Throws: ``VarIntError``; `position` stays where it was.
    @inlinable package static func decode(_ bytes: RawSpan, at position: inout Int) throws(VarIntError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = position
        while true {
            guard index >= 0, index < bytes.byteCount else { throw .truncated }
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            index += 1
            if shift == 63 && byte > 1 { throw .overflow }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        position = index
        return value
    }

    /// Reads a zigzag number at `position` and moves `position` behind it.
    /// - Throws: ``VarIntError``; `position` stays where it was.
    @inlinable package static func decodeZigZag(_ bytes: RawSpan, at position: inout Int) throws(VarIntError) -> Int64 {
        unZigZag(try decode(bytes, at: &position))
    }
}
