import CSVFormat
import LakeModel

/// JSON values to column values, by the rules that CSV fields follow too.
enum BatchValue {
    struct Refusal: Error {
        let code: String
        let message: String
    }

    /// - Returns: `nil` for null.
    static func datum(_ value: JSONScanner.Value, for column: ColumnDeclaration) throws(Refusal) -> Datum? {
        let text: [UInt8]
        switch (value, column.type) {
        case (.null, _): return nil
        case (.boolean(let flag), .boolean): return .boolean(flag)
        case (.number(let digits), .int), (.number(let digits), .long), (.number(let digits), .float),
            (.number(let digits), .double), (.number(let digits), .decimal):
            text = digits
        case (.string(let bytes), .decimal), (.string(let bytes), .date), (.string(let bytes), .time),
            (.string(let bytes), .timestamp), (.string(let bytes), .timestamptz), (.string(let bytes), .string),
            (.string(let bytes), .uuid), (.string(let bytes), .fixed), (.string(let bytes), .binary):
            text = bytes
        default:
            throw Refusal(
                code: "type-mismatch",
                message: "`\(column.name)` is \(value.kind) where \(expected(column.type)) is expected")
        }
        if column.type == .string, column.required, text.isEmpty { return nil }
        let datum: Datum
        do {
            datum = try parse(text, as: column.type)
        } catch {
            throw Refusal(code: error.code, message: "`\(column.name)`: \(error.message)")
        }
        try check(datum, column)
        return datum
    }

    private static func parse(_ text: [UInt8], as type: PrimitiveType) throws(ValueParseError) -> Datum {
        let span = text.span
        return try ValueParser.parse(span, as: type)
    }

    private static func expected(_ type: PrimitiveType) -> String {
        switch type {
        case .boolean: "true or false"
        case .int, .long: "a whole number"
        case .float, .double: "a number"
        case .decimal: "a number, or its digits in quotes,"
        case .date: "a date such as \"2021-11-07\""
        case .timestamp, .timestamptz: "a time such as \"2021-11-07T02:48:42Z\""
        case .time: "a time such as \"02:48:42\""
        case .string: "a string"
        case .uuid: "a UUID in quotes"
        case .fixed, .binary: "hexadecimal digits in quotes"
        }
    }

    private static func check(_ datum: Datum, _ column: ColumnDeclaration) throws(Refusal) {
        if let minimum = column.minimum, isLess(datum, minimum) {
            throw Refusal(
                code: "value-out-of-range",
                message:
                    "`\(column.name)` is below the least value allowed, \(ValueFormatter.text(minimum, type: column.type))"
            )
        }
        if let maximum = column.maximum, isLess(maximum, datum) {
            throw Refusal(
                code: "value-out-of-range",
                message:
                    "`\(column.name)` is above the greatest value allowed, \(ValueFormatter.text(maximum, type: column.type))"
            )
        }
        if let pattern = column.pattern, case .string(let text) = datum {
            // The model file's validation has compiled the pattern already.
            guard let regex = try? Regex(pattern), text.wholeMatch(of: regex) != nil else {
                throw Refusal(
                    code: "pattern-mismatch", message: "`\(column.name)` does not match the pattern \(pattern)")
            }
        }
    }

    private static func isLess(_ left: Datum, _ right: Datum) -> Bool {
        switch (left, right) {
        case (.int(let left), .int(let right)): left < right
        case (.long(let left), .long(let right)): left < right
        case (.float(let left), .float(let right)): left < right
        case (.double(let left), .double(let right)): left < right
        case (.decimal(let left), .decimal(let right)): left < right
        default: false
        }
    }
}
