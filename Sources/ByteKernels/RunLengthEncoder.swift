/// Writes Parquet's hybrid of run lengths and bit packing.
///
/// Source: Parquet format, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)", without the length in front.
package enum RunLengthEncoder {
    /// A run is written as such when bit packing it would take at least this many bits: below, the headers cost more.
    static let runBitsMin = 32

    /// Appends `values` of `width` bits (0...32).
    ///
    /// Values are taken in groups of eight. A group of equal values starts a run if enough equal ones follow; all
    /// groups up to the next run are packed behind one header.
    package static func encode(_ values: Span<UInt32>, width: Int, to output: inout ByteScratch) {
        precondition(width >= 0 && width <= 32)
        let runMin = width == 0 ? 1 : max(8, (runBitsMin + width - 1) / width)
        var packedStart = 0
        var index = 0
        while index < values.count {
            let first = values[index]
            var end = index + 1
            while end < values.count && values[end] == first { end += 1 }
            if end - index >= runMin {
                appendPacked(values, packedStart..<index, width: width, to: &output)
                appendRun(of: first, count: end - index, width: width, to: &output)
                index = end
                packedStart = end
            } else {
                // Stay on a group boundary, so that packed groups before a run are whole.
                let steps = max(1, (end - index) / 8)
                index += steps * 8
            }
        }
        appendPacked(values, packedStart..<values.count, width: width, to: &output)
    }

    /// Appends `count` times `value` as one run.
    package static func appendRun(of value: UInt32, count: Int, width: Int, to output: inout ByteScratch) {
        if count == 0 { return }
        output.append(varInt: UInt64(count) << 1)
        for index in 0..<(width + 7) / 8 {
            output.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * index)))
        }
    }

    private static func appendPacked(
        _ values: Span<UInt32>, _ range: Range<Int>, width: Int, to output: inout ByteScratch
    ) {
        if range.isEmpty { return }
        output.append(varInt: UInt64((range.count + 7) / 8) << 1 | 1)
        BitPacking.pack(values.extracting(range), width: width, to: &output)
    }

    /// Appends `count` one-bit values from bit `start` of `words` on, least significant bit first.
    ///
    /// Works on bytes of eight bits: stretches of bytes that are all ones or all zeros become runs.
    package static func encodeBits(_ words: Span<UInt64>, start: Int, count: Int, to output: inout ByteScratch) {
        let wholeBytes = count / 8
        let runBytesMin = runBitsMin / 8
        var packedStart = 0
        var index = 0
        while index < wholeBytes {
            let first = bits(words, at: start + index * 8, count: 8)
            guard first == 0 || first == 0xFF else {
                index += 1
                continue
            }
            var end = index + 1
            while end < wholeBytes && bits(words, at: start + end * 8, count: 8) == first { end += 1 }
            var length = (end - index) * 8
            // A run at the end takes in the bits of the unfinished byte if they are equal too.
            if end == wholeBytes && count % 8 != 0 {
                let rest = bits(words, at: start + end * 8, count: count % 8)
                if rest == first & (UInt64(1) << UInt64(count % 8) - 1) { length += count % 8 }
            }
            if end - index >= runBytesMin || length == count {
                appendPackedBits(words, start: start, bytes: packedStart..<index, count: count, to: &output)
                appendRun(of: first == 0 ? 0 : 1, count: length, width: 1, to: &output)
                if index * 8 + length == count { return }
                packedStart = end
            }
            index = end
        }
        appendPackedBits(words, start: start, bytes: packedStart..<(count + 7) / 8, count: count, to: &output)
    }

    private static func appendPackedBits(
        _ words: Span<UInt64>, start: Int, bytes: Range<Int>, count: Int, to output: inout ByteScratch
    ) {
        if bytes.isEmpty { return }
        output.append(varInt: UInt64(bytes.count) << 1 | 1)
        for byte in bytes {
            let value = bits(words, at: start + byte * 8, count: min(8, count - byte * 8))
            output.append(UInt8(truncatingIfNeeded: value))
        }
    }

    /// `count` bits (1...8) from bit `position` on.
    @inline(__always)
    private static func bits(_ words: Span<UInt64>, at position: Int, count: Int) -> UInt64 {
        let shift = UInt64(position & 63)
        var value = words[position >> 6] >> shift
        if Int(shift) + count > 64 { value |= words[position >> 6 + 1] << (64 - shift) }
        return value & (UInt64(1) << UInt64(count) - 1)
    }
}
