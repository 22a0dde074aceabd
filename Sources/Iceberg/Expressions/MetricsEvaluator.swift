import LakeModel

/// What is known of the values of one column in one file, or of one partition field in one manifest.
struct ValueRange: Sendable {
    var type: PrimitiveType
    /// Whether some value is, or may be, null.
    var mayHaveNull = true
    /// Whether some value is, or may be, other than null.
    var mayHaveValue = true
    var mayHaveNaN = true
    /// Whether some value is, or may be, other than null and NaN.
    var mayHaveNumber = true
    var lower: Datum?
    var upper: Datum?

    init(type: PrimitiveType) { self.type = type }

    /// One known value.
    init(type: PrimitiveType, value: Datum?) {
        self.type = type
        mayHaveNull = value == nil
        mayHaveValue = value != nil
        mayHaveNaN = value?.isNaN ?? false
        mayHaveNumber = mayHaveValue && !mayHaveNaN
        if mayHaveNumber {
            lower = value
            upper = value
        }
    }

    /// Whether some value may pass `test`.
    func mayPass(_ test: BoundTest) -> Bool {
        switch test {
        case .isNull: return mayHaveNull
        case .notNull: return mayHaveValue
        case .isNaN: return mayHaveNaN
        case .notNaN: return mayHaveNumber || mayHaveNull
        case .equal(let value): return mayContain(value)
        case .isIn(let values): return values.contains { mayContain($0) }
        // NaN is greater than every number and different from it.
        case .notEqual(let value): return mayHaveNaN || mayHaveNumber && !(isOnly(value))
        case .notIn(let values): return mayHaveNaN || mayHaveNumber && !values.contains { isOnly($0) }
        case .less(let value): return mayHaveNumber && (Self.isBelow(lower, value) ?? true)
        case .lessOrEqual(let value):
            return value.isNaN && mayHaveNaN || mayHaveNumber && !(Self.isAbove(lower, value) ?? false)
        case .greater(let value): return mayHaveNaN || mayHaveNumber && (Self.isAbove(upper, value) ?? true)
        case .greaterOrEqual(let value): return mayHaveNaN || mayHaveNumber && !(Self.isBelow(upper, value) ?? false)
        case .startsWith(let prefix): return mayHaveNumber && mayStart(with: prefix)
        case .notStartsWith(let prefix): return mayHaveNumber && !alwaysStarts(with: prefix)
        }
    }

    /// Whether a bound lies below a value, `nil` when it is unknown. 0.0 and -0.0 are equal to a query.
    private static func isBelow(_ bound: Datum?, _ value: Datum) -> Bool? {
        bound.flatMap { $0.unsignedZero.precedes(value.unsignedZero) }
    }

    private static func isAbove(_ bound: Datum?, _ value: Datum) -> Bool? {
        bound.flatMap { value.unsignedZero.precedes($0.unsignedZero) }
    }

    private func mayContain(_ value: Datum) -> Bool {
        if value.isNaN { return mayHaveNaN }
        return mayHaveNumber && !(Self.isAbove(lower, value) ?? false) && !(Self.isBelow(upper, value) ?? false)
    }

    /// Whether every value is `value`. Bounds of text and bytes may be cut, so that they never prove it.
    private func isOnly(_ value: Datum) -> Bool {
        switch type {
        case .string, .binary, .fixed: false
        default: lower?.unsignedZero == value.unsignedZero && upper?.unsignedZero == value.unsignedZero
        }
    }

    private func mayStart(with prefix: String) -> Bool {
        let prefix = Array(prefix.utf8)
        if case .string(let lower)? = lower {
            let start = Array(lower.utf8.prefix(prefix.count))
            if prefix.lexicographicallyPrecedes(start) { return false }
        }
        if case .string(let upper)? = upper {
            let start = Array(upper.utf8.prefix(prefix.count))
            if start.lexicographicallyPrecedes(prefix) { return false }
        }
        return true
    }

    /// Whether no row can lack the prefix: both bounds have it.
    private func alwaysStarts(with prefix: String) -> Bool {
        guard case .string(let lower)? = lower, case .string(let upper)? = upper else { return false }
        return lower.utf8.starts(with: prefix.utf8) && upper.utf8.starts(with: prefix.utf8)
    }
}

extension Datum {
    /// The same value with 0.0 in place of -0.0.
    var unsignedZero: Datum {
        switch self {
        case .float(let value) where value == 0: .float(0)
        case .double(let value) where value == 0: .double(0)
        default: self
        }
    }
}

extension DataFile {
    /// What the file's metrics say of a column.
    func range(of column: BoundColumn) -> ValueRange {
        var range = ValueRange(type: column.type)
        let isFloat = column.type == .float || column.type == .double
        range.mayHaveNaN = isFloat
        if let nulls = nullValueCounts?[column.id] {
            range.mayHaveNull = nulls > 0
            if let values = valueCounts?[column.id] {
                range.mayHaveValue = values > nulls
                range.mayHaveNumber = values > nulls
                if isFloat, let nan = nanValueCounts?[column.id] {
                    range.mayHaveNaN = nan > 0
                    range.mayHaveNumber = values > nulls + nan
                } else if values == nulls {
                    range.mayHaveNaN = false
                }
            }
        }
        range.lower = lowerBounds?[column.id].flatMap { BoundsCodec.decode($0, column.type) }
        range.upper = upperBounds?[column.id].flatMap { BoundsCodec.decode($0, column.type) }
        // A NaN bound is a writer's mistake and says nothing.
        if range.lower?.isNaN == true { range.lower = nil }
        if range.upper?.isNaN == true { range.upper = nil }
        return range
    }

    /// Whether some row may match, as far as column bounds and counts tell.
    package func mayMatch(_ predicate: BoundPredicate) -> Bool {
        if recordCount == 0 { return false }
        return predicate.mayHold { column, test in range(of: column).mayPass(test) }
    }
}
