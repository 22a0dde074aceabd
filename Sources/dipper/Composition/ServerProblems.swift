import GatewayHTTP
import HTTPTypes

/// Codes of the parts that this executable composes, with their HTTP status.
enum ServerProblems {
    static let all: [ProblemKind] = [
        ProblemKind("analytic-unknown", .notFound, "There is no such analytic"),
        ProblemKind("append-in-progress", .serviceUnavailable, "The same request is at work already"),
        ProblemKind("append-state-unknown", .serviceUnavailable, "Whether the write is durable is not known"),
        ProblemKind("connection-lost", .serviceUnavailable, "The connection to the database broke"),
        ProblemKind("database-busy", .serviceUnavailable, "The database takes no more work at the moment"),
        ProblemKind("database-read-only", .serviceUnavailable, "The database takes no writes at the moment"),
        ProblemKind("database-unreachable", .serviceUnavailable, "The database can't be reached"),
        ProblemKind("lock-timeout", .serviceUnavailable, "The database was held up by someone else"),
        ProblemKind("serialization-conflict", .serviceUnavailable, "The database was held up by someone else"),
        ProblemKind("statement-timeout", .serviceUnavailable, "The database took too long"),
        ProblemKind("data-unreadable", .serviceUnavailable, "A data file could not be read"),
        ProblemKind("deletes-unsupported", .unprocessableContent, "The table has deletes that cannot be applied here"),
        ProblemKind("evolution-unsupported", .unprocessableContent, "The table's history cannot be read here"),
        ProblemKind("file-unsupported", .unprocessableContent, "The table has files that are not read here"),
        ProblemKind("format-unsupported", .unprocessableContent, "The table has files of another format"),
        ProblemKind("location-unsupported", .unprocessableContent, "The table lies where this engine cannot read"),
        ProblemKind("operational-unavailable", .serviceUnavailable, "The operational tables can't be read by SQL"),
        ProblemKind("cache-busy", .serviceUnavailable, "The files of other queries fill the cache for queries"),
        ProblemKind("cache-too-small", .unprocessableContent, "The tables are larger than the cache for queries"),
        ProblemKind("credentials-missing", .serviceUnavailable, "The server has no key to its object store"),
        ProblemKind("object-damaged", .serviceUnavailable, "A file of the object store is damaged"),
        ProblemKind("storage-busy", .serviceUnavailable, "The object store takes no more work at the moment"),
        ProblemKind("storage-unavailable", .serviceUnavailable, "The object store does not answer"),
        ProblemKind("log-overloaded", .serviceUnavailable, "The log takes no more writes at the moment"),
        ProblemKind("log-refused", .internalServerError, "The log refused the server"),
        ProblemKind("log-unreachable", .serviceUnavailable, "The log can't be reached at the moment"),
        ProblemKind("record-too-large", .contentTooLarge, "The log takes no record of this size"),
    ]
}
