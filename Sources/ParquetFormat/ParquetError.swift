package import LakeModel

/// What goes wrong with Parquet files.
package struct ParquetError: LakeError {
    package let code: String
    package let message: String
    package let remedy: String?
    package let place: Place?
    package let cause: (any Error)?

    init(_ code: String, _ message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
    }

    /// The bytes at `byteOffset` of the file are not what the format asks for.
    static func malformed(
        _ message: String, byteOffset: Int, column: String? = nil, cause: (any Error)? = nil
    ) -> Self {
        Self(
            "parquet-malformed", message, remedy: "the file is damaged; restore it from a copy or write it again",
            place: Place(column: column, byteOffset: byteOffset), cause: cause)
    }

    /// The file is valid but uses something that is not read here.
    static func unsupported(_ message: String, column: String? = nil, byteOffset: Int? = nil) -> Self {
        Self(
            "parquet-unsupported", message,
            remedy: "rewrite the file with another engine or leave the column out",
            place: Place(column: column, byteOffset: byteOffset))
    }

    /// A limit of ``ParquetReaderLimits`` or of the writer is passed.
    static func limit(_ message: String, column: String? = nil, byteOffset: Int? = nil) -> Self {
        Self(
            "parquet-limit", message, remedy: "write smaller row groups or values, or raise the limit",
            place: Place(column: column, byteOffset: byteOffset))
    }

    /// A column of the file has a type that the table's type cannot be read from.
    static func incompatible(_ message: String, column: String) -> Self {
        Self(
            "parquet-type-mismatch", message, remedy: "compare the file's schema with the table's",
            place: Place(column: column))
    }

    /// A value that the column's type or its being required forbids.
    static func value(_ code: String, _ message: String, column: String) -> Self {
        Self(code, message, remedy: "check rows before they are written", place: Place(column: column))
    }
}
