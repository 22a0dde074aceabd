internal import ByteKernels

/// Booleans, a byte each.
struct BooleanDecoder: ValueDecoder, ~Copyable {
    private(set) var output: [Bool] = []

    init(rowCount: Int) { output.reserveCapacity(rowCount) }

    mutating func setDictionary(_ page: RawSpan, entryCount: Int, pages: borrowing ChunkPages) throws {
        throw pages.malformed("a boolean column has a dictionary")
    }

    mutating func decode(
        _ values: RawSpan, count: Int, encoding: ParquetEncoding, pages: borrowing ChunkPages
    ) throws {
        switch encoding {
        case .plain:
            guard (count + 7) / 8 <= values.byteCount else {
                throw pages.malformed("\(count) booleans announced in \(values.byteCount) bytes")
            }
            for index in 0..<count {
                let byte = unsafe values.unsafeLoad(fromByteOffset: index >> 3, as: UInt8.self)
                output.append(byte >> UInt8(index & 7) & 1 == 1)
            }
        case .rle:
            guard values.byteCount >= 4 else { throw pages.malformed("a page of booleans is too short") }
            let length = Int(UInt32(littleEndian: unsafe values.unsafeLoadUnaligned(as: UInt32.self)))
            guard length <= values.byteCount - 4 else { throw pages.malformed("booleans pass the end of their page") }
            var words = [UInt64](repeating: 0, count: (count + 63) / 64)
            do {
                _ = try RunLengthDecoder.decodeBits(
                    values.extracting(4..<4 + length), into: &words, start: 0, count: count)
            } catch { throw pages.malformed("booleans are not valid", cause: error) }
            for index in 0..<count { output.append(words[index >> 6] >> UInt64(index & 63) & 1 == 1) }
        default:
            throw ParquetError.unsupported("the encoding \(encoding) is not read for booleans")
        }
    }

    mutating func spread(valueCount: Int, rowCount: Int, validity: [UInt64], start: Int) {
        let first = output.count - valueCount
        output.append(contentsOf: repeatElement(false, count: rowCount - valueCount))
        var source = valueCount
        for row in stride(from: rowCount - 1, through: 0, by: -1) {
            if source == row + 1 { break }
            let bit = start + row
            if validity[bit >> 6] >> UInt64(bit & 63) & 1 == 1 {
                source -= 1
                output[first + row] = output[first + source]
            } else {
                output[first + row] = false
            }
        }
    }
}
