extension Translator {
    func literal(_ expression: Expression) throws -> Typed {
        let location = expression.location
        switch expression.kind {
        case .boolean(let flag): return Typed(flag ? "TRUE" : "FALSE", .boolean)
        case .integer(let text):
            if Int32(text) != nil { return Typed(text, .integer) }
            guard Int64(text) != nil else {
                throw TrinoSQLError.semantic("INVALID_LITERAL", "Invalid numeric literal: \(text)", location)
            }
            return Typed(text, .bigint)
        case .decimal(let text): return try decimal(text, location)
        case .double(let text): return Typed("CAST('\(text)' AS DOUBLE)", .double)
        case .string(let text):
            return Typed(SQLText.literal(text), .varchar(length: text.unicodeScalars.count))
        case .binary(let bytes): return Typed(Self.blob(bytes), .varbinary)
        case .typed(let type, let text): return try typed(type, text)
        case .interval(let interval): return try self.interval(interval, location)
        default: return Typed("NULL", .null)
        }
    }

    private func decimal(_ text: String, _ location: SourceLocation) throws -> Typed {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let whole = parts[0].drop { $0 == "0" }
        let scale = parts.count > 1 ? parts[1].count : 0
        let precision = max(whole.count + scale, 1)
        guard precision <= TrinoType.decimalPrecisionMax else {
            throw TrinoSQLError.semantic("INVALID_LITERAL", "Invalid decimal literal: \(text)", location)
        }
        return Typed("CAST('\(text)' AS DECIMAL(\(precision),\(scale)))", .decimal(precision: precision, scale: scale))
    }

    static func blob(_ bytes: [UInt8]) -> String {
        let hex = bytes.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
        return "unhex('\(hex)')"
    }

    /// `DATE '2020-01-01'` and its like.
    private func typed(_ name: TypeName, _ text: String) throws -> Typed {
        let value = SQLText.literal(text)
        let location = name.location
        switch name.name {
        case "timestamp", "time": return try time(name.name, text, location)
        case "decimal": return try signedDecimal(text, location)
        case "date":
            guard Self.isDate(text) else {
                throw TrinoSQLError.semantic("INVALID_LITERAL", "'\(text)' is not a valid DATE literal", location)
            }
            return Typed("CAST(\(value) AS DATE)", .date)
        case "json": return Typed("CAST(\(value) AS JSON)", .json)
        case "varchar": return Typed(value, .varchar(length: text.unicodeScalars.count))
        case "char": return Typed(value, .char(length: max(text.unicodeScalars.count, 1)))
        default:
            let type = try TrinoType(name)
            guard let engine = type.engineName else { throw TrinoSQLError.unsupported(name.name, location) }
            return Typed("CAST(\(value) AS \(engine))", type)
        }
    }

    private func signedDecimal(_ text: String, _ location: SourceLocation) throws -> Typed {
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        guard digits.contains(where: \.isNumber), digits.allSatisfy({ ("0"..."9").contains($0) || $0 == "." }) else {
            throw TrinoSQLError.semantic("INVALID_LITERAL", "Invalid decimal literal: \(text)", location)
        }
        let value = try decimal(String(digits), location)
        return text.first == "-" ? Typed("(- \(value.sql))", value.type) : value
    }

    private static func isDate(_ text: String) -> Bool {
        let parts = text.trimmed.split(separator: "-")
        return parts.count == 3 && parts.allSatisfy { Int($0) != nil }
    }

    /// Digits of the fraction tell the precision; what stands behind the clock is a zone.
    private func time(_ name: String, _ text: String, _ location: SourceLocation) throws -> Typed {
        let trimmed = text.trimmed
        let clock = name == "time" ? trimmed[...] : trimmed.drop { $0 != " " && $0 != "T" }.dropFirst()
        let plain = clock.prefix { $0.isNumber || $0 == ":" || $0 == "." }
        let fraction = plain.split(separator: ".", omittingEmptySubsequences: false)
        let precision = fraction.count > 1 ? fraction[1].count : 0
        guard precision <= 12, name == "time" || Self.isDate(String(trimmed.prefix { $0 != " " && $0 != "T" })) else {
            throw TrinoSQLError.semantic(
                "INVALID_LITERAL", "'\(text)' is not a valid \(name.uppercased()) literal", location)
        }
        let hasZone = plain.count < clock.count
        if name == "time" {
            let type: TrinoType = hasZone ? .timeWithZone(precision: precision) : .time(precision: precision)
            return Typed("CAST(\(SQLText.literal(trimmed)) AS \(hasZone ? "TIMETZ" : "TIME"))", type)
        }
        let type: TrinoType = hasZone ? .timestampWithZone(precision: precision) : .timestamp(precision: precision)
        let zone = clock.dropFirst(plain.count).drop { $0 == " " }
        guard hasZone, zone.first.map({ $0 != "+" && $0 != "-" }) == true else {
            let engine = hasZone ? "TIMESTAMPTZ" : "TIMESTAMP"
            return Typed("CAST(\(SQLText.literal(trimmed)) AS \(engine))", type)
        }
        let local = trimmed.dropLast(zone.count).description.trimmed
        // Such a constant can leave out files, which the call of a function cannot.
        if ["UTC", "Z"].contains(zone) {
            return Typed("CAST(\(SQLText.literal(local + "+00")) AS TIMESTAMPTZ)", type)
        }
        let wallClock = "CAST(\(SQLText.literal(local)) AS TIMESTAMP)"
        let place = SQLText.literal(String(zone))
        return Typed("timezone(\(place), \(wallClock))", type, zone: place)
    }

    private static let unitOrder = ["year", "month", "day", "hour", "minute", "second"]

    /// `INTERVAL '2' DAY`, `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '3 04:05:06.7' DAY TO SECOND`.
    private func interval(_ interval: IntervalLiteral, _ location: SourceLocation) throws -> Typed {
        let invalid = TrinoSQLError.semantic("INVALID_LITERAL", "Invalid interval: '\(interval.text)'", location)
        guard let first = Self.unitOrder.firstIndex(of: interval.from),
            let last = Self.unitOrder.firstIndex(of: interval.to ?? interval.from), first <= last,
            (last <= 1) == (first <= 1)
        else { throw invalid }
        var text = interval.text.trimmed[...]
        var isNegative = interval.isNegative
        if text.first == "-" {
            isNegative.toggle()
            text = text.dropFirst()
        }
        let parts = text.split { $0 == " " || $0 == ":" || $0 == "-" }
        guard parts.count == last - first + 1 else { throw invalid }
        let sign = isNegative ? "-" : ""
        let terms = try zip(parts, Self.unitOrder[first...last]).map { part, unit in
            guard unit == "second" ? Double(part) != nil : Int(part) != nil,
                part.allSatisfy({ $0.isNumber || $0 == "." })
            else { throw invalid }
            return "to_\(unit)s(\(sign)\(part))"
        }
        let type: TrinoType = last <= 1 ? .intervalYearToMonth : .intervalDayToSecond
        return Typed("(\(terms.joined(separator: " + ")))", type)
    }
}
