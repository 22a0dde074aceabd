/// Why a hybrid of runs and packed groups could not be read.
package enum RunLengthError: Error, Sendable, Hashable {
    /// The bytes end before the last value.
    case truncated
    /// A header or value is none that the bit width allows.
    case malformed
}

/// Reads Parquet's hybrid of run lengths and bit packing.
package enum RunLengthDecoder {
    /// Fills `output` from `bytes`, values of `width` bits (0...32).
    /// - Returns: the bytes that were read.
    /// - Throws: ``RunLengthError``; `output` then holds an unknown prefix.
    package static func decode(
        _ bytes: RawSpan, width: Int, into output: UnsafeMutableBufferPointer<UInt32>
    ) throws(RunLengthError) -> Int {
        precondition(width >= 0 && width <= 32)
        var position = 0
        var filled = 0
        while filled < output.count {
            let header = try header(bytes, at: &position)
            let wanted = output.count - filled
            if header & 1 == 1 {
                // The last group may be cut off behind the last value that is needed.
                let groups = header >> 1
                let taken = groups > UInt64(wanted) ? wanted : min(wanted, Int(groups) * 8)
                guard taken > 0 else { throw .malformed }
                let byteCount = (taken * width + 7) / 8
                guard byteCount <= bytes.byteCount - position else { throw .truncated }
                let available = min(bytes.byteCount - position, groupBytes(groups, width: width))
                let target = unsafe UnsafeMutableBufferPointer(rebasing: output[filled..<filled + taken])
                unsafe BitPacking.unpack(
                    bytes.extracting(position..<bytes.byteCount), width: width, into: target)
                position += available
                filled += taken
            } else {
                let value = try value(bytes, width: width, at: &position)
                let count = header >> 1
                guard count > 0 else { throw .malformed }
                let taken = count > UInt64(wanted) ? wanted : Int(count)
                unsafe output[filled..<filled + taken].update(repeating: value)
                filled += taken
            }
        }
        return position
    }

    /// Fills one-bit values into `words`, least significant bit first, from bit `start` on; those bits are zero before.
    /// - Returns: the bytes that were read and the number of bits that were set.
    /// - Throws: ``RunLengthError``.
    package static func decodeBits(
        _ bytes: RawSpan, into words: inout [UInt64], start: Int, count: Int
    ) throws(RunLengthError) -> (byteCount: Int, setCount: Int) {
        precondition(words.count * 64 >= start + count)
        var position = 0
        var filled = 0
        var setCount = 0
        while filled < count {
            let header = try header(bytes, at: &position)
            let wanted = count - filled
            if header & 1 == 1 {
                let groups = header >> 1
                let taken = groups > UInt64(wanted) ? wanted : min(wanted, Int(groups) * 8)
                guard taken > 0 else { throw .malformed }
                guard (taken + 7) / 8 <= bytes.byteCount - position else { throw .truncated }
                for offset in stride(from: 0, to: taken, by: 8) {
                    let byte = unsafe bytes.unsafeLoad(fromByteOffset: position + offset / 8, as: UInt8.self)
                    let bits = min(8, taken - offset)
                    let value = UInt64(byte) & (UInt64(1) << UInt64(bits) - 1)
                    setCount += value.nonzeroBitCount
                    set(value, bits: bits, at: start + filled + offset, in: &words)
                }
                position += min(bytes.byteCount - position, groupBytes(groups, width: 1))
                filled += taken
            } else {
                let value = try value(bytes, width: 1, at: &position)
                let run = header >> 1
                guard run > 0 else { throw .malformed }
                let taken = run > UInt64(wanted) ? wanted : Int(run)
                if value == 1 {
                    setRun(from: start + filled, count: taken, in: &words)
                    setCount += taken
                }
                filled += taken
            }
        }
        return (position, setCount)
    }

    private static func groupBytes(_ groups: UInt64, width: Int) -> Int {
        let (bytes, overflow) = groups.multipliedReportingOverflow(by: UInt64(width))
        return overflow || bytes > UInt64(Int.max) ? Int.max : Int(bytes)
    }

    private static func header(_ bytes: RawSpan, at position: inout Int) throws(RunLengthError) -> UInt64 {
        do { return try VarInt.decode(bytes, at: &position) } catch {
            throw error == .truncated ? .truncated : .malformed
        }
    }

    /// The value of a run: whole bytes, little-endian.
    private static func value(
        _ bytes: RawSpan, width: Int, at position: inout Int
    ) throws(RunLengthError) -> UInt32 {
        let byteCount = (width + 7) / 8
        guard byteCount <= bytes.byteCount - position else { throw .truncated }
        var value: UInt64 = 0
        for index in 0..<byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: position + index, as: UInt8.self)
            value |= UInt64(byte) << UInt64(8 * index)
        }
        guard value >> UInt64(width) == 0 else { throw .malformed }
        position += byteCount
        return UInt32(truncatingIfNeeded: value)
    }

    private static func set(_ value: UInt64, bits: Int, at position: Int, in words: inout [UInt64]) {
        let shift = UInt64(position & 63)
        words[position >> 6] |= value << shift
        if Int(shift) + bits > 64 { words[position >> 6 + 1] |= value >> (64 - shift) }
    }

    private static func setRun(from start: Int, count: Int, in words: inout [UInt64]) {
        var position = start
        let end = start + count
        while position < end {
            let inWord = min(64 - position & 63, end - position)
            let ones = inWord == 64 ? UInt64.max : UInt64(1) << UInt64(inWord) - 1
            words[position >> 6] |= ones << UInt64(position & 63)
            position += inWord
        }
    }
}
