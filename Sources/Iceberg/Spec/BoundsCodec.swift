package import LakeModel

/// The binary form of single values in column bounds and partition summaries.
///
/// Source: Iceberg specification, Appendix D, "Binary single-value serialization".
package enum BoundsCodec {
    /// The bytes of `value`, a value of `type`.
    /// - Precondition: the case of `value` is the physical form of `type`.
    package static func encode(_ value: Datum, _ type: PrimitiveType) -> [UInt8] {
        switch value {
        case .boolean(let value): return [value ? 1 : 0]
        case .int(let value): return littleEndian(UInt64(UInt32(bitPattern: value)), count: 4)
        case .long(let value): return littleEndian(UInt64(bitPattern: value), count: 8)
        case .float(let value): return littleEndian(UInt64(value.bitPattern), count: 4)
        case .double(let value): return littleEndian(value.bitPattern, count: 8)
        case .decimal(let value): return shortestBigEndian(value)
        case .string(let value): return Array(value.utf8)
        case .bytes(let value): return value
        }
    }

    /// The value that `bytes` stand for; `nil` when they are none of `type`.
    ///
    /// An `int` bound of a column that became `long`, a `float` one of a `double`, and a shorter decimal are read too.
    package static func decode(_ bytes: [UInt8], _ type: PrimitiveType) -> Datum? {
        switch type {
        case .boolean: return bytes.count == 1 ? .boolean(bytes[0] != 0) : nil
        case .int, .date: return bytes.count == 4 ? .int(Int32(truncatingIfNeeded: unsigned(bytes))) : nil
        case .long, .time, .timestamp, .timestamptz:
            if bytes.count == 4 { return .long(Int64(Int32(truncatingIfNeeded: unsigned(bytes)))) }
            return bytes.count == 8 ? .long(Int64(bitPattern: unsigned(bytes))) : nil
        case .float:
            return bytes.count == 4 ? .float(Float(bitPattern: UInt32(truncatingIfNeeded: unsigned(bytes)))) : nil
        case .double:
            if bytes.count == 4 {
                return .double(Double(Float(bitPattern: UInt32(truncatingIfNeeded: unsigned(bytes)))))
            }
            return bytes.count == 8 ? .double(Double(bitPattern: unsigned(bytes))) : nil
        case .decimal: return bigEndian(bytes).map { .decimal($0) }
        case .string: return String(validating: bytes, as: UTF8.self).map { .string($0) }
        case .uuid: return bytes.count == 16 ? .bytes(bytes) : nil
        case .fixed(let length): return bytes.count <= length ? .bytes(bytes) : nil
        case .binary: return .bytes(bytes)
        }
    }

    /// Two's complement, big-endian, without bytes that only repeat the sign.
    package static func shortestBigEndian(_ value: Int128) -> [UInt8] {
        var count = 16
        while count > 1, value >> (8 * (count - 1) - 1) == value >> 127 { count -= 1 }
        return bigEndian(value, count: count)
    }

    /// Two's complement, big-endian, in exactly `count` bytes.
    package static func bigEndian(_ value: Int128, count: Int) -> [UInt8] {
        (0..<count).map { index in
            let shift = 8 * (count - 1 - index)
            return UInt8(truncatingIfNeeded: shift >= 128 ? value >> 127 : value >> shift)
        }
    }

    /// Reads two's complement, big-endian; `nil` for no bytes and for values past 128 bits.
    package static func bigEndian(_ bytes: some Collection<UInt8>) -> Int128? {
        guard let first = bytes.first else { return nil }
        let sign: UInt8 = first >= 0x80 ? 0xFF : 0
        let significant = bytes.drop { $0 == sign }
        guard significant.count <= 16 else { return nil }
        if significant.count == 16, let top = significant.first, (top >= 0x80) != (sign == 0xFF) { return nil }
        return significant.reduce(sign == 0 ? 0 : -1) { $0 << 8 | Int128($1) }
    }

    private static func littleEndian(_ value: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    private static func unsigned(_ bytes: [UInt8]) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
