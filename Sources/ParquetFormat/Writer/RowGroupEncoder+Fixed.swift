internal import ByteKernels
internal import LakeModel

/// Values of one width: UUIDs, fixed, long decimals; and booleans.
extension RowGroupEncoder {
    mutating func encodeFixed(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        fixedScratch.removeAll()
        var width = 0
        for segment in segments {
            guard case .fixed(let vector) = segment.storage else { preconditionFailure("types were checked") }
            width = vector.width
            unsafe vector.bytes.withUnsafeBytes { raw in
                for row in segment.rows {
                    if let validity = segment.validity, !validity[row] { continue }
                    let value = unsafe UnsafeRawBufferPointer(rebasing: raw[row * width..<(row + 1) * width])
                    fixedScratch.append(unsafe RawSpan(_unsafeBytes: value))
                }
            }
        }
        return try encodeFixedScratch(column, width: max(1, width), isSigned: false)
    }

    /// Decimals of any precision: their physical type follows from it.
    mutating func encodeDecimals(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        var values: [Int128] = []
        values.reserveCapacity(levels.valueCount)
        for segment in segments {
            guard case .int128(let vector) = segment.storage else { preconditionFailure("types were checked") }
            for row in segment.rows {
                if let validity = segment.validity, !validity[row] { continue }
                values.append(vector[row])
            }
        }
        try checkPrecision(values, column)
        switch column.physical {
        case .int32:
            let narrow = values.map { Int32(truncatingIfNeeded: $0) }
            return try encodeNumbers(narrow.span, column, order: .littleEndianSigned)
        case .int64:
            let narrow = values.map { Int64(truncatingIfNeeded: $0) }
            return try encodeNumbers(narrow.span, column, order: .littleEndianSigned)
        default:
            let width = column.typeLength ?? 16
            fixedScratch.removeAll()
            fixedScratch.reserve(values.count * width)
            for value in values {
                for index in (0..<width).reversed() {
                    fixedScratch.append(UInt8(truncatingIfNeeded: value >> Int128(8 * index)))
                }
            }
            return try encodeFixedScratch(column, width: width, isSigned: true)
        }
    }

    private func checkPrecision(_ values: [Int128], _ column: WriterColumn) throws {
        guard case .decimal(let precision, _) = column.type else { return }
        let largest = WriterSchema.decimalMagnitudeMax(precision: precision)
        for value in values where value > largest || value < -largest {
            throw ParquetError.value(
                "value-out-of-range", "an unscaled value has more than \(precision) digits", column: column.name)
        }
    }

    /// The chunk of the values in ``fixedScratch``, nulls left out.
    private mutating func encodeFixedScratch(
        _ column: WriterColumn, width: Int, isSigned: Bool
    ) throws -> EncodedColumnChunk {
        let count = fixedScratch.count / width
        if buildFixedDictionary(width: width, count: count) {
            return try encodeBytesByDictionary(column, isSigned: isSigned)
        }
        var bounds = RunningBytesBounds(column: column, boundBytesMax: options.boundBytesMax)
        var pageBounds: [PageBound] = []
        var offset = 0
        for rows in pageRanges(bytesPerRow: width) {
            let valueCount = levels.valueCount(in: rows)
            assembler.beginDataPage(rows, levels: levels, isRequired: column.isRequired)
            let start = assembler.page.count
            fixedScratch.withBytes { bytes in
                assembler.page.append(bytes.extracting(offset..<offset + valueCount * width))
            }
            offset += valueCount * width
            pageBounds.append(
                bounds.takePage(
                    assembler.page, start: start, width: width, nullCount: rows.count - valueCount))
            try assembler.finishDataPage(rowCount: rows.count, encoding: .plain)
        }
        return chunk(column, bounds: bounds.chunkBounds(), pageBounds: pageBounds)
    }

    private mutating func buildFixedDictionary(width: Int, count: Int) -> Bool {
        if count == 0 || options.dictionaryBytesMax == 0 { return false }
        samples.removeAll(keepingCapacity: true)
        for index in DistinctEstimator.sampleIndexes(count: count) {
            let start = unsafe UnsafeRawPointer(fixedScratch.base + index * width)
            samples.append(Hash64.hash(unsafe RawSpan(_unsafeStart: start, byteCount: width)))
        }
        let policy = DictionaryPolicy(dictionaryBytesMax: options.dictionaryBytesMax)
        let distinct = DistinctEstimator.estimate(&samples, population: count)
        guard
            policy.isWorthwhile(distinct: distinct, entryBytes: width, values: count, plainBytes: count * width)
        else { return false }
        bytesDictionary.begin(valueCount: count, hasLengths: false, pageBytesMax: options.dictionaryBytesMax)
        for index in 0..<count {
            let start = unsafe UnsafeRawPointer(fixedScratch.base + index * width)
            if unsafe !bytesDictionary.add(start, count: width) { return false }
        }
        return true
    }

    /// Booleans are packed a bit each; dictionaries do not exist for them.
    mutating func encodeBooleans(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        var values: [Bool] = []
        values.reserveCapacity(levels.valueCount)
        for segment in segments {
            guard case .boolean(let vector) = segment.storage else { preconditionFailure("types were checked") }
            for row in segment.rows {
                if let validity = segment.validity, !validity[row] { continue }
                values.append(vector[row])
            }
        }
        var pageBounds: [PageBound] = []
        var trueCount = 0
        var start = 0
        for rows in pageRanges(bytesPerRow: 1) {
            let count = levels.valueCount(in: rows)
            assembler.beginDataPage(rows, levels: levels, isRequired: column.isRequired)
            let pageTrueCount = appendBits(values.span.extracting(start..<start + count))
            pageBounds.append(
                PageBound(
                    nullCount: rows.count - count, hasValues: count > 0,
                    minimum: count > 0 ? [pageTrueCount == count ? 1 : 0] : nil,
                    maximum: count > 0 ? [pageTrueCount > 0 ? 1 : 0] : nil))
            try assembler.finishDataPage(rowCount: rows.count, encoding: .plain)
            trueCount += pageTrueCount
            start += count
        }
        var bounds = ChunkBounds(order: .bytes)
        if !values.isEmpty {
            bounds.lower = .boolean(trueCount == values.count)
            bounds.upper = .boolean(trueCount > 0)
            bounds.statistics.minimum = [trueCount == values.count ? 1 : 0]
            bounds.statistics.maximum = [trueCount > 0 ? 1 : 0]
            bounds.statistics.isMinimumExact = true
            bounds.statistics.isMaximumExact = true
        }
        return chunk(column, bounds: bounds, pageBounds: pageBounds)
    }

    /// - Returns: how many are true.
    private mutating func appendBits(_ values: Span<Bool>) -> Int {
        var trueCount = 0
        var byte: UInt8 = 0
        for index in values.indices {
            if values[index] {
                byte |= 1 << UInt8(index & 7)
                trueCount += 1
            }
            if index & 7 == 7 {
                assembler.page.append(byte)
                byte = 0
            }
        }
        if values.count & 7 != 0 { assembler.page.append(byte) }
        return trueCount
    }
}
