import LakeModel
import QueryEngine

/// Reads parameters as they stand in a URL.
enum ParameterText {
    static func supports(_ type: PrimitiveType) -> Bool {
        switch type {
        case .time, .fixed, .binary: false
        default: true
        }
    }

    /// Dates, timestamps, decimals and UUIDs stay text once their form is checked; the SQL casts them.
    /// - Throws: ``AnalyticsError`` `parameter-invalid`, `parameter-out-of-range`.
    static func value(_ text: String, of parameter: AnalyticDeclaration.Parameter) throws -> QueryValue {
        switch parameter.type {
        case .boolean:
            guard text == "true" || text == "false" else { throw invalid(text, parameter, "true or false") }
            return .boolean(text == "true")
        case .int: return .integer(Int64(try integer(text, parameter, as: Int32.self)))
        case .long: return .integer(try integer(text, parameter, as: Int64.self))
        case .float, .double:
            guard let value = Double(text), value.isFinite, !text.contains("x") else {
                throw invalid(text, parameter, "a number")
            }
            return .double(value)
        case .string: return .text(text)
        case .date: return try checked(text, parameter, "a date such as 2021-11-07", isDate)
        case .timestamp: return try checked(text, parameter, "a time such as 2021-11-07T02:48:42", isTimestamp)
        case .timestamptz:
            return try checked(text, parameter, "a UTC time such as 2021-11-07T02:48:42Z") {
                $0.hasSuffix("Z") && isTimestamp(String($0.dropLast()))
            }
        case .decimal(let precision, let scale):
            return try checked(text, parameter, "a decimal with up to \(scale) digits after the point") {
                isDecimal($0, precision: precision, scale: scale)
            }
        case .uuid: return try checked(text, parameter, "a UUID", isUUID)
        case .time, .fixed, .binary: throw invalid(text, parameter, "another type")
        }
    }

    private static func integer<Value: FixedWidthInteger & SignedInteger>(
        _ text: String, _ parameter: AnalyticDeclaration.Parameter, as _: Value.Type
    ) throws -> Value {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw invalid(text, parameter, "a whole number")
        }
        let minimum = max(parameter.minimum ?? Int64(Value.min), Int64(Value.min))
        let maximum = min(parameter.maximum ?? Int64(Value.max), Int64(Value.max))
        guard let value = Value(text), Int64(value) >= minimum, Int64(value) <= maximum else {
            throw AnalyticsError(
                code: "parameter-out-of-range", message: "\(parameter.name) is \(shown(text)), outside its range",
                remedy: "give a number from \(minimum) to \(maximum)")
        }
        return value
    }

    private static func checked(
        _ text: String, _ parameter: AnalyticDeclaration.Parameter, _ expected: String, _ isValid: (String) -> Bool
    ) throws -> QueryValue {
        guard isValid(text) else { throw invalid(text, parameter, expected) }
        return .text(text)
    }

    private static func invalid(
        _ text: String, _ parameter: AnalyticDeclaration.Parameter, _ expected: String
    ) -> AnalyticsError {
        AnalyticsError(
            code: "parameter-invalid", message: "\(parameter.name) is \(shown(text)), which is not \(expected)",
            remedy: "give \(expected)")
    }

    /// What somebody sent, cut to a length that fits a message.
    private static func shown(_ text: String) -> String {
        text.count > 40 ? "\"\(text.prefix(40))…\"" : "\"\(text)\""
    }

    private static func isDate(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = digits(parts[0]), let month = digits(parts[1]), let day = digits(parts[2]),
            (1...12).contains(month), day >= 1
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= days[month - 1]
    }

    private static func isTimestamp(_ text: String) -> Bool {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2, isDate(String(parts[0])) else { return false }
        let clock = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard clock.count <= 2 else { return false }
        let fields = clock[0].split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 3, fields.allSatisfy({ $0.count == 2 }), let hour = digits(fields[0]),
            let minute = digits(fields[1]), let second = digits(fields[2]), hour < 24, minute < 60, second < 60
        else { return false }
        return clock.count == 1 || ((1...6).contains(clock[1].count) && digits(clock[1]) != nil)
    }

    private static func isDecimal(_ text: String, precision: Int, scale: Int) -> Bool {
        let unsigned = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = unsigned.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }) else {
            return false
        }
        let whole = parts[0].drop { $0 == "0" }
        let fraction = parts.count == 2 ? parts[1].count : 0
        return fraction <= scale && whole.count <= precision - scale
    }

    private static func isUUID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(\.isHexDigit) }
            && text.utf8.count == 36
    }

    private static func digits(_ text: Substring) -> Int? { text.utf8.allSatisfy(isDigit) ? Int(text) : nil }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
