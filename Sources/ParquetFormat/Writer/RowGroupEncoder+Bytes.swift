internal import ByteKernels
internal import LakeModel

/// Strings and binaries.
extension RowGroupEncoder {
    mutating func encodeBytes(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        let parts = segments.map { segment in
            guard case .bytes(let vector) = segment.storage else { preconditionFailure("types were checked") }
            return BytesPart(vector: vector, validity: segment.validity, rows: segment.rows)
        }
        if try buildDictionary(parts) {
            return try encodeBytesByDictionary(column, isSigned: false)
        }
        var pageBounds: [PageBound] = []
        var bounds = RunningBytesBounds(column: column, boundBytesMax: options.boundBytesMax)
        for rows in BytesPart.pages(parts, rowsMax: options.pageRowsMax, bytesTarget: options.pageBytesTarget) {
            assembler.beginDataPage(rows, levels: levels, isRequired: column.isRequired)
            let start = assembler.page.count
            try BytesPart.forEach(parts, in: rows) { part, rows in
                try part.appendPlain(rows, to: &assembler.page, column: column.name)
            }
            pageBounds.append(
                bounds.takePage(
                    assembler.page, start: start, width: nil, nullCount: rows.count - levels.valueCount(in: rows)))
            try assembler.finishDataPage(rowCount: rows.count, encoding: .plain)
        }
        return chunk(column, bounds: bounds.chunkBounds(), pageBounds: pageBounds)
    }

    /// Whether a dictionary is worth it; it is then built.
    private mutating func buildDictionary(_ parts: [BytesPart]) throws -> Bool {
        let count = levels.valueCount
        if count == 0 || options.dictionaryBytesMax == 0 { return false }
        samples.removeAll(keepingCapacity: true)
        var sampledBytes = 0
        var partIndex = 0
        var partStart = 0
        for row in DistinctEstimator.sampleIndexes(count: levels.rowCount) {
            while row - partStart >= parts[partIndex].rows.count {
                partStart += parts[partIndex].rows.count
                partIndex += 1
            }
            let part = parts[partIndex]
            let place = part.rows.lowerBound + row - partStart
            if let validity = part.validity, !validity[place] { continue }
            let range = part.vector.range(place)
            sampledBytes += range.count + 4
            unsafe part.vector.bytes.withUnsafeBytes { raw in
                let value = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: raw[range]))
                samples.append(Hash64.hash(value))
            }
        }
        let entryBytes = samples.isEmpty ? 4 : sampledBytes / samples.count
        let policy = DictionaryPolicy(dictionaryBytesMax: options.dictionaryBytesMax)
        let distinct = DistinctEstimator.estimate(&samples, population: count)
        guard
            policy.isWorthwhile(
                distinct: distinct, entryBytes: entryBytes, values: count, plainBytes: count * entryBytes)
        else { return false }
        bytesDictionary.begin(valueCount: count, hasLengths: true, pageBytesMax: options.dictionaryBytesMax)
        for part in parts {
            if !part.add(to: &bytesDictionary) { return false }
        }
        return true
    }

    /// The chunk of what ``bytesDictionary`` holds.
    mutating func encodeBytesByDictionary(_ column: WriterColumn, isSigned: Bool) throws -> EncodedColumnChunk {
        bytesDictionary.page.withBytes { bytes in
            assembler.page.removeAll()
            assembler.page.append(bytes)
        }
        let entryCount = bytesDictionary.entries.count
        try assembler.finishDictionaryPage(entryCount: entryCount)
        let width = max(1, BitPacking.width(maximum: UInt64(max(1, entryCount) - 1)))
        var bounds = RunningBytesBounds(column: column, boundBytesMax: options.boundBytesMax)
        var pageBounds: [PageBound] = []
        // The page, counted from 1, that an entry was last seen in: each is compared once a page.
        var seen = [UInt32](repeating: 0, count: entryCount)
        let indexes = bytesDictionary.indexes
        var start = 0
        for (number, rows) in pageRanges(bytesPerRow: 4).enumerated() {
            let count = levels.valueCount(in: rows)
            var page = ByteStringBounds(isSigned: isSigned)
            let mark = UInt32(number + 1)
            for index in start..<start + count {
                let entry = Int(indexes[index])
                if seen[entry] == mark { continue }
                seen[entry] = mark
                let range = bytesDictionary.entries[entry]
                unsafe page.take(bytesDictionary.page.base, offset: range.lowerBound, count: range.count)
            }
            pageBounds.append(bounds.take(page, of: bytesDictionary.page, nullCount: rows.count - count))
            assembler.beginDataPage(rows, levels: levels, isRequired: column.isRequired)
            assembler.page.append(UInt8(width))
            RunLengthEncoder.encode(
                indexes.span.extracting(start..<start + count), width: width, to: &assembler.page)
            try assembler.finishDataPage(rowCount: rows.count, encoding: .rleDictionary)
            start += count
        }
        return chunk(column, bounds: bounds.chunkBounds(), pageBounds: pageBounds)
    }
}
