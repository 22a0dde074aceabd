internal import ByteKernels
internal import LakeModel

/// Integers and floating point numbers: gathered without nulls, bounded by pages, then as dictionary or plain.
extension RowGroupEncoder {
    mutating func encodeInt32(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        if let whole = Self.whole(segments, levels), case .int32(let values) = whole {
            return try encodeNumbers(values.span, column, order: .littleEndianSigned)
        }
        var scratch: [Int32] = []
        swap(&scratch, &int32Scratch)
        defer { swap(&scratch, &int32Scratch) }
        Self.makeRoom(levels.valueCount, in: &scratch)
        var count = 0
        for segment in segments {
            guard case .int32(let values) = segment.storage else { preconditionFailure("types were checked") }
            NumberGather.append(values, segment, to: &scratch, at: &count)
        }
        return try encodeNumbers(scratch.span.extracting(0..<count), column, order: .littleEndianSigned)
    }

    mutating func encodeInt64(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        if let whole = Self.whole(segments, levels), case .int64(let values) = whole {
            return try encodeNumbers(values.span, column, order: .littleEndianSigned)
        }
        var scratch: [Int64] = []
        swap(&scratch, &int64Scratch)
        defer { swap(&scratch, &int64Scratch) }
        Self.makeRoom(levels.valueCount, in: &scratch)
        var count = 0
        for segment in segments {
            guard case .int64(let values) = segment.storage else { preconditionFailure("types were checked") }
            NumberGather.append(values, segment, to: &scratch, at: &count)
        }
        return try encodeNumbers(scratch.span.extracting(0..<count), column, order: .littleEndianSigned)
    }

    mutating func encodeFloats(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        var scratch: [Float] = []
        swap(&scratch, &floatScratch)
        defer { swap(&scratch, &floatScratch) }
        Self.makeRoom(levels.valueCount, in: &scratch)
        var count = 0
        for segment in segments {
            guard case .float(let values) = segment.storage else { preconditionFailure("types were checked") }
            NumberGather.append(values, segment, to: &scratch, at: &count)
        }
        return try encodeNumbers(scratch.span.extracting(0..<count), column, order: .float)
    }

    mutating func encodeDoubles(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        var scratch: [Double] = []
        swap(&scratch, &doubleScratch)
        defer { swap(&scratch, &doubleScratch) }
        Self.makeRoom(levels.valueCount, in: &scratch)
        var count = 0
        for segment in segments {
            guard case .double(let values) = segment.storage else { preconditionFailure("types were checked") }
            NumberGather.append(values, segment, to: &scratch, at: &count)
        }
        return try encodeNumbers(scratch.span.extracting(0..<count), column, order: .double)
    }

    /// The storage of the only segment when it is taken whole and has no nulls: then nothing need be copied.
    static func whole(_ segments: [ColumnSegment], _ levels: borrowing ChunkLevels) -> ColumnStorage? {
        guard segments.count == 1, !levels.hasNulls, let segment = segments.first,
            segment.rows == 0..<segment.storage.count
        else { return nil }
        return segment.storage
    }

    static func makeRoom<Value: PlainNumber>(_ count: Int, in scratch: inout [Value]) {
        if scratch.count < count { scratch = [Value](repeating: .zero, count: count) }
    }

    /// Encodes the chunk's values, nulls left out.
    mutating func encodeNumbers<Value: PlainNumber>(
        _ values: Span<Value>, _ column: WriterColumn, order: BoundOrder
    ) throws -> EncodedColumnChunk {
        let width = MemoryLayout<Value>.size
        let pages = pageRanges(bytesPerRow: width)
        var pageBounds: [PageBound] = []
        pageBounds.reserveCapacity(pages.count)
        var valueEnds: [Int] = []
        valueEnds.reserveCapacity(pages.count)
        var bounds = NumberBounds<Value>()
        var start = 0
        for rows in pages {
            let count = levels.valueCount(in: rows)
            let page = Value.bounds(values.extracting(start..<start + count))
            pageBounds.append(Self.pageBound(page, valueCount: count, rowCount: rows.count))
            bounds.merge(page)
            start += count
            valueEnds.append(start)
        }
        let form = dictionaryForm(values, bounds)
        if form != .plain {
            assembler.page.removeAll()
            if form == .constant {
                Self.appendPlain(CollectionOfOne(values[0]), to: &assembler.page)
                try assembler.finishDictionaryPage(entryCount: 1)
            } else {
                Self.appendPlain(dictionary.keys.lazy.map { Value(key: $0) }, to: &assembler.page)
                try assembler.finishDictionaryPage(entryCount: dictionary.keys.count)
            }
        }
        start = 0
        for (rows, end) in zip(pages, valueEnds) {
            assembler.beginDataPage(rows, levels: levels, isRequired: column.isRequired)
            try appendPage(values, start..<end, form)
            try assembler.finishDataPage(rowCount: rows.count, encoding: form == .plain ? .plain : .rleDictionary)
            start = end
        }
        return chunk(column, bounds: Self.chunkBounds(bounds, column, order), pageBounds: pageBounds)
    }

