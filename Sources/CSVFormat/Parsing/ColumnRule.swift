import ByteKernels
import LakeModel

/// What a column asks of its fields, made ready once a parser.
///
/// The loops over tiles decide most values themselves and mark the rows that fail; ``check(_:quote:)`` is the slow, full
/// form of the same rules, which says why.
struct ColumnRule {
    let name: String
    let type: PrimitiveType
    let isRequired: Bool
    let minimum: Datum?
    let maximum: Datum?
    let pattern: Regex<AnyRegexOutput>?
    let patternText: String?

    /// - Throws: ``CSVError`` `pattern-invalid`.
    init(_ column: ColumnDeclaration, isRequired: Bool) throws {
        name = column.name
        type = column.type
        self.isRequired = isRequired
        minimum = column.minimum
        maximum = column.maximum
        patternText = column.type == .string ? column.pattern : nil
        do {
            pattern = try patternText.map { try Regex($0).matchingSemantics(.unicodeScalar) }
        } catch {
            throw CSVError(
                .patternInvalid, "the pattern of column \"\(column.name)\" is no regular expression",
                remedy: "correct the column's pattern in the model file", place: Place(column: column.name),
                cause: error)
        }
    }

    /// The outcome of one field.
    /// - Parameter field: the field as it stands in the file, quotes included.
    /// - Returns: the value, or `nil` for null.
    /// - Throws: why the row is to be rejected.
    func check(_ field: Span<UInt8>, quote: UInt8) throws(CellFailure) -> Datum? {
        if field.isEmpty {
            if isRequired { throw missing }
            return nil
        }
        guard field[0] == quote else { return try checkContent(field) }
        switch QuotedField.shape(field, quote: quote) {
        case .plain(let range): return try checkContent(field.extracting(range))
        case .doubled(let range):
            var bytes: [UInt8] = []
            QuotedField.append(field, range, quote: quote, to: &bytes)
            return try checkContent(bytes.span)
        case .misplaced:
            throw CellFailure(
                .quoteMisplaced,
                "there is text behind the closing quote of \(TextQuotation.quoted(field)); a quote inside quotes is "
                    + "written twice")
        case .unterminated:
            throw CellFailure(.quoteUnterminated, "a quote opens here that nothing closes")
        }
    }

    /// The outcome of a field's content, without quotes.
    func checkContent(_ content: Span<UInt8>) throws(CellFailure) -> Datum? {
        let text = type == .string ? content : content.extracting(content.trimmedRange())
        if text.isEmpty, isRequired { throw missing }
        do throws(ValueParseError) {
            if type == .string {
                let value = Datum.string(try ValueParser.string(text))
                try matchPattern(value)
                return value
            }
            if text.isEmpty { return nil }
            let value = try parsed(text)
            try checkBounds(value, text)
            return value
        } catch {
            throw CellFailure(error)
        }
    }

    var missing: CellFailure {
        CellFailure(.valueMissing, "there is no value, and the column is required")
    }

    private func parsed(_ text: Span<UInt8>) throws(ValueParseError) -> Datum {
        do throws(ValueFailure) {
            return try ValueParser.datum(text, as: type)
        } catch {
            throw error.error(text: text, type: type)
        }
    }

    private func matchPattern(_ value: Datum) throws(ValueParseError) {
        guard let pattern, case .string(let text) = value, !matches(text, pattern) else { return }
        throw ValueParseError(
            .patternMismatch,
            "\(TextQuotation.quoted(text)) does not match the pattern \(patternText ?? "")")
    }

    /// Whether the whole text matches. A match that the engine gives up on is none.
    func matches(_ text: String, _ pattern: Regex<AnyRegexOutput>) -> Bool {
        do {
            return try pattern.wholeMatch(in: text) != nil
        } catch {
            return false
        }
    }

    private func checkBounds(_ value: Datum, _ text: Span<UInt8>) throws(ValueParseError) {
        if isWithinBounds(value) { return }
        let low = minimum.map { "at least \(ValueFormatter.text(Self.converted($0, to: type), type: type))" }
        let high = maximum.map { "at most \(ValueFormatter.text(Self.converted($0, to: type), type: type))" }
        let bounds = [low, high].compactMap { $0 }.joined(separator: " and ")
        throw ValueParseError(.outOfRange, "\(TextQuotation.quoted(text)) is outside the bounds; expected \(bounds)")
    }

    private func isWithinBounds(_ value: Datum) -> Bool {
        switch value {
        case .int(let value): return bounds(of: Int32.self)?.contains(value) ?? true
        case .long(let value): return bounds(of: Int64.self)?.contains(value) ?? true
        case .float(let value): return bounds(of: Float.self)?.contains(value) ?? true
        case .double(let value): return bounds(of: Double.self)?.contains(value) ?? true
        case .decimal(let value): return bounds(of: Int128.self)?.contains(value) ?? true
        default: return true
        }
    }

    /// The bounds of the values of a physical type, `nil` when none is declared.
    func bounds<T: BoundedValue>(of _: T.Type) -> ValueBounds<T>? {
        if minimum == nil, maximum == nil { return nil }
        return ValueBounds(
            low: minimum.flatMap { T(datum: Self.converted($0, to: type)) },
            high: maximum.flatMap { T(datum: Self.converted($0, to: type)) })
    }

    /// A bound that was declared as another whole number type.
    private static func converted(_ datum: Datum, to type: PrimitiveType) -> Datum {
        switch (datum, type.physical) {
        case (.int(let value), .int64): .long(Int64(value))
        case (.long(let value), .int32): .int(Int32(clamping: value))
        case (.int(let value), .double): .double(Double(value))
        case (.long(let value), .double): .double(Double(value))
        case (.int(let value), .float): .float(Float(value))
        case (.long(let value), .float): .float(Float(value))
        case (.double(let value), .float): .float(Float(value))
        default: datum
        }
    }
}

/// Why a field makes its row a reject.
struct CellFailure: Error {
    let code: CSVReject.Code
    let message: String
    /// Where in the field's content it goes wrong.
    var byteOffset: Int?

    init(_ code: CSVReject.Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: ValueParseError) {
        code = CSVReject.Code(rawValue: error.code)
        message = error.message
        byteOffset = error.byteOffset
    }
}

/// Inclusive bounds, either of which may be open.
struct ValueBounds<T: Comparable> {
    let low: T?
    let high: T?

    /// NaN lies within no bounds.
    @inline(__always)
    func contains(_ value: T) -> Bool {
        if let low, !(value >= low) { return false }
        if let high, !(value <= high) { return false }
        return true
    }
}

/// The values that can be declared with bounds.
protocol BoundedValue: Comparable {
    init?(datum: Datum)
}

extension Int32: BoundedValue {
    init?(datum: Datum) {
        guard case .int(let value) = datum else { return nil }
        self = value
    }
}

extension Int64: BoundedValue {
    init?(datum: Datum) {
        guard case .long(let value) = datum else { return nil }
        self = value
    }
}

extension Float: BoundedValue {
    init?(datum: Datum) {
        guard case .float(let value) = datum else { return nil }
        self = value
    }
}

extension Double: BoundedValue {
    init?(datum: Datum) {
        guard case .double(let value) = datum else { return nil }
        self = value
    }
}

extension Int128: BoundedValue {
    init?(datum: Datum) {
        guard case .decimal(let value) = datum else { return nil }
        self = value
    }
}
