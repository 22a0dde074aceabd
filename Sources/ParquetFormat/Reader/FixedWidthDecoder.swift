internal import ByteKernels

/// Numbers and byte strings of one width: slots lie one behind the other in ``output``.
struct FixedWidthDecoder: ValueDecoder, ~Copyable {
    private let width: Int
    private let physical: ParquetPhysicalType
    private(set) var output: ByteScratch
    private var dictionary = ByteScratch(capacity: 0)
    private var entryCount = 0
    private var indexBuffer = IndexBuffer()

    /// - Parameter rowCount: the slots to make room for; memory that is not written to costs nothing yet.
    init(width: Int, physical: ParquetPhysicalType, rowCount: Int) {
        self.width = width
        self.physical = physical
        output = ByteScratch(capacity: width * rowCount)
    }

    mutating func setDictionary(_ page: RawSpan, entryCount: Int, pages: borrowing ChunkPages) throws {
        guard entryCount <= page.byteCount / width else {
            throw pages.malformed("a dictionary announces \(entryCount) entries in \(page.byteCount) bytes")
        }
        dictionary.removeAll()
        dictionary.append(page.extracting(0..<entryCount * width))
        self.entryCount = entryCount
    }

    mutating func decode(
        _ values: RawSpan, count: Int, encoding: ParquetEncoding, pages: borrowing ChunkPages
    ) throws {
        switch encoding {
        case .plain:
            guard count <= values.byteCount / width else {
                throw pages.malformed("\(count) values of \(width) bytes announced in \(values.byteCount)")
            }
            output.append(values.extracting(0..<count * width))
        case .plainDictionary, .rleDictionary:
            output.reserve(count * width)
            let width = width
            let source = unsafe UnsafeRawPointer(dictionary.base)
            let target = unsafe output.base + output.count
            try indexBuffer.read(values, count: count, entryCount: entryCount, pages: pages) { indexes in
                unsafe Self.gather(indexes, width: width, from: source, to: target)
            }
            output.advance(count * width)
        case .deltaBinaryPacked where physical == .int32 || physical == .int64:
            output.reserve(count * width)
            var position = 0
            let numbers = try DeltaDecoder.decode(values, at: &position, count: count, pages: pages)
            for number in numbers {
                if width == 4 {
                    output.append(littleEndian: UInt32(truncatingIfNeeded: number))
                } else {
                    output.append(littleEndian: UInt32(truncatingIfNeeded: number))
                    output.append(littleEndian: UInt32(truncatingIfNeeded: number >> 32))
                }
            }
        case .byteStreamSplit:
            try decodeSplit(values, count: count, pages: pages)
        case .deltaByteArray where physical == .fixedLengthByteArray:
            try decodePrefixed(values, count: count, pages: pages)
        default:
            throw ParquetError.unsupported("the encoding \(encoding) is not read for \(physical)")
        }
    }

    private static func gather(
        _ indexes: Span<UInt32>, width: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer
    ) {
        switch width {
        case 4:
            for index in indexes.indices {
                let value = unsafe source.loadUnaligned(fromByteOffset: Int(indexes[index]) * 4, as: UInt32.self)
                unsafe target.storeBytes(of: value, toByteOffset: index * 4, as: UInt32.self)
            }
        case 8:
            for index in indexes.indices {
                let value = unsafe source.loadUnaligned(fromByteOffset: Int(indexes[index]) * 8, as: UInt64.self)
                unsafe target.storeBytes(of: value, toByteOffset: index * 8, as: UInt64.self)
            }
        default:
            for index in indexes.indices {
                unsafe (target + index * width).copyMemory(
                    from: source + Int(indexes[index]) * width, byteCount: width)
            }
        }
    }

    /// Byte k of all values stands in stream k.
    private mutating func decodeSplit(_ values: RawSpan, count: Int, pages: borrowing ChunkPages) throws {
        guard count <= values.byteCount / width else {
            throw pages.malformed("\(count) values of \(width) bytes announced in \(values.byteCount)")
        }
        output.reserve(count * width)
        for index in 0..<count {
            for byte in 0..<width {
                output.append(unsafe values.unsafeLoad(fromByteOffset: byte * count + index, as: UInt8.self))
            }
        }
    }

    private mutating func decodePrefixed(_ values: RawSpan, count: Int, pages: borrowing ChunkPages) throws {
        var strings = BytesDecoder(rowCount: count, byteCountMax: count * width)
        try strings.decode(values, count: count, encoding: .deltaByteArray, pages: pages)
        for index in 0..<count where Int(strings.ends[index]) != (index + 1) * width {
            throw pages.malformed("a value has another length than its column, \(width)")
        }
        strings.output.withBytes { output.append($0) }
    }

    mutating func spread(valueCount: Int, rowCount: Int, validity: [UInt64], start: Int) {
        let first = output.count - valueCount * width
        output.reserve((rowCount - valueCount) * width)
        output.advance((rowCount - valueCount) * width)
        let base = unsafe output.base + first
        var source = valueCount
        for row in stride(from: rowCount - 1, through: 0, by: -1) {
            // Everything in front of the last null stands where it belongs.
            if source == row + 1 { break }
            let bit = start + row
            if validity[bit >> 6] >> UInt64(bit & 63) & 1 == 1 {
                source -= 1
                unsafe (base + row * width).copyMemory(from: base + source * width, byteCount: width)
            } else {
                unsafe (base + row * width).initializeMemory(as: UInt8.self, repeating: 0, count: width)
            }
        }
    }
}
