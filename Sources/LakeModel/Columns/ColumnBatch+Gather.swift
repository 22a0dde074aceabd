extension ColumnBatch {
    /// The rows at `indexes`, in that order.
    /// - Complexity: O(indexes × columns).
    package func gather(_ indexes: [Int32]) -> ColumnBatch {
        ColumnBatch(columns: columns.map { $0.gather(indexes) }, rowCount: indexes.count)
    }

    /// The rows that are not at `indexes`, which rise.
    package func removing(_ indexes: [Int32]) -> ColumnBatch {
        if indexes.isEmpty { return self }
        var kept: [Int32] = []
        kept.reserveCapacity(rowCount - indexes.count)
        var next = 0
        for row in 0..<Int32(rowCount) {
            if next < indexes.count, indexes[next] == row { next += 1 } else { kept.append(row) }
        }
        return gather(kept)
    }

    /// Several batches of the same columns, one behind the other.
    package static func concatenate(_ batches: [ColumnBatch]) -> ColumnBatch? {
        guard let first = batches.first else { return nil }
        if batches.count == 1 { return first }
        let columns = first.columns.indices.map { column in
            ColumnVector.concatenate(batches.map { $0.columns[column] }, type: first.columns[column].type)
        }
        return ColumnBatch(columns: columns, rowCount: batches.reduce(0) { $0 + $1.rowCount })
    }
}

extension ColumnVector {
    /// The values at `indexes`, in that order.
    package func gather(_ indexes: [Int32]) -> ColumnVector { gather(indexes.span) }

    /// The values at `indexes`, in that order.
    package func gather(_ indexes: Span<Int32>) -> ColumnVector {
        let gathered: ColumnStorage =
            switch storage {
            case .boolean(let values): .boolean(Self.gather(values, indexes))
            case .int32(let values): .int32(Self.gather(values, indexes))
            case .int64(let values): .int64(Self.gather(values, indexes))
            case .float(let values): .float(Self.gather(values, indexes))
            case .double(let values): .double(Self.gather(values, indexes))
            case .int128(let values): .int128(Self.gather(values, indexes))
            case .bytes(let values): .bytes(values.gather(indexes))
            case .fixed(let values): .fixed(values.gather(indexes))
            }
        guard let validity else { return ColumnVector(type: type, storage: gathered) }
        return ColumnVector(type: type, storage: gathered, validity: Self.gather(validity, indexes))
    }

    private static func gather<Value: BitwiseCopyable>(_ values: [Value], _ indexes: Span<Int32>) -> [Value] {
        let source = values.span
        return unsafe [Value](unsafeUninitializedCapacity: indexes.count) { buffer, count in
            for position in indexes.indices { unsafe buffer[position] = source[Int(indexes[position])] }
            count = indexes.count
        }
    }

    /// - Returns: `nil` when no row is null.
    private static func gather(_ validity: Bitmap, _ indexes: Span<Int32>) -> Bitmap? {
        let source = validity.words.span
        var words: [UInt64] = []
        words.reserveCapacity((indexes.count + 63) / 64)
        var setCount = 0
        var position = 0
        while position < indexes.count {
            let end = min(position + 64, indexes.count)
            var word: UInt64 = 0
            for place in position..<end {
                let row = Int(indexes[place])
                word |= ((source[row >> 6] >> UInt64(row & 63)) & 1) << UInt64(place & 63)
            }
            words.append(word)
            setCount += word.nonzeroBitCount
            position = end
        }
        return setCount == indexes.count ? nil : Bitmap(words: words, count: indexes.count)
    }

    /// Columns of one type, one behind the other.
    package static func concatenate(_ parts: [ColumnVector], type: PrimitiveType) -> ColumnVector {
        let storage = parts.dropFirst().reduce(into: parts[0].storage) { $0.append($1.storage) }
        guard parts.contains(where: { $0.validity != nil }) else { return ColumnVector(type: type, storage: storage) }
        var validity = Bitmap()
        validity.reserveCapacity(storage.count)
        for part in parts {
            guard let bits = part.validity else {
                validity.append(repeating: true, count: part.count)
                continue
            }
            for row in 0..<part.count { validity.append(bits[row]) }
        }
        return ColumnVector(type: type, storage: storage, validity: validity)
    }
}

extension ColumnStorage {
    /// Appends the values of another storage of the same layout.
    package mutating func append(_ other: ColumnStorage) {
        switch (self, other) {
        case (.boolean(let mine), .boolean(let more)): self = .boolean(mine + more)
        case (.int32(let mine), .int32(let more)): self = .int32(mine + more)
        case (.int64(let mine), .int64(let more)): self = .int64(mine + more)
        case (.float(let mine), .float(let more)): self = .float(mine + more)
        case (.double(let mine), .double(let more)): self = .double(mine + more)
        case (.int128(let mine), .int128(let more)): self = .int128(mine + more)
        case (.bytes(var mine), .bytes(let more)):
            let base = UInt32(mine.bytes.count)
            mine.bytes.append(contentsOf: more.bytes)
            mine.offsets.append(contentsOf: more.offsets.dropFirst().lazy.map { $0 + base })
            self = .bytes(mine)
        case (.fixed(var mine), .fixed(let more)):
            mine.bytes.append(contentsOf: more.bytes)
            self = .fixed(mine)
        default: preconditionFailure("columns of one table lie alike")
        }
    }
}

extension ByteVector {
    /// Bytes that a short value is copied in, whatever its length.
    private static let copyBytes = 16

    /// The values at `indexes`, in that order.
    package func gather(_ indexes: Span<Int32>) -> ByteVector {
        let source = self.offsets.span
        var end: UInt32 = 0
        let offsets = unsafe [UInt32](unsafeUninitializedCapacity: indexes.count + 1) { buffer, count in
            unsafe buffer[0] = 0
            for position in indexes.indices {
                let index = Int(indexes[position])
                end += source[index + 1] &- source[index]
                unsafe buffer[position + 1] = end
            }
            count = indexes.count + 1
        }
        let byteCount = Int(end)
        let wholeMax = bytes.count - Self.copyBytes
        let gathered = unsafe [UInt8](unsafeUninitializedCapacity: byteCount + Self.copyBytes) { buffer, count in
            unsafe bytes.withUnsafeBytes { raw in
                guard var target = UnsafeMutableRawPointer(buffer.baseAddress), let base = raw.baseAddress else {
                    return
                }
                for position in indexes.indices {
                    let index = Int(indexes[position])
                    let from = Int(source[index])
                    let length = Int(source[index + 1]) - from
                    if length <= Self.copyBytes && from <= wholeMax {
                        // The target has room behind its last value, the source is known to have.
                        let words = unsafe base.loadUnaligned(fromByteOffset: from, as: SIMD2<UInt64>.self)
                        unsafe target.storeBytes(of: words, as: SIMD2<UInt64>.self)
                    } else {
                        unsafe target.copyMemory(from: base + from, byteCount: length)
                    }
                    unsafe target += length
                }
            }
            count = byteCount
        }
        return ByteVector(offsets: offsets, bytes: gathered)
    }
}

extension FixedVector {
    /// The values at `indexes`, in that order.
    package func gather(_ indexes: Span<Int32>) -> FixedVector {
        var gathered: [UInt8] = []
        gathered.reserveCapacity(indexes.count * width)
        for position in indexes.indices { gathered.append(contentsOf: self[Int(indexes[position])]) }
        return FixedVector(width: width, bytes: gathered)
    }
}
