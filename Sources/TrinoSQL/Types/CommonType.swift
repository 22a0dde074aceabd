/// The types that values of different types meet in, and what may be compared with what.
///
/// Source: Trino's type coercion.
extension TrinoType {
    /// The type that holds values of both; `nil` when there is none.
    func common(with other: TrinoType) -> TrinoType? {
        if self == other { return self }
        if isOpen { return self == .null || other != .null ? other : self }
        if other.isOpen { return self }
        if isNumeric, other.isNumeric { return commonNumber(other) }
        switch (self, other) {
        case (.varchar(let left), .varchar(let right)):
            return .varchar(length: left.flatMap { left in right.map { max(left, $0) } })
        case (.char(let left), .char(let right)): return .char(length: max(left, right))
        case (.varchar(let left), .char(let right)), (.char(let right), .varchar(let left)):
            return .varchar(length: left.map { max($0, right) })
        case (.date, .timestamp), (.date, .timestampWithZone): return other
        case (.timestamp, .date), (.timestampWithZone, .date): return self
        case (.timestamp(let left), .timestamp(let right)): return .timestamp(precision: max(left, right))
        case (.timestamp(let left), .timestampWithZone(let right)),
            (.timestampWithZone(let right), .timestamp(let left)),
            (.timestampWithZone(let left), .timestampWithZone(let right)):
            return .timestampWithZone(precision: max(left, right))
        case (.time(let left), .time(let right)): return .time(precision: max(left, right))
        case (.time(let left), .timeWithZone(let right)), (.timeWithZone(let right), .time(let left)),
            (.timeWithZone(let left), .timeWithZone(let right)):
            return .timeWithZone(precision: max(left, right))
        case (.array(let left), .array(let right)): return left.common(with: right).map { .array($0) }
        case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
            guard let key = leftKey.common(with: rightKey), let value = leftValue.common(with: rightValue) else {
                return nil
            }
            return .map(key, value)
        case (.row(let left), .row(let right)): return Self.commonRow(left, right)
        default: return nil
        }
    }

    private static func commonRow(_ left: [Field], _ right: [Field]) -> TrinoType? {
        guard left.count == right.count else { return nil }
        var fields: [Field] = []
        for (one, other) in zip(left, right) {
            guard let type = one.type.common(with: other.type) else { return nil }
            fields.append(Field(name: one.name == other.name ? one.name : nil, type: type))
        }
        return .row(fields)
    }

    private func commonNumber(_ other: TrinoType) -> TrinoType? {
        if self == .double || other == .double { return .double }
        if self == .real || other == .real { return .real }
        if isInteger, other.isInteger {
            let order: [TrinoType] = [.tinyint, .smallint, .integer, .bigint]
            return order.last { $0 == self || $0 == other }
        }
        guard let left = decimalShape, let right = other.decimalShape else { return nil }
        let scale = max(left.scale, right.scale)
        let whole = max(left.precision - left.scale, right.precision - right.scale)
        return .decimal(precision: min(Self.decimalPrecisionMax, whole + scale), scale: scale)
    }

    /// The result of an operator between two numbers; `nil` when it has none.
    func arithmetic(_ operation: ArithmeticOperator, _ other: TrinoType) -> TrinoType? {
        guard isNumeric, other.isNumeric else { return nil }
        if isFloating || other.isFloating || (isInteger && other.isInteger) { return commonNumber(other) }
        guard let left = decimalShape, let right = other.decimalShape else { return nil }
        let scale: Int
        let precision: Int
        switch operation {
        case .add, .subtract:
            scale = max(left.scale, right.scale)
            precision = max(left.precision - left.scale, right.precision - right.scale) + scale + 1
        case .multiply:
            scale = left.scale + right.scale
            precision = left.precision + right.precision
        case .divide:
            scale = max(left.scale, right.scale)
            precision = left.precision + right.scale + max(right.scale - left.scale, 0)
        case .modulus:
            scale = max(left.scale, right.scale)
            precision = min(left.precision - left.scale, right.precision - right.scale) + scale
        case .concatenate: return nil
        }
        guard scale <= Self.decimalPrecisionMax else { return nil }
        return .decimal(precision: min(Self.decimalPrecisionMax, precision), scale: scale)
    }
}
