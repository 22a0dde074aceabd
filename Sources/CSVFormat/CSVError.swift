package import LakeModel

/// Why a file as a whole cannot be read as CSV of its table. What is wrong with single rows is a ``CSVReject``.
package struct CSVError: LakeError {
    package struct Code: RawRepresentable, Sendable, Hashable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The bytes are another format, or not text.
        package static let notCSV = Code(rawValue: "not-csv")
        /// There are no bytes, or nothing but line ends.
        package static let empty = Code(rawValue: "file-empty")
        /// The header lacks a required column, or names none of the table's.
        package static let headerMismatch = Code(rawValue: "header-mismatch")
        /// The header names a column that the table does not declare.
        package static let headerColumnUnknown = Code(rawValue: "header-column-unknown")
        /// The header names a column twice.
        package static let headerColumnDuplicate = Code(rawValue: "header-column-duplicate")
        /// The first row does not end within the bytes that were looked at.
        package static let headerTooLong = Code(rawValue: "header-too-long")
        /// The delimiter asked for cannot be one.
        package static let delimiterInvalid = Code(rawValue: "delimiter-invalid")
        /// The rows to leave out are more than the file's first rows.
        package static let skipRowsInvalid = Code(rawValue: "skip-rows-invalid")
        /// A declared pattern is no regular expression.
        package static let patternInvalid = Code(rawValue: "pattern-invalid")
    }

    package let kind: Code
    package let message: String
    package let remedy: String?
    package let place: Place?
    package let cause: (any Error)?

    package init(
        _ kind: Code, _ message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
    }

    package var code: String { kind.rawValue }
}
