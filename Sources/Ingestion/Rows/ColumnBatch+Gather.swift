import LakeModel

extension ColumnBatch {
    /// The rows at `indexes`, in that order.
    /// - Complexity: O(indexes × columns).
    func gather(_ indexes: [Int32]) -> ColumnBatch {
        ColumnBatch(columns: columns.map { $0.gather(indexes) }, rowCount: indexes.count)
    }

    /// The rows that are not at `indexes`, which rise.
    func removing(_ indexes: [Int32]) -> ColumnBatch {
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
    static func concatenate(_ batches: [ColumnBatch]) -> ColumnBatch? {
        guard let first = batches.first else { return nil }
        if batches.count == 1 { return first }
        let columns = first.columns.indices.map { column in
            ColumnVector.concatenate(batches.map { $0.columns[column] }, type: first.columns[column].type)
        }
        return ColumnBatch(columns: columns, rowCount: batches.reduce(0) { $0 + $1.rowCount })
    }
}

extension ColumnVector {
    func gather(_ indexes: [Int32]) -> ColumnVector {
        let gathered: ColumnStorage =
            switch storage {
            case .boolean(let values): .boolean(indexes.map { values[Int($0)] })
            case .int32(let values): .int32(indexes.map { values[Int($0)] })
            case .int64(let values): .int64(indexes.map { values[Int($0)] })
            case .float(let values): .float(indexes.map { values[Int($0)] })
            case .double(let values): .double(indexes.map { values[Int($0)] })
            case .int128(let values): .int128(indexes.map { values[Int($0)] })
            case .bytes(let values): .bytes(values.gather(indexes))
            case .fixed(let values): .fixed(values.gather(indexes))
            }
        guard let validity else { return ColumnVector(type: type, storage: gathered) }
        var bits = Bitmap(repeating: true, count: indexes.count)
        var hasNull = false
        for (position, index) in indexes.enumerated() where !validity[Int(index)] {
            bits.set(position, to: false)
            hasNull = true
        }
        return ColumnVector(type: type, storage: gathered, validity: hasNull ? bits : nil)
    }

    static func concatenate(_ parts: [ColumnVector], type: PrimitiveType) -> ColumnVector {
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
    mutating func append(_ other: ColumnStorage) {
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
    func gather(_ indexes: [Int32]) -> ByteVector {
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(indexes.count + 1)
        var end: UInt32 = 0
        for index in indexes {
            end += self.offsets[Int(index) + 1] - self.offsets[Int(index)]
            offsets.append(end)
        }
        var gathered: [UInt8] = []
        gathered.reserveCapacity(Int(end))
        for index in indexes { gathered.append(contentsOf: bytes[range(Int(index))]) }
        return ByteVector(offsets: offsets, bytes: gathered)
    }
}

extension FixedVector {
    func gather(_ indexes: [Int32]) -> FixedVector {
        var gathered: [UInt8] = []
        gathered.reserveCapacity(indexes.count * width)
        for index in indexes { gathered.append(contentsOf: self[Int(index)]) }
        return FixedVector(width: width, bytes: gathered)
    }
}
