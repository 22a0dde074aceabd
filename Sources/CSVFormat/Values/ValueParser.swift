import ByteKernels
package import LakeModel

/// Text to values, by the rules that CSV fields, JSON strings and bounds in the model file share.
///
/// Texts of every type but `string` may have spaces around them. The forms: whole numbers in decimal digits with an
/// optional sign; `decimal`, `float` and `double` also with a point and an exponent; `true/false/t/f/yes/no/y/n/1/0` in
/// any case; dates and times as ``DateTimeText`` says; bytes in hexadecimal digits. A decimal must be exact, a float
/// is rounded to the nearest.
package enum ValueParser {
    /// The value that `text` stands for.
    /// - Throws: ``ValueParseError`` with `value-invalid`, `value-out-of-range`, `value-missing` (an empty text, for all
    ///   types but `string`) or `utf8-invalid`.
    /// - Complexity: O(length of the text).
    package static func parse(_ text: Span<UInt8>, as type: PrimitiveType) throws(ValueParseError) -> Datum {
        if type == .string { return .string(try string(text)) }
        let trimmed = text.extracting(text.trimmedRange())
        if trimmed.isEmpty {
            throw ValueParseError(
                .missing, "there is no value; expected \(TextQuotation.expectation(of: type))")
        }
        do throws(ValueFailure) {
            return try datum(trimmed, as: type)
        } catch {
            throw error.error(text: trimmed, type: type)
        }
    }

    /// The same for bytes without a type.
    package static func parse(_ text: RawSpan, as type: PrimitiveType) throws(ValueParseError) -> Datum {
        let bytes = Span<UInt8>(_bytes: text)
        return try parse(bytes, as: type)
    }

    /// The same for a string.
    package static func parse(_ text: String, as type: PrimitiveType) throws(ValueParseError) -> Datum {
        let bytes = Array(text.utf8)
        return try parse(bytes.span, as: type)
    }

    /// The text itself, once it is known to be UTF-8.
    static func string(_ text: Span<UInt8>) throws(ValueParseError) -> String {
        if let offset = UTF8Scan.firstInvalid(text) {
            throw ValueParseError(
                .utf8Invalid, "the text is not UTF-8: byte \(offset) of it is 0x\(SHA256Stream.hex([text[offset]]))",
                byteOffset: offset)
        }
        return unsafe text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// A value of any type but `string`, from a text that is trimmed and not empty.
    static func datum(_ text: Span<UInt8>, as type: PrimitiveType) throws(ValueFailure) -> Datum {
        var bytes: [UInt8] = []
        switch type {
        case .boolean: return .boolean(try BooleanText.parse(text))
        case .int: return .int(try IntegerText.parseInt32(text))
        case .long: return .long(try IntegerText.parse(text))
        case .float: return .float(try FloatText.parseFloat(text))
        case .double: return .double(try FloatText.parseDouble(text))
        case .decimal(let precision, let scale):
            return .decimal(try DecimalText.parse(text, precision: precision, scale: scale))
        case .date: return .int(try DateTimeText.parseDate(text))
        case .time: return .long(try DateTimeText.parseTime(text))
        case .timestamp: return .long(try DateTimeText.parseTimestamp(text, hasZone: false))
        case .timestamptz: return .long(try DateTimeText.parseTimestamp(text, hasZone: true))
        case .uuid: try HexText.parseUUID(text, into: &bytes)
        case .fixed(let length): try HexText.parse(text, length: length, into: &bytes)
        case .binary: try HexText.parse(text, into: &bytes)
        case .string: preconditionFailure("strings are not parsed")
        }
        return .bytes(bytes)
    }
}
