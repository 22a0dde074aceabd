import LakeModel

/// A column's values as they go over the wire: converted column by column, big-endian already, so that rows are put
/// together by copying.
struct WireVector {
    enum Values {
        case one([UInt8])
        case four([UInt32])
        case eight([UInt64])
        case bytes(ByteVector)
        case fixed(FixedVector)
    }

    let values: Values
    let validity: Bitmap?

    /// - Throws: `value-unsupported`.
    init(_ vector: ColumnVector) throws {
        validity = vector.nullCount == 0 ? nil : vector.validity
        values = try Self.values(vector, validity)
    }

    private static func values(_ vector: ColumnVector, _ validity: Bitmap?) throws -> Values {
        switch vector.storage {
        case .boolean(let values): return .one(values.map { $0 ? 1 : 0 })
        case .int32(let values):
            guard vector.type == .date else { return .four(values.map { UInt32(bitPattern: $0).bigEndian }) }
            return .four(
                try values.indices.map { row in
                    guard validity?[row] != false else { return 0 }
                    return UInt32(bitPattern: try WireTime.day(values[row])).bigEndian
                })
        case .int64(let values):
            guard vector.type == .timestamp || vector.type == .timestamptz else {
                return .eight(values.map { UInt64(bitPattern: $0).bigEndian })
            }
            return .eight(
                try values.indices.map { row in
                    guard validity?[row] != false else { return 0 }
                    return UInt64(bitPattern: try WireTime.microsecond(values[row])).bigEndian
                })
        case .float(let values): return .four(values.map { WireFloat.pattern($0).bigEndian })
        case .double(let values): return .eight(values.map { WireFloat.pattern($0).bigEndian })
        case .int128(let values):
            let scale = if case .decimal(_, let scale) = vector.type { scale } else { 0 }
            var bytes = ByteVector()
            for value in values { bytes.append(WireNumeric.bytes(value, scale: scale)) }
            return .bytes(bytes)
        case .bytes(let values): return .bytes(vector.type == .string ? WireText.withoutNull(values) : values)
        case .fixed(let values): return .fixed(values)
        }
    }

    /// The bytes of one value, for keys of several columns and keys that are no integers.
    func bytes(_ row: Int) -> [UInt8] {
        switch values {
        case .one(let values): [values[row]]
        case .four(let values): unsafe withUnsafeBytes(of: values[row]) { unsafe Array($0) }
        case .eight(let values): unsafe withUnsafeBytes(of: values[row]) { unsafe Array($0) }
        case .bytes(let values): Array(values[row])
        case .fixed(let values): Array(values[row])
        }
    }
}