    private enum Form { case plain, constant, dictionary }

    /// Chooses the form of the chunk and, for a dictionary, builds it.
    private mutating func dictionaryForm<Value: PlainNumber>(
        _ values: Span<Value>, _ bounds: NumberBounds<Value>
    ) -> Form {
        let width = MemoryLayout<Value>.size
        let policy = DictionaryPolicy(dictionaryBytesMax: options.dictionaryBytesMax)
        let entriesMax = options.dictionaryBytesMax / width
        if values.isEmpty || entriesMax == 0 { return .plain }
        func isWorthwhile(_ distinct: Int) -> Bool {
            policy.isWorthwhile(
                distinct: distinct, entryBytes: width, values: values.count, plainBytes: values.count * width)
        }
        if Value.isInteger {
            let span = bounds.maximum.key &- bounds.minimum.key
            if span == 0 { return values.count > 1 ? .constant : .plain }
            if span < NumberDictionary.directSpanMax {
                let isBuilt = dictionary.buildDirect(
                    values, base: bounds.minimum.key, span: span, entriesMax: entriesMax)
                return isBuilt && isWorthwhile(dictionary.keys.count) ? .dictionary : .plain
            }
        }
        samples.removeAll(keepingCapacity: true)
        for index in DistinctEstimator.sampleIndexes(count: values.count) { samples.append(values[index].key) }
        guard isWorthwhile(DistinctEstimator.estimate(&samples, population: values.count)) else { return .plain }
        let isBuilt = dictionary.buildHashed(values, entriesMax: entriesMax)
        return isBuilt && isWorthwhile(dictionary.keys.count) ? .dictionary : .plain
    }

    private mutating func appendPage<Value: PlainNumber>(
        _ values: Span<Value>, _ range: Range<Int>, _ form: Form
    ) throws {
        switch form {
        case .plain:
            assembler.page.append(unsafe values.extracting(range).bytes)
        case .constant:
            assembler.page.append(1)
            RunLengthEncoder.appendRun(of: 0, count: range.count, width: 1, to: &assembler.page)
        case .dictionary:
            let width = max(1, BitPacking.width(maximum: UInt64(dictionary.keys.count - 1)))
            let indexes = dictionary.indexes
            assembler.page.append(UInt8(width))
            RunLengthEncoder.encode(indexes.span.extracting(range), width: width, to: &assembler.page)
        }
    }

    private static func appendPlain<Value: PlainNumber>(_ values: some Sequence<Value>, to page: inout ByteScratch) {
        let width = MemoryLayout<Value>.size
        for value in values {
            page.reserve(width)
            unsafe page.base.storeBytes(of: value, toByteOffset: page.count, as: Value.self)
            page.advance(width)
        }
    }

    private static func pageBound<Value: PlainNumber>(
        _ bounds: NumberBounds<Value>, valueCount: Int, rowCount: Int
    ) -> PageBound {
        let isTold = bounds.hasValues && bounds.nanCount == 0
        return PageBound(
            nullCount: rowCount - valueCount, hasValues: valueCount > 0,
            minimum: isTold ? bounds.minimum.boundBytes(isMinimum: true) : nil,
            maximum: isTold ? bounds.maximum.boundBytes(isMinimum: false) : nil)
    }

    private static func chunkBounds<Value: PlainNumber>(
        _ bounds: NumberBounds<Value>, _ column: WriterColumn, _ order: BoundOrder
    ) -> ChunkBounds {
        var result = ChunkBounds(order: order)
        if !Value.isInteger { result.nanCount = bounds.nanCount }
        guard bounds.hasValues else { return result }
        // Readers disagree on where NaN stands, so a chunk that has one tells no bounds.
        if bounds.nanCount == 0 {
            result.statistics.minimum = bounds.minimum.boundBytes(isMinimum: true)
            result.statistics.maximum = bounds.maximum.boundBytes(isMinimum: false)
            result.statistics.isMinimumExact = true
            result.statistics.isMaximumExact = true
        }
        result.lower = bounds.minimum.icebergBound(isLower: true).datum(of: column.type)
        result.upper = bounds.maximum.icebergBound(isLower: false).datum(of: column.type)
        return result
    }
}

extension PlainNumber {
    /// A zero bound takes the sign that covers both zeros; other values stay.
    func icebergBound(isLower: Bool) -> Self {
        if Self.isInteger || self != .zero { return self }
        return isLower ? Self(key: Self.minusZeroKey) : .zero
    }

    /// The bit pattern with only the sign set.
    private static var minusZeroKey: UInt64 { UInt64(1) << UInt64(MemoryLayout<Self>.size * 8 - 1) }
}
