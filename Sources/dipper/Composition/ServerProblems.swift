import GatewayHTTP
import HTTPTypes

/// Codes of the parts that this executable composes, with their HTTP status.
enum ServerProblems {
    static let all: [ProblemKind] = [
        ProblemKind("analytic-unknown", .notFound, "There is no such analytic"),
        ProblemKind("append-state-unknown", .serviceUnavailable, "Whether the write is durable is not known"),
        ProblemKind("cluster-unreachable", .serviceUnavailable, "The Trino cluster can't be reached"),
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
        ProblemKind("format-unsupported", .unprocessableContent, "The table has files of another format"),
        ProblemKind("location-unsupported", .unprocessableContent, "The table lies where this engine cannot read"),
        ProblemKind("log-overloaded", .serviceUnavailable, "The log takes no more writes at the moment"),
    ]
}
