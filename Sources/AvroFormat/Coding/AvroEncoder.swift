/// Appends values in Avro's binary encoding.
///
/// Source: Avro 1.11 specification, "Binary Encoding".
package struct AvroEncoder: Sendable {
    package var bytes: [UInt8]

    package init() { bytes = [] }

    /// `int` and `long`: zigzag, then 7 bits a byte, low bits first.
    @inlinable package mutating func write(_ value: Int64) {
        var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    @inlinable package mutating func write(_ value: Int) { write(Int64(value)) }

    @inlinable package mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

    @inlinable package mutating func write(_ value: Float) { writeLittleEndian(value.bitPattern) }

    @inlinable package mutating func write(_ value: Double) { writeLittleEndian(value.bitPattern) }

    /// `string`.
    @inlinable package mutating func write(_ value: String) {
        write(Int64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// `bytes`.
    @inlinable package mutating func write(_ value: [UInt8]) {
        write(Int64(value.count))
        bytes.append(contentsOf: value)
    }

    /// `fixed`: the bytes alone.
    @inlinable package mutating func writeFixed(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    /// The branch of a union whose value follows.
    @inlinable package mutating func writeBranch(_ index: Int) { write(Int64(index)) }

    /// The number of items of an array or map block that follow; 0 ends the array or map.
    @inlinable package mutating func writeBlockCount(_ count: Int) { write(Int64(count)) }

    @inlinable mutating func writeLittleEndian(_ value: some FixedWidthInteger) {
        var rest = value
        for _ in 0..<(type(of: value).bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}
