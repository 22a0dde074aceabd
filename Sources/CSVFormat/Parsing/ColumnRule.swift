import ByteKernels
import LakeModel

/// What a column asks of its fields, made ready once a parser.
///
/// The loops over tiles decide most values themselves and mark the rows that fail; ``fault(of:quote:)`` is the slow, full
/// form of the same rules, which finds out why.
struct ColumnRule {
    let name: String
    let type: PrimitiveType
    let isRequired: Bool
    let minimum: Datum?
    let maximum: Datum?
    let pattern: Regex<AnyRegexOutput>?
    let messages: FaultMessages

    /// - Throws: ``CSVError`` `pattern-invalid`.
    init(_ column: ColumnDeclaration, isRequired: Bool) throws {
        name = column.name
        type = column.type
        self.isRequired = isRequired
        minimum = column.minimum
        maximum = column.maximum
        let patternText = column.type == .string ? column.pattern : nil
        do {
            pattern = try patternText.map { try Regex($0).matchingSemantics(.unicodeScalar) }
        } catch {
            throw CSVError(
                .patternInvalid, "the pattern of column \"\(column.name)\" is no regular expression",
                remedy: "correct the column's pattern in the model file", place: Place(column: column.name),
                cause: error)
        }
        messages = FaultMessages(
            name: column.name, type: column.type, pattern: patternText, bounds: Self.boundsText(column))
    }

    /// What is wrong with a field, if anything.
    /// - Parameter field: the field as it stands in the file, quotes included.
    func fault(of field: Span<UInt8>, quote: UInt8) -> CellFault? {
        if field.isEmpty { return isRequired ? .missing : nil }
        guard field[0] == quote else { return fault(ofContent: field) }
        switch QuotedField.shape(field, quote: quote) {
        case .plain(let range): return fault(ofContent: field.extracting(range))
        case .doubled(let range):
            var bytes: [UInt8] = []
            QuotedField.append(field, range, quote: quote, to: &bytes)
            return fault(ofContent: bytes.span)
        case .misplaced: return .misplacedQuote
        case .unterminated: return .unterminatedQuote
        }
    }

    /// What is wrong with a field's content, without quotes.
    func fault(ofContent content: Span<UInt8>) -> CellFault? {
        if type == .string { return fault(ofText: content) }
        let text = content.extracting(content.trimmedRange())
        if text.isEmpty { return isRequired ? .missing : nil }
        do throws(ValueFailure) {
            return isWithinBounds(try ValueParser.datum(text, as: type)) ? nil : .outOfBounds
        } catch {
            return .value(error)
        }
    }

    private func fault(ofText text: Span<UInt8>) -> CellFault? {
        if text.isEmpty, isRequired { return .missing }
        if let offset = UTF8Scan.firstInvalid(text) { return .brokenUTF8(offset: offset, byte: text[offset]) }
        guard let pattern else { return nil }
        let value = unsafe text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        return matches(value, pattern) ? nil : .patternMismatch
    }

    /// Appends what is wrong with a field, which ``fault(of:quote:)`` found, in words.
    /// - Parameter start: where the field starts in the file.
    func describe(
        _ fault: CellFault, of field: Span<UInt8>, quote: UInt8, start: Int, to message: inout [UInt8]
    ) {
        if !field.isEmpty, field[0] == quote {
            switch QuotedField.shape(field, quote: quote) {
            case .plain(let range):
                return describe(fault, of: field, content: field.extracting(range), start: start, to: &message)
            case .doubled(let range):
                var bytes: [UInt8] = []
                QuotedField.append(field, range, quote: quote, to: &bytes)
                return describe(fault, of: field, content: bytes.span, start: start, to: &message)
            case .misplaced, .unterminated: break
            }
        }
        describe(fault, of: field, content: field, start: start, to: &message)
    }

    private func describe(
        _ fault: CellFault, of field: Span<UInt8>, content: Span<UInt8>, start: Int, to message: inout [UInt8]
    ) {
        let text = type == .string ? 0..<content.count : content.trimmedRange()
        messages.write(fault, field: field, content: content.extracting(text), start: start, to: &message)
    }

    /// Whether the whole text matches. A match that the engine gives up on is none.
    func matches(_ text: String, _ pattern: Regex<AnyRegexOutput>) -> Bool {
        do {
            return try pattern.wholeMatch(in: text) != nil
        } catch {
            return false
        }
    }

    /// The declared bounds for people.
    private static func boundsText(_ column: ColumnDeclaration) -> String {
        let type = column.type
        let low = column.minimum.map { "at least \(ValueFormatter.text(converted($0, to: type), type: type))" }
        let high = column.maximum.map { "at most \(ValueFormatter.text(converted($0, to: type), type: type))" }
        return [low, high].compactMap { $0 }.joined(separator: " and ")
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
