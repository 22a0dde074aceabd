internal import LakeModel

/// What a table format keeps about a file.
package struct ParquetFileSummary: Sendable, Hashable {
    package var byteCount: Int
    package var rowCount: Int
    /// Where the row groups start, rising.
    package var splitOffsets: [Int64]
    /// In schema order.
    package var columns: [ColumnSummary]
}

extension ColumnSummary {
    /// Takes in the summary of more rows of the same column.
    ///
    /// Bounds are compared as values of the type, never as bytes. An upper bound that is missing although there are
    /// values stays missing.
    mutating func merge(_ other: ColumnSummary) {
        precondition(fieldID == other.fieldID)
        let hasValues = valueCount - nullCount - (nanCount ?? 0) > 0
        let otherHasValues = other.valueCount - other.nullCount - (other.nanCount ?? 0) > 0
        if !hasValues {
            lower = other.lower
            upper = other.upper
        } else if otherHasValues {
            lower = Datum.bound(lower, other.lower) { DatumOrder.isLess($0, $1) }
            upper = Datum.bound(upper, other.upper) { DatumOrder.isLess($1, $0) }
        }
        compressedByteCount += other.compressedByteCount
        valueCount += other.valueCount
        nullCount += other.nullCount
        if let count = nanCount, let more = other.nanCount { nanCount = count + more }
    }
}

extension Datum {
    fileprivate static func bound(_ left: Datum?, _ right: Datum?, _ precedes: (Datum, Datum) -> Bool) -> Datum? {
        guard let left, let right else { return nil }
        return precedes(right, left) ? right : left
    }
}

/// The order of values of one type, as Iceberg compares bounds.
enum DatumOrder {
    /// Whether `left` comes before `right`; both are of one case. -0.0 comes before 0.0; NaN is not compared.
    static func isLess(_ left: Datum, _ right: Datum) -> Bool {
        switch (left, right) {
        case (.boolean(let left), .boolean(let right)): return !left && right
        case (.int(let left), .int(let right)): return left < right
        case (.long(let left), .long(let right)): return left < right
        case (.float(let left), .float(let right)): return left < right || (left == right && left.isMinusZero(right))
        case (.double(let left), .double(let right)):
            return left < right || (left == right && left.isMinusZero(right))
        case (.decimal(let left), .decimal(let right)): return left < right
        case (.string(let left), .string(let right)): return left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.bytes(let left), .bytes(let right)): return left.lexicographicallyPrecedes(right)
        default: preconditionFailure("bounds of one column have one type")
        }
    }
}

extension BinaryFloatingPoint {
    fileprivate func isMinusZero(_ other: Self) -> Bool {
        isZero && sign == .minus && other.sign == .plus
    }
}
