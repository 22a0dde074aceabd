package import LakeModel

/// What is wrong with a statement in Trino's SQL, or what of it cannot be translated.
package struct TrinoSQLError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    /// Trino's own name of the error, for example `COLUMN_NOT_FOUND`; clients match on it.
    package var name: String
    /// Where in the statement; `nil` when no single place is at fault.
    package var location: SourceLocation?

    package init(
        code: String, name: String, message: String, remedy: String? = nil, location: SourceLocation? = nil
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.remedy = remedy
        self.location = location
    }

    package var place: Place? {
        location.map { Place(source: "sql", line: $0.line, column: String($0.column)) }
    }
}

/// A place in a statement, as Trino counts: lines and columns from 1, columns in code points.
package struct SourceLocation: Sendable, Hashable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

extension TrinoSQLError {
    static func syntax(_ message: String, _ location: SourceLocation) -> TrinoSQLError {
        TrinoSQLError(code: "trino-syntax", name: "SYNTAX_ERROR", message: message, location: location)
    }

    static func unsupported(_ what: String, _ location: SourceLocation?) -> TrinoSQLError {
        TrinoSQLError(
            code: "trino-not-supported", name: "NOT_SUPPORTED", message: "\(what) is not supported here",
            remedy: "docs/trino.md lists what is", location: location)
    }

    static func semantic(_ name: String, _ message: String, _ location: SourceLocation?) -> TrinoSQLError {
        TrinoSQLError(code: "trino-invalid", name: name, message: message, location: location)
    }

    static func tooLarge(_ message: String, _ location: SourceLocation?) -> TrinoSQLError {
        TrinoSQLError(
            code: "trino-too-large", name: "QUERY_TEXT_TOO_LARGE", message: message,
            remedy: "split the statement", location: location)
    }
}

/// What a statement may ask of the parser and the translator at most.
package enum TrinoSQLLimits {
    /// Code points of a statement.
    package static let textScalarsMax = 1_000_000
    /// Levels of nesting of an expression, a query or a type.
    package static let depthMax = 200
    /// Fields and subscripts behind one expression, such as `a.b[1].c`.
    package static let suffixesMax = 32
    /// Bytes of the translated text of any part of a statement.
    package static let outputBytesMax = 4 << 20
}
