/// A row that was refused, for its first error in the order of the file's fields.
package struct CSVReject: Sendable, Hashable {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// A required column is empty.
        case valueMissing = "value-missing"
        /// A text has not the form of its column's type.
        case valueInvalid = "value-invalid"
        /// A value does not fit its column's type or declared bounds.
        case valueOutOfRange = "value-out-of-range"
        /// A text does not match its column's pattern.
        case patternMismatch = "pattern-mismatch"
        /// Fields behind the last expected one are not empty, or there are more than `fieldsMax`.
        case tooManyFields = "too-many-fields"
        /// The row ends before a required column.
        case tooFewFields = "too-few-fields"
        /// A string is not UTF-8.
        case utf8Invalid = "utf8-invalid"
        /// The file ends inside a quoted field.
        case quoteUnterminated = "quote-unterminated"
        /// There is text between a closing quote and the next delimiter.
        case quoteMisplaced = "quote-misplaced"
        /// The row is longer than `rowBytesMax`.
        case rowTooLong = "row-too-long"
        /// A field is longer than `fieldBytesMax`.
        case fieldTooLong = "field-too-long"
        /// The row has a byte 0.
        case nulByte = "nul-byte"
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
