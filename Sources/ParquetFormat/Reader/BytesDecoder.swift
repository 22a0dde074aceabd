internal import ByteKernels

/// Strings and binaries: the bytes in ``output``, where each value ends in ``ends``.
struct BytesDecoder: ValueDecoder, ~Copyable {
    private(set) var output = ByteScratch()
    private(set) var ends: [UInt32] = []
    private let byteCountMax: Int
    private var dictionary = ByteScratch(capacity: 0)
    private var entryEnds: [UInt32] = []
    private var indexBuffer = IndexBuffer()

    /// - Parameters:
    ///   - rowCount: the slots to expect.
    ///   - byteCountMax: of all values together.
    init(rowCount: Int, byteCountMax: Int) {
        self.byteCountMax = min(byteCountMax, Int(UInt32.max))
        ends.reserveCapacity(rowCount)
    }

    mutating func setDictionary(_ page: RawSpan, entryCount: Int, pages: borrowing ChunkPages) throws {
        guard entryCount <= page.byteCount / 4 else {
            throw pages.malformed("a dictionary announces \(entryCount) entries in \(page.byteCount) bytes")
        }
        dictionary.removeAll()
        entryEnds.removeAll(keepingCapacity: true)
        try Self.appendPlain(page, count: entryCount, to: &dictionary, ends: &entryEnds, pages: pages)
    }

    mutating func decode(
        _ values: RawSpan, count: Int, encoding: ParquetEncoding, pages: borrowing ChunkPages
    ) throws {
        switch encoding {
        case .plain:
            try check(added: values.byteCount)
            try Self.appendPlain(values, count: count, to: &output, ends: &ends, pages: pages)
        case .plainDictionary, .rleDictionary:
            try decodeIndexes(values, count: count, pages: pages)
        case .deltaLengthByteArray:
            try check(added: values.byteCount)
            var position = 0
            let lengths = try DeltaDecoder.decode(values, at: &position, count: count, pages: pages)
            for length in lengths {
                guard length >= 0, length <= values.byteCount - position else {
                    throw pages.malformed("a value of \(length) bytes passes the end of its page")
                }
                output.append(values.extracting(position..<position + Int(length)))
                ends.append(UInt32(output.count))
                position += Int(length)
            }
        case .deltaByteArray:
            try decodePrefixed(values, count: count, pages: pages)
        default:
            throw ParquetError.unsupported("the encoding \(encoding) is not read for byte arrays")
        }
    }

    private func check(added: Int) throws {
        guard added <= byteCountMax - output.count else {
            throw ParquetError.limit("a column takes more than \(byteCountMax) bytes in one row group")
        }
    }

    private static func appendPlain(
        _ values: RawSpan, count: Int, to output: inout ByteScratch, ends: inout [UInt32],
        pages: borrowing ChunkPages
    ) throws {
        output.reserve(values.byteCount)
        let start = output.count
        let target = unsafe output.base
        let wholeEnd = values.byteCount - 16
        var written = start
        var position = 0
        try unsafe values.withUnsafeBytes { raw in
            guard let source = raw.baseAddress else {
                if count > 0 { throw pages.malformed("a page of byte arrays is empty") }
                return
            }
            for _ in 0..<count {
                guard position <= values.byteCount - 4 else { throw pages.malformed("a page ends inside a length") }
                let length = unsafe source.loadUnaligned(fromByteOffset: position, as: UInt32.self)
                let byteCount = Int(UInt32(littleEndian: length))
                position += 4
                guard byteCount <= values.byteCount - position else {
                    throw pages.malformed("a value of \(byteCount) bytes passes the end of its page")
                }
                if byteCount <= 16 && position <= wholeEnd {
                    // Short strings move as two words, whatever their length; the buffer has slack.
                    let words = unsafe source.loadUnaligned(fromByteOffset: position, as: SIMD2<UInt64>.self)
                    unsafe (target + written).storeBytes(of: words, as: SIMD2<UInt64>.self)
                } else if byteCount > 0 {
                    unsafe (target + written).copyMemory(from: source + position, byteCount: byteCount)
                }
                position += byteCount
                written += byteCount
                ends.append(UInt32(truncatingIfNeeded: written))
            }
        }
        output.advance(written - start)
    }

    private mutating func decodeIndexes(_ values: RawSpan, count: Int, pages: borrowing ChunkPages) throws {
        var indexes = IndexBuffer()
        swap(&indexes, &indexBuffer)
        defer { swap(&indexes, &indexBuffer) }
        try indexes.read(values, count: count, entryCount: entryEnds.count, pages: pages) { indexes in
            var total = 0
            for index in indexes.indices { total += entryRange(Int(indexes[index])).count }
            try check(added: total)
            output.reserve(total)
            let source = unsafe dictionary.base
            let target = unsafe output.base
            var written = output.count
            for index in indexes.indices {
                let range = entryRange(Int(indexes[index]))
                if range.count <= 16 {
                    // Both buffers have slack.
                    let words = unsafe source.loadUnaligned(
                        fromByteOffset: range.lowerBound, as: SIMD2<UInt64>.self)
                    unsafe (target + written).storeBytes(of: words, as: SIMD2<UInt64>.self)
                } else {
                    unsafe (target + written).copyMemory(from: source + range.lowerBound, byteCount: range.count)
                }
                written += range.count
                ends.append(UInt32(truncatingIfNeeded: written))
            }
            output.advance(total)
        }
    }

    @inline(__always)
    private func entryRange(_ entry: Int) -> Range<Int> {
        (entry == 0 ? 0 : Int(entryEnds[entry - 1]))..<Int(entryEnds[entry])
    }

    /// Each value is a prefix of the one before and a suffix of its own.
    private mutating func decodePrefixed(_ values: RawSpan, count: Int, pages: borrowing ChunkPages) throws {
        var position = 0
        let prefixes = try DeltaDecoder.decode(values, at: &position, count: count, pages: pages)
        let suffixes = try DeltaDecoder.decode(values, at: &position, count: count, pages: pages)
        var previous = output.count..<output.count
        for index in 0..<count {
            let prefix = prefixes[index]
            let suffix = suffixes[index]
            guard prefix >= 0, prefix <= previous.count, suffix >= 0, suffix <= values.byteCount - position else {
                throw pages.malformed("a value's prefix or suffix passes what is there")
            }
            try check(added: Int(prefix + suffix))
            let start = output.count
            output.reserve(Int(prefix))
            unsafe (output.base + start).copyMemory(from: output.base + previous.lowerBound, byteCount: Int(prefix))
            output.advance(Int(prefix))
            output.append(values.extracting(position..<position + Int(suffix)))
            position += Int(suffix)
            previous = start..<output.count
            ends.append(UInt32(output.count))
        }
    }

    mutating func spread(valueCount: Int, rowCount: Int, validity: [UInt64], start: Int) {
        let first = ends.count - valueCount
        let before: UInt32 = first == 0 ? 0 : ends[first - 1]
        ends.append(contentsOf: repeatElement(0, count: rowCount - valueCount))
        var source = valueCount
        for row in stride(from: rowCount - 1, through: 0, by: -1) {
            if source == row + 1 { break }
            ends[first + row] = source == 0 ? before : ends[first + source - 1]
            let bit = start + row
            if validity[bit >> 6] >> UInt64(bit & 63) & 1 == 1 { source -= 1 }
        }
    }
}
