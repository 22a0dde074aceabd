package import LakeModel

/// Why a text is no value of a type.
package struct ValueParseError: LakeError {
    package struct Code: RawRepresentable, Sendable, Hashable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The text has not the form of the type.
        package static let invalid = Code(rawValue: "value-invalid")
        /// The text has the form, but its value does not fit the type or the declared bounds.
        package static let outOfRange = Code(rawValue: "value-out-of-range")
        /// The text is empty where a value is needed.
        package static let missing = Code(rawValue: "value-missing")
        /// The text does not match the declared pattern.
        package static let patternMismatch = Code(rawValue: "pattern-mismatch")
        /// The bytes are not UTF-8.
        package static let utf8Invalid = Code(rawValue: "utf8-invalid")
    }

    package let kind: Code
    package let message: String
    /// Where in the text it goes wrong, for `utf8-invalid`.
    package let byteOffset: Int?

    package init(_ kind: Code, _ message: String, byteOffset: Int? = nil) {
        self.kind = kind
        self.message = message
        self.byteOffset = byteOffset
    }

    package var code: String { kind.rawValue }
    package var place: Place? { byteOffset.map { Place(byteOffset: $0) } }
}

/// Why a text is no value, without the text: cheap to throw for each of many values.
struct ValueFailure: Error {
    let kind: Kind
    let reason: StaticString

    enum Kind { case invalid, outOfRange }

    static func invalid(_ reason: StaticString) -> ValueFailure { ValueFailure(kind: .invalid, reason: reason) }
    static func outOfRange(_ reason: StaticString) -> ValueFailure { ValueFailure(kind: .outOfRange, reason: reason) }

    /// The full error for people.
    func error(text: Span<UInt8>, type: PrimitiveType) -> ValueParseError {
        ValueParseError(
            kind == .invalid ? .invalid : .outOfRange,
            "\(TextQuotation.quoted(text)) is no \(type): \(reason); expected \(TextQuotation.expectation(of: type))")
    }
}

/// Values and expectations as messages show them.
enum TextQuotation {
    /// Bytes of a value that a message shows.
    static let shownBytesMax = 80

    /// The text in quotes, control characters escaped, cut when it is long.
    static func quoted(_ text: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(shownBytesMax)
        var isPlain = true
        for index in 0..<min(text.count, shownBytesMax) {
            let byte = text[index]
            bytes.append(byte)
            isPlain =
                isPlain && (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        let content = String(decoding: bytes, as: UTF8.self)
        let shown = isPlain ? "\"\(content)\"" : content.debugDescription
        return text.count > shownBytesMax ? "\(shown) (the first \(shownBytesMax) of \(text.count) bytes)" : shown
    }

    static func quoted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return quoted(bytes.span)
    }

    /// What a value of the type looks like.
    static func expectation(of type: PrimitiveType) -> String {
        switch type {
        case .boolean: "true, false, t, f, yes, no, 1 or 0"
        case .int: "a whole number from \(Int32.min) to \(Int32.max)"
        case .long: "a whole number from \(Int64.min) to \(Int64.max)"
        case .float, .double: "a number such as -12.5 or 1e-3, nan or inf"
        case .decimal(let precision, let scale):
            "a number of at most \(precision - scale) digits before the point and \(scale) behind it"
        case .date: "a date such as 2021-11-07"
        case .time: "a time such as 02:48:42 or 02:48:42.123456"
        case .timestamp: "a date and time without offset, such as 2021-11-07T02:48:42"
        case .timestamptz: "an ISO 8601 time such as 2021-11-07T02:48:42Z or 2021-11-07T04:48:42+02:00"
        case .string: "UTF-8 text"
        case .uuid: "a UUID such as f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
        case .fixed(let length): "\(length * 2) hexadecimal digits"
        case .binary: "an even number of hexadecimal digits"
        }
    }
}
