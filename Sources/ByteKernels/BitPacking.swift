/// Numbers of a fixed bit width one behind the other, least significant bit first, as in Parquet.
package enum BitPacking {
    /// The bits that numbers of `0...maximum` need; 0 when only 0 occurs.
    @inlinable package static func width(maximum: UInt64) -> Int { 64 - maximum.leadingZeroBitCount }

    /// Appends `values`, each in `width` bits (1...32), filled up with zeros to a whole number of groups of eight.
    ///
    /// Bits of a value above `width` must be zero.
    package static func pack(_ values: Span<UInt32>, width: Int, to output: inout ByteScratch) {
        precondition(width >= 1 && width <= 32)
        let groupCount = (values.count + 7) / 8
        output.reserve(groupCount * width)
        var target = unsafe output.base + output.count
        let wholeCount = width <= 8 ? values.count / 8 * 8 : 0
        var index = 0
        // Eight narrow values fill one word, of which `width` bytes count.
        let step = UInt64(width)
        while index < wholeCount {
            var word = UInt64(values[index])
            word |= UInt64(values[index + 1]) << step
            word |= UInt64(values[index + 2]) << (2 &* step)
            word |= UInt64(values[index + 3]) << (3 &* step)
            word |= UInt64(values[index + 4]) << (4 &* step)
            word |= UInt64(values[index + 5]) << (5 &* step)
            word |= UInt64(values[index + 6]) << (6 &* step)
            word |= UInt64(values[index + 7]) << (7 &* step)
            unsafe target.storeBytes(of: word.littleEndian, as: UInt64.self)
            unsafe target += width
            index += 8
        }
        // The rest bit by bit into a word whose full bytes leave it at once.
        var pending: UInt64 = 0
        var pendingBits = 0
        while index < groupCount * 8 {
            let value = index < values.count ? UInt64(values[index]) : 0
            pending |= value << UInt64(pendingBits)
            pendingBits += width
            unsafe target.storeBytes(of: pending.littleEndian, as: UInt64.self)
            let byteCount = pendingBits >> 3
            unsafe target += byteCount
            pending = byteCount == 8 ? 0 : pending >> UInt64(byteCount * 8)
            pendingBits &= 7
            index += 1
        }
        output.advance(groupCount * width)
    }

    /// Reads `output.count` numbers of `width` bits (0...64) that start at bit 0 of `bytes`.
    ///
    /// - Precondition: `bytes` holds all of their bits.
    package static func unpack(_ bytes: RawSpan, width: Int, into output: UnsafeMutableBufferPointer<UInt64>) {
        precondition(width >= 0 && width <= 64 && bytes.byteCount >= (width * output.count + 7) / 8)
        for index in output.indices {
            unsafe output[index] = word(bytes, bit: index * width, width: width)
        }
    }

    /// Reads `output.count` numbers of `width` bits (0...32) that start at bit 0 of `bytes`.
    ///
    /// - Precondition: `bytes` holds all of their bits.
    package static func unpack(_ bytes: RawSpan, width: Int, into output: UnsafeMutableBufferPointer<UInt32>) {
        precondition(width >= 0 && width <= 32 && bytes.byteCount >= (width * output.count + 7) / 8)
        let mask = UInt64(1) << UInt64(width) - 1
        // Up to here a whole word may be loaded at the first byte of a value.
        let fastCount = width == 0 ? 0 : min(output.count, max(0, (bytes.byteCount - 8) * 8 / width))
        var bit = 0
        for index in 0..<fastCount {
            let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: bit >> 3, as: UInt64.self)
            unsafe output[index] = UInt32(truncatingIfNeeded: (UInt64(littleEndian: word) >> UInt64(bit & 7)) & mask)
            bit &+= width
        }
        for index in fastCount..<output.count {
            let value = Self.word(bytes, bit: index * width, width: width)
            unsafe output[index] = UInt32(truncatingIfNeeded: value)
        }
    }

    /// One number, a byte at a time: never reads behind its last bit.
    private static func word(_ bytes: RawSpan, bit: Int, width: Int) -> UInt64 {
        var value: UInt64 = 0
        var have = 0
        var position = bit
        while have < width {
            let byte = UInt64(unsafe bytes.unsafeLoad(fromByteOffset: position >> 3, as: UInt8.self))
            let skipped = position & 7
            let taken = min(8 - skipped, width - have)
            value |= ((byte >> UInt64(skipped)) & (UInt64(1) << UInt64(taken) - 1)) << UInt64(have)
            have += taken
            position += taken
        }
        return value
    }
}
