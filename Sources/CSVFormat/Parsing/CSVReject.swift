/// A row that was refused, for its first error in the order of the file's fields.
package struct CSVReject: Sendable, Hashable {
    package struct Code: RawRepresentable, Sendable, Hashable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// A required column is empty.
        package static let valueMissing = Code(rawValue: "value-missing")
        /// A text has not the form of its column's type.
        package static let valueInvalid = Code(rawValue: "value-invalid")
        /// A value does not fit its column's type or declared bounds.
        package static let valueOutOfRange = Code(rawValue: "value-out-of-range")
        /// A text does not match its column's pattern.
        package static let patternMismatch = Code(rawValue: "pattern-mismatch")
        /// Fields behind the last expected one are not empty, or there are more than `fieldsMax`.
        package static let tooManyFields = Code(rawValue: "too-many-fields")
        /// The row ends before a required column.
        package static let tooFewFields = Code(rawValue: "too-few-fields")
        /// A string is not UTF-8.
        package static let utf8Invalid = Code(rawValue: "utf8-invalid")
        /// The file ends inside a quoted field.
        package static let quoteUnterminated = Code(rawValue: "quote-unterminated")
        /// There is text between a closing quote and the next delimiter.
        package static let quoteMisplaced = Code(rawValue: "quote-misplaced")
        /// The row is longer than `rowBytesMax`.
        package static let rowTooLong = Code(rawValue: "row-too-long")
        /// A field is longer than `fieldBytesMax`.
        package static let fieldTooLong = Code(rawValue: "field-too-long")
        /// The row has a byte 0.
        package static let nulByte = Code(rawValue: "nul-byte")
    }

    /// 1-based number of the row's first line.
    package var line: Int
    /// Where the row starts in the file.
    package var byteOffset: Int
    /// Bytes of the whole row without its line end.
    package var byteCount: Int
    /// The row's bytes, the first `rawBytesMax` of them.
    package var raw: [UInt8]
    package var rawTruncated: Bool
    /// The declared column at fault, `nil` when it is the row as a whole.
    package var column: String?
    package var code: String
    package var message: String

    package init(
        line: Int, byteOffset: Int, byteCount: Int, raw: [UInt8], rawTruncated: Bool, column: String?, code: String,
        message: String
    ) {
        self.line = line
        self.byteOffset = byteOffset
        self.byteCount = byteCount
        self.raw = raw
        self.rawTruncated = rawTruncated
        self.column = column
        self.code = code
        self.message = message
    }
}
