extension Translator {
    func arithmetic(_ first: Expression, _ terms: [ArithmeticTerm], _ scope: Scope) throws -> Typed {
        var value = try expression(first, scope)
        for term in terms {
            let operand = try expression(term.operand, scope)
            value = try nested(term.location) {
                try combine(value, term.operation, operand, term)
            }
        }
        return value
    }

    private func combine(
        _ left: Typed, _ operation: ArithmeticOperator, _ right: Typed, _ term: ArithmeticTerm
    ) throws -> Typed {
        if operation == .concatenate { return try concatenate(left, right, term.location) }
        if left.type == .unresolved || right.type == .unresolved || (left.type == .null && right.type == .null) {
            return Typed("(\(left.sql) \(operation.rawValue) \(right.sql))", .unresolved)
        }
        if left.type == .null || right.type == .null {
            let type = left.type == .null ? right.type : left.type
            return Typed(type.engineName.map { "CAST(NULL AS \($0))" } ?? "NULL", type)
        }
        if let type = left.type.arithmetic(operation, right.type) {
            return number(left, operation, right, type, divisor: term.operand)
        }
        if let moment = moment(left, operation, right) { return moment }
        throw TrinoSQLError.semantic(
            "TYPE_MISMATCH",
            "Cannot apply operator: \(left.type.name) \(operation.rawValue) \(right.type.name)", term.location)
    }

    private func number(
        _ left: Typed, _ operation: ArithmeticOperator, _ right: Typed, _ type: TrinoType, divisor: Expression
    ) -> Typed {
        let isDivision = operation == .divide || operation == .modulus
        let symbol = operation == .divide && type.isInteger ? "//" : operation.rawValue
        var sql = "(\(left.sql) \(symbol) \(right.sql))"
        if type.isDecimal, isDivision || type == .decimal(precision: TrinoType.decimalPrecisionMax, scale: 0) {
            sql = "CAST(\(sql) AS \(type.engineName ?? ""))"
        } else if type == .real {
            sql = "CAST(\(sql) AS FLOAT)"
        }
        guard isDivision, !type.isFloating, !isForgiving, !Self.isNonZero(divisor) else { return Typed(sql, type) }
        let message = SQLText.literal("Division by zero")
        return Typed("(CASE WHEN \(right.sql) = 0 THEN error(\(message)) ELSE \(sql) END)", type)
    }

    private static func isNonZero(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .integer(let text), .decimal(let text): text.contains { ("1"..."9").contains($0) }
        case .negate(let inner): isNonZero(inner)
        default: false
        }
    }

    private func concatenate(_ left: Typed, _ right: Typed, _ location: SourceLocation) throws -> Typed {
        let sql = "(\(left.sql) || \(right.sql))"
        switch (left.type, right.type) {
        case (.array(let one), .array(let other)):
            guard let element = one.common(with: other) else { break }
            return Typed("list_concat(\(left.sql), \(right.sql))", .array(element))
        case (.array(let element), let other) where element.common(with: other) != nil:
            return Typed("list_append(\(left.sql), \(right.sql))", left.type)
        case (let other, .array(let element)) where element.common(with: other) != nil:
            return Typed("list_prepend(\(left.sql), \(right.sql))", right.type)
        case (.varbinary, .varbinary): return Typed(sql, .varbinary)
        case (.unresolved, _), (_, .unresolved): return Typed(sql, .unresolved)
        case (let one, let other) where (one.isText || one == .null) && (other.isText || other == .null):
            guard case .varchar(let first?) = one, case .varchar(let second?) = other else {
                return Typed(sql, .varchar)
            }
            return Typed(sql, .varchar(length: first + second))
        default: break
        }
        throw TrinoSQLError.semantic(
            "TYPE_MISMATCH", "Cannot apply operator: \(left.type.name) || \(right.type.name)", location)
    }

    /// Dates, times and intervals.
    private func moment(_ left: Typed, _ operation: ArithmeticOperator, _ right: Typed) -> Typed? {
        let sql = "(\(left.sql) \(operation.rawValue) \(right.sql))"
        let isSum = operation == .add || operation == .subtract
        switch (left.type, right.type) {
        case (.date, let other) where isSum && other.isInterval: return Typed("CAST(\(sql) AS DATE)", .date)
        case (let other, .date) where operation == .add && other.isInterval:
            return Typed("CAST(\(sql) AS DATE)", .date)
        case (.timestamp, let other), (.timestampWithZone, let other), (.time, let other):
            if isSum, other.isInterval { return Typed(sql, left.type) }
            guard operation == .subtract, other.isMoment, left.type.isMoment else { return nil }
            return Typed(difference(left, right), .intervalDayToSecond)
        case (let other, .timestamp), (let other, .timestampWithZone), (let other, .time):
            guard operation == .add, other.isInterval else {
                guard operation == .subtract, other == .date else { return nil }
                return Typed(difference(left, right), .intervalDayToSecond)
            }
            return Typed(sql, right.type)
        case (.date, .date) where operation == .subtract:
            return Typed(difference(left, right), .intervalDayToSecond)
        case (let one, let other) where one.isInterval && one == other && isSum: return Typed(sql, one)
        case (let one, let other)
        where one.isInterval && other.isNumeric && (operation == .multiply || operation == .divide):
            return Typed(sql, one)
        case (let one, let other) where one.isNumeric && other.isInterval && operation == .multiply:
            return Typed("(\(right.sql) * \(left.sql))", other)
        default: return nil
        }
    }

    private func difference(_ left: Typed, _ right: Typed) -> String {
        let isZoned = if case .timestampWithZone = left.type { true } else { false }
        let type = isZoned ? "TIMESTAMPTZ" : "TIMESTAMP"
        return "(CAST(\(left.sql) AS \(type)) - CAST(\(right.sql) AS \(type)))"
    }
}
