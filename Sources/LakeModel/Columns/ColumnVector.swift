/// Variable-length values one behind the other: value `i` is `bytes[offsets[i] ..< offsets[i + 1]]`.
package struct ByteVector: Sendable, Hashable {
    /// `count + 1` offsets, the first 0. A vector holds at most 4 GiB.
    package var offsets: [UInt32]
    package var bytes: [UInt8]

    package init() {
        offsets = [0]
        bytes = []
    }

    package init(offsets: [UInt32], bytes: [UInt8]) {
        precondition(offsets.first == 0 && Int(offsets[offsets.count - 1]) == bytes.count)
        self.offsets = offsets
        self.bytes = bytes
    }

    @inlinable package var count: Int { offsets.count - 1 }

    @inlinable package func range(_ index: Int) -> Range<Int> { Int(offsets[index])..<Int(offsets[index + 1]) }

    @inlinable package subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

    @inlinable package mutating func append(_ value: some Sequence<UInt8>) {
        bytes.append(contentsOf: value)
        offsets.append(UInt32(bytes.count))
    }
}

/// Values of one width one behind the other.
package struct FixedVector: Sendable, Hashable {
    package let width: Int
    package var bytes: [UInt8]

    package init(width: Int, bytes: [UInt8] = []) {
        precondition(width > 0 && bytes.count % width == 0)
        self.width = width
        self.bytes = bytes
    }

    @inlinable package var count: Int { bytes.count / width }

    @inlinable package subscript(index: Int) -> ArraySlice<UInt8> { bytes[index * width..<(index + 1) * width] }
}

/// The values of a column, one slot a row. A null row has a slot too, whose content means nothing (zero or empty).
package enum ColumnStorage: Sendable, Hashable {
    case boolean([Bool])
    case int32([Int32])
    case int64([Int64])
    case float([Float])
    case double([Double])
    case int128([Int128])
    case bytes(ByteVector)
    case fixed(FixedVector)

    package var count: Int {
        switch self {
        case .boolean(let values): values.count
        case .int32(let values): values.count
        case .int64(let values): values.count
        case .float(let values): values.count
        case .double(let values): values.count
        case .int128(let values): values.count
        case .bytes(let values): values.count
        case .fixed(let values): values.count
        }
    }

    package var physical: PhysicalType {
        switch self {
        case .boolean: .boolean
        case .int32: .int32
        case .int64: .int64
        case .float: .float
        case .double: .double
        case .int128: .int128
        case .bytes: .bytes
        case .fixed(let values): .fixed(width: values.width)
        }
    }

    /// Bytes that the values take in memory, without the array headers.
    package var byteCount: Int {
        switch self {
        case .boolean(let values): values.count
        case .int32(let values): values.count * 4
        case .int64(let values): values.count * 8
        case .float(let values): values.count * 4
        case .double(let values): values.count * 8
        case .int128(let values): values.count * 16
        case .bytes(let values): values.bytes.count + values.offsets.count * 4
        case .fixed(let values): values.bytes.count
        }
    }
}

/// One column of a batch.
package struct ColumnVector: Sendable, Hashable {
    package var type: PrimitiveType
    package var storage: ColumnStorage
    /// A set bit is a value, a clear one a null. `nil`: no row is null.
    package var validity: Bitmap?

    package init(type: PrimitiveType, storage: ColumnStorage, validity: Bitmap? = nil) {
        precondition(storage.physical == type.physical, "\(type) does not lie as \(storage.physical)")
        precondition(validity == nil || validity?.count == storage.count)
        self.type = type
        self.storage = storage
        self.validity = validity
    }

    package var count: Int { storage.count }

    package var nullCount: Int { validity.map { $0.count - $0.setCount } ?? 0 }

    package func isNull(_ row: Int) -> Bool { validity.map { !$0[row] } ?? false }

    /// The value of one row, `nil` for null. For edges and tests; hot loops read the storage.
    package func datum(_ row: Int) -> Datum? {
        if isNull(row) { return nil }
        switch storage {
        case .boolean(let values): return .boolean(values[row])
        case .int32(let values): return .int(values[row])
        case .int64(let values): return .long(values[row])
        case .float(let values): return .float(values[row])
        case .double(let values): return .double(values[row])
        case .int128(let values): return .decimal(values[row])
        case .bytes(let values):
            let slice = values[row]
            return type == .string ? .string(String(decoding: slice, as: UTF8.self)) : .bytes(Array(slice))
        case .fixed(let values): return .bytes(Array(values[row]))
        }
    }
}

/// Rows in columns, the unit that moves between parser, key resolution and writer.
package struct ColumnBatch: Sendable, Hashable {
    package var columns: [ColumnVector]
    package let rowCount: Int

    /// - Parameter columns: all of `rowCount` rows.
    package init(columns: [ColumnVector], rowCount: Int) {
        precondition(columns.allSatisfy { $0.count == rowCount }, "every column of a batch has its row count")
        self.columns = columns
        self.rowCount = rowCount
    }

    /// Bytes that the values take in memory.
    package var byteCount: Int { columns.reduce(0) { $0 + $1.storage.byteCount } }
}
