import GatewayHTTP
import HTTPTypes

/// Codes of the parts that this executable composes, with their HTTP status.
enum ServerProblems {
    static let all: [ProblemKind] = [
        ProblemKind("analytic-unknown", .notFound, "There is no such analytic"),
        ProblemKind("append-state-unknown", .serviceUnavailable, "Whether the write is durable is not known"),
        ProblemKind("data-unreadable", .serviceUnavailable, "A data file could not be read"),
        ProblemKind("deletes-unsupported", .unprocessableContent, "The table has deletes that cannot be applied here"),
        ProblemKind("evolution-unsupported", .unprocessableContent, "The table's history cannot be read here"),
        ProblemKind("format-unsupported", .unprocessableContent, "The table has files of another format"),
        ProblemKind("location-unsupported", .unprocessableContent, "The table lies where this engine cannot read"),
        ProblemKind("log-overloaded", .serviceUnavailable, "The log takes no more writes at the moment"),
    ]
}
