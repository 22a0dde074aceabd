package import LakeModel

/// Puts rows into the sort order of a table.
///
/// Each row gets a key of bytes that compare as the order says: a byte that tells null from value, the value in a form
/// that keeps its order bytewise, for each field of the order; bytes of descending fields are inverted. So rows of
/// several batches compare by their keys alone.
///
/// Source: Iceberg specification, "Sorting".
package struct RowOrder: Sendable {
    private struct Part: Sendable {
        /// Index of the column in a batch.
        var column: Int
        var source: PrimitiveType
        var transform: Transform
        var isDescending: Bool
        var nullsFirst: Bool
    }

    /// The order's id in the table.
    package let id: Int
    private let parts: [Part]

    /// - Parameters:
    ///   - order: of the table.
    ///   - fields: of the batches, in their order.
    /// - Returns: `nil` for the order without fields, and for one over columns or transforms that can't be computed here.
    package init?(_ order: SortOrder, fields: [SchemaField]) {
        if order.fields.isEmpty { return nil }
        var parts: [Part] = []
        for field in order.fields {
            guard let column = fields.firstIndex(where: { $0.id == field.sourceID }),
                let source = fields[column].type.primitive, field.transform.resultType(source) != nil
            else { return nil }
            if case .unknown = field.transform { return nil }
            parts.append(
                Part(
                    column: column, source: source, transform: field.transform, isDescending: field.isDescending,
                    nullsFirst: field.nullsFirst))
        }
        id = order.id
        self.parts = parts
    }

    /// The key of each row.
    /// - Complexity: O(rows × fields), and the bytes of texts.
    package func keys(_ batch: ColumnBatch) -> ByteVector {
        var keys = ByteVector()
        keys.offsets.reserveCapacity(batch.rowCount + 1)
        for row in 0..<batch.rowCount {
            for part in parts { append(part, batch.columns[part.column], row, to: &keys.bytes) }
            keys.offsets.append(UInt32(keys.bytes.count))
        }
        return keys
    }

    private func append(_ part: Part, _ column: ColumnVector, _ row: Int, to bytes: inout [UInt8]) {
        if part.transform == .identity {
            if column.isNull(row) { return bytes.append(part.nullsFirst ? 0 : 2) }
            bytes.append(1)
            let start = bytes.count
            SortKey.append(column.storage, row, to: &bytes)
            if part.isDescending { for index in start..<bytes.count { bytes[index] = ~bytes[index] } }
            return
        }
        let value = part.transform.apply(column.datum(row), part.source)
        guard let value else { return bytes.append(part.nullsFirst ? 0 : 2) }
        bytes.append(1)
        let start = bytes.count
        SortKey.append(value, to: &bytes)
        if part.isDescending { for index in start..<bytes.count { bytes[index] = ~bytes[index] } }
    }

    /// The rows of a batch in order; equal ones stay as they came.
    /// - Complexity: O(rows × log rows).
    package func sorted(_ batch: ColumnBatch) -> ColumnBatch { batch.gather(Self.order(keys(batch))) }

    /// The indexes of keys, the lowest first; equal ones stay as they came.
    package static func order(_ keys: ByteVector) -> [Int32] {
        // Most keys differ in their first bytes, which compare as a number.
        var entries = (0..<Int32(keys.count)).map { (prefix: SortKey.prefix(keys, Int($0)), row: $0) }
        entries.sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
            let order = SortKey.compare(keys, Int(left.row), keys, Int(right.row))
            return order == 0 ? left.row < right.row : order < 0
        }
        return entries.map(\.row)
    }
}

/// Keys whose bytes compare as values do.
package enum SortKey {
    /// Appends the form of a value that is not null.
    static func append(_ value: Datum, to bytes: inout [UInt8]) {
        switch value {
        case .boolean(let flag): bytes.append(flag ? 1 : 0)
        case .int(let number): append(UInt64(UInt32(bitPattern: number) ^ (1 << 31)), count: 4, to: &bytes)
        case .long(let number): append(UInt64(bitPattern: number) ^ (1 << 63), count: 8, to: &bytes)
        case .float(let number):
            let bits = number.bitPattern
            append(UInt64(bits >> 31 == 1 ? ~bits : bits | 1 << 31), count: 4, to: &bytes)
        case .double(let number):
            let bits = number.bitPattern
            append(bits >> 63 == 1 ? ~bits : bits | 1 << 63, count: 8, to: &bytes)
        case .decimal(let number):
            let bits = UInt128(bitPattern: number) ^ (1 << 127)
            append(UInt64(truncatingIfNeeded: bits >> 64), count: 8, to: &bytes)
            append(UInt64(truncatingIfNeeded: bits), count: 8, to: &bytes)
        case .string(let text): append(text.utf8, to: &bytes)
        case .bytes(let value): append(value, to: &bytes)
        }
    }

    /// Appends the form of a row's value, which is not null: that of its ``Datum``.
    static func append(_ storage: ColumnStorage, _ row: Int, to bytes: inout [UInt8]) {
        switch storage {
        case .boolean(let values): append(.boolean(values[row]), to: &bytes)
        case .int32(let values): append(.int(values[row]), to: &bytes)
        case .int64(let values): append(.long(values[row]), to: &bytes)
        case .float(let values): append(.float(values[row]), to: &bytes)
        case .double(let values): append(.double(values[row]), to: &bytes)
        case .int128(let values): append(.decimal(values[row]), to: &bytes)
        case .bytes(let values): append(values[row], to: &bytes)
        case .fixed(let values): append(values[row], to: &bytes)
        }
    }

    private static func append(_ number: UInt64, count: Int, to bytes: inout [UInt8]) {
        for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * index))) }
    }

    /// A zero byte is followed by 255 where it is one of the text's own, by 0 at the text's end: so a shorter text comes
    /// before all that begin with it, whatever stands behind.
    private static func append(_ text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        for byte in text {
            bytes.append(byte)
            if byte == 0 { bytes.append(0xFF) }
        }
        bytes.append(0)
        bytes.append(0)
    }

    /// The first bytes of a key as a number, filled up with zeros.
    static func prefix(_ keys: ByteVector, _ index: Int) -> UInt64 {
        let range = keys.range(index)
        var prefix: UInt64 = 0
        for offset in 0..<8 {
            let place = range.lowerBound + offset
            prefix = prefix << 8 | (place < range.upperBound ? UInt64(keys.bytes[place]) : 0)
        }
        return prefix
    }

    /// Below zero when the left key comes first, zero for equal ones.
    package static func compare(_ left: ByteVector, _ leftIndex: Int, _ right: ByteVector, _ rightIndex: Int) -> Int {
        let leftRange = left.range(leftIndex)
        let rightRange = right.range(rightIndex)
        let count = min(leftRange.count, rightRange.count)
        for offset in 0..<count {
            let difference =
                Int(left.bytes[leftRange.lowerBound + offset]) - Int(right.bytes[rightRange.lowerBound + offset])
            if difference != 0 { return difference }
        }
        return leftRange.count - rightRange.count
    }
}
