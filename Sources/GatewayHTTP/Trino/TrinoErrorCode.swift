import Access
import LakeModel
import QueryEngine
import TrinoSQL

/// An error as Trino's clients see it.
struct TrinoFailure: Error {
    var code: Int
    var name: String
    var kind: String
    var message: String
    var location: SourceLocation?

    /// Source: Trino's `StandardErrorCode`: its codes below 2^16 are the user's, from there on the server's, from 2^17 on
    /// those of resources.
    private static let codes: [String: Int] = [
        "GENERIC_USER_ERROR": 0, "SYNTAX_ERROR": 1, "ABANDONED_QUERY": 2, "USER_CANCELED": 3, "PERMISSION_DENIED": 4,
        "NOT_FOUND": 5, "FUNCTION_NOT_FOUND": 6, "INVALID_FUNCTION_ARGUMENT": 7, "DIVISION_BY_ZERO": 8,
        "INVALID_CAST_ARGUMENT": 9, "NOT_SUPPORTED": 13, "INVALID_SESSION_PROPERTY": 14,
        "NUMERIC_VALUE_OUT_OF_RANGE": 19, "UNKNOWN_TRANSACTION": 20, "NOT_IN_TRANSACTION": 21,
        "READ_ONLY_VIOLATION": 23, "SUBQUERY_MULTIPLE_ROWS": 28, "QUERY_TEXT_TOO_LARGE": 35, "TYPE_NOT_FOUND": 43,
        "CATALOG_NOT_FOUND": 44, "SCHEMA_NOT_FOUND": 45, "TABLE_NOT_FOUND": 46, "COLUMN_NOT_FOUND": 47,
        "MISSING_CATALOG_NAME": 56, "MISSING_SCHEMA_NAME": 57, "TYPE_MISMATCH": 58, "INVALID_LITERAL": 59,
        "MISMATCHED_COLUMN_ALIASES": 61, "AMBIGUOUS_NAME": 62, "INVALID_COLUMN_REFERENCE": 63, "MISSING_OVER": 66,
        "FUNCTION_NOT_WINDOW": 71, "FUNCTION_NOT_AGGREGATE": 72, "EXPRESSION_NOT_AGGREGATE": 73,
        "EXPRESSION_NOT_CONSTANT": 75, "INVALID_PARAMETER_USAGE": 80, "INVALID_LIMIT_CLAUSE": 90,
        "GENERIC_INTERNAL_ERROR": 65_536, "SERVER_SHUTTING_DOWN": 65_545, "GENERIC_INSUFFICIENT_RESOURCES": 131_072,
        "QUERY_QUEUE_FULL": 131_074, "EXCEEDED_TIME_LIMIT": 131_075, "EXCEEDED_LOCAL_MEMORY_LIMIT": 131_079,
        "EXCEEDED_SCAN_LIMIT": 131_081,
    ]

    init(_ name: String, _ message: String, location: SourceLocation? = nil) {
        self.name = name
        self.message = message
        self.location = location
        code = Self.codes[name] ?? 0
        kind = code >= 131_072 ? "INSUFFICIENT_RESOURCES" : code >= 65_536 ? "INTERNAL_ERROR" : "USER_ERROR"
    }

    init(_ error: any Error) {
        switch error {
        case let error as TrinoFailure: self = error
        case let error as TrinoSQLError:
            var message = error.message
            if let location = error.location { message = "line \(location.line):\(location.column): \(message)" }
            self.init(error.name, message, location: error.location)
        case is CancellationError: self.init("USER_CANCELED", "Query was canceled")
        case let error as any LakeError: self.init(Self.name(error), Self.text(error))
        default:
            self.init(
                "GENERIC_INTERNAL_ERROR",
                "The server failed in a way that is not the statement's fault; its log says why")
        }
    }

    /// What the server fails with for reasons of its own shows nothing of itself.
    private static func text(_ error: any LakeError) -> String {
        guard shown.contains(error.code) else {
            return "The server failed in a way that is not the statement's fault (\(error.code)); its log says why"
        }
        guard let remedy = error.remedy else { return error.message }
        return "\(error.message); \(remedy)"
    }

    private static let names: [String: String] = [
        "sql-syntax": "GENERIC_INTERNAL_ERROR", "sql-refused": "NOT_SUPPORTED", "sql-invalid": "GENERIC_USER_ERROR",
        "sql-failed": "GENERIC_USER_ERROR", "query-timeout": "EXCEEDED_TIME_LIMIT",
        "query-memory": "EXCEEDED_LOCAL_MEMORY_LIMIT", "result-too-large": "GENERIC_INSUFFICIENT_RESOURCES",
        "overloaded": "QUERY_QUEUE_FULL", "forbidden": "PERMISSION_DENIED", "snapshot-unknown": "NOT_FOUND",
        "engine-missing": "GENERIC_INTERNAL_ERROR", "engine-crashed": "GENERIC_INTERNAL_ERROR",
        "shutting-down": "SERVER_SHUTTING_DOWN", "format-unsupported": "NOT_SUPPORTED",
        "deletes-unsupported": "NOT_SUPPORTED", "evolution-unsupported": "NOT_SUPPORTED",
        "location-unsupported": "NOT_SUPPORTED", "unknown-table": "TABLE_NOT_FOUND",
    ]

    private static let shown = Set(names.keys).subtracting(["engine-crashed"])

    private static func name(_ error: any LakeError) -> String {
        guard error.code == "sql-invalid" || error.code == "sql-failed" else {
            return names[error.code] ?? "GENERIC_INTERNAL_ERROR"
        }
        // The engine tells these apart by its texts alone.
        let text = error.message
        let marks = [
            ("Division by zero", "DIVISION_BY_ZERO"), ("Array subscript", "INVALID_FUNCTION_ARGUMENT"),
            ("Key not present", "INVALID_FUNCTION_ARGUMENT"), ("cannot be represented", "INVALID_CAST_ARGUMENT"),
            ("Could not convert", "INVALID_CAST_ARGUMENT"), ("invalid date field", "INVALID_CAST_ARGUMENT"),
            ("invalid timestamp", "INVALID_CAST_ARGUMENT"), ("out of range", "NUMERIC_VALUE_OUT_OF_RANGE"),
            ("Overflow", "NUMERIC_VALUE_OUT_OF_RANGE"), ("More than one row", "SUBQUERY_MULTIPLE_ROWS"),
            ("GROUP BY clause", "EXPRESSION_NOT_AGGREGATE"),
        ]
        return marks.first { text.contains($0.0) }?.1 ?? "GENERIC_USER_ERROR"
    }

    var json: JSONValue {
        let place: JSONValue? = location.map {
            ["lineNumber": .integer(Int64($0.line)), "columnNumber": .integer(Int64($0.column))]
        }
        let identity: JSONValue = ["code": .integer(Int64(code)), "name": .string(name), "type": .string(kind)]
        let info: JSONValue = .object([
            "type": "io.trino.spi.TrinoException", "message": .string(message), "suppressed": [], "stack": [],
            "errorInfo": identity, "errorLocation": place,
        ])
        return .object([
            "message": .string(message), "errorCode": .integer(Int64(code)), "errorName": .string(name),
            "errorType": .string(kind), "errorLocation": place, "failureInfo": info,
        ])
    }
}
