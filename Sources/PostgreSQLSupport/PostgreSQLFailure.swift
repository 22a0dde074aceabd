package import LakeModel

/// What PostgreSQL, or the way to it, fails with, whichever store it happens in.
///
/// Codes: `connection-string-invalid`, `database-unreachable`, `connection-lost`, `access-denied`, `database-missing`,
/// `database-busy`, `database-read-only`, `serialization-conflict`, `lock-timeout`, `statement-timeout`, `disk-full`,
/// `constraint-violated`, `value-refused`, `plan-stale`, `database-newer`, `commit-state-unknown`, `database-failed`.
package struct PostgreSQLFailure: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?
    package var isRetryable: Bool
    /// The server's code of five characters (PostgreSQL manual, appendix A); `nil` when the server did not answer.
    package var sqlState: String?

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil,
        isRetryable: Bool = false, sqlState: String? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
        self.isRetryable = isRetryable
        self.sqlState = sqlState
    }

    /// Tells an answer of the server in terms of what to do about it.
    package init(sqlState: String, message: String, place: Place?) {
        let kind = SQLStateKind(sqlState)
        self.init(
            code: kind.code, message: "\(kind.text): \(message) (\(sqlState))", remedy: kind.remedy, place: place,
            isRetryable: kind.isRetryable, sqlState: sqlState)
    }

    /// Whether the server took the whole transaction back and a repetition may succeed.
    package var isSerializationConflict: Bool { code == "serialization-conflict" }

    /// Whether the connection is of no use any more.
    var endsConnection: Bool {
        guard let sqlState else { return code == "connection-lost" || code == "statement-timeout" }
        return ["08", "57P", "XX"].contains { sqlState.hasPrefix($0) } || code == "database-read-only"
    }

    /// Whether a COMMIT that was answered so is known to have been taken back: the server tells it as an error of the
    /// statement. When it goes down meanwhile, or the connection does, the mark may have been written.
    var provesRollback: Bool { sqlState != nil && !endsConnection }

    static func lost(_ message: String, place: Place?) -> Self {
        Self(
            code: "connection-lost", message: "the connection to PostgreSQL broke: \(message)",
            remedy: "repeat the call; look at the server's log and the network if it goes on", place: place,
            isRetryable: true)
    }

    static func silent(milliseconds: Int, place: Place?) -> Self {
        Self(
            code: "statement-timeout", message: "PostgreSQL did not answer within \(milliseconds) ms",
            remedy: "look whether the server is overloaded or stopped, then repeat the call", place: place,
            isRetryable: true)
    }

    static func stateUnknown(_ cause: Self) -> Self {
        Self(
            code: "commit-state-unknown", message: "the commit was sent, but whether it stands is not known",
            remedy: "look for what the commit wrote before anything is repeated or deleted", place: cause.place,
            cause: cause)
    }

    static func busy(_ message: String) -> Self {
        Self(
            code: "database-busy", message: message,
            remedy: "repeat the call after a moment; allow more connections if this goes on", isRetryable: true)
    }
}

/// Groups of SQLSTATE codes that ask for the same reaction.
enum SQLStateKind: Hashable {
    case unreachable, lost, denied, databaseMissing, busy, readOnly, conflict, lockTimeout, statementTimeout, diskFull
    case constraint, value, stalePlan, other

    init(_ state: String) {
        self =
            switch state {
            case "40001", "40P01": .conflict
            case "55P03": .lockTimeout
            case "57014", "25P03": .statementTimeout
            case "57P03": .unreachable
            case "53100": .diskFull
            case "25006": .readOnly
            case "0A000": .stalePlan
            case "42501": .denied
            case "3D000": .databaseMissing
            default: Self.byClass(state)
            }
    }

    private static func byClass(_ state: String) -> Self {
        switch state.prefix(2) {
        case "08": .lost
        case "28": .denied
        case "57" where state.hasPrefix("57P"): .lost
        case "53": .busy
        case "40": .conflict
        case "23": .constraint
        case "22": .value
        default: .other
        }
    }

    var code: String {
        switch self {
        case .unreachable: "database-unreachable"
        case .lost: "connection-lost"
        case .denied: "access-denied"
        case .databaseMissing: "database-missing"
        case .busy: "database-busy"
        case .readOnly: "database-read-only"
        case .conflict: "serialization-conflict"
        case .lockTimeout: "lock-timeout"
        case .statementTimeout: "statement-timeout"
        case .diskFull: "disk-full"
        case .constraint: "constraint-violated"
        case .value: "value-refused"
        case .stalePlan: "plan-stale"
        case .other: "database-failed"
        }
    }

    var isRetryable: Bool {
        switch self {
        case .unreachable, .lost, .busy, .readOnly, .conflict, .lockTimeout, .statementTimeout, .diskFull, .stalePlan:
            true
        case .denied, .databaseMissing, .constraint, .value, .other: false
        }
    }

    var text: String {
        switch self {
        case .unreachable: "PostgreSQL is starting or stopping"
        case .lost: "PostgreSQL ended the connection"
        case .denied: "PostgreSQL refused the user"
        case .databaseMissing: "there is no such database"
        case .busy: "PostgreSQL is out of a resource"
        case .readOnly: "PostgreSQL takes no writes"
        case .conflict: "another transaction got in the way"
        case .lockTimeout: "a lock was held for too long by someone else"
        case .statementTimeout: "a statement took too long"
        case .diskFull: "the disk of PostgreSQL is full"
        case .constraint: "a constraint was violated"
        case .value: "PostgreSQL refused a value"
        case .stalePlan: "a table changed behind a prepared statement"
        case .other: "PostgreSQL failed"
        }
    }

    var remedy: String {
        switch self {
        case .unreachable, .lost, .conflict, .stalePlan: "repeat the call"
        case .denied: "check user, password and rights; the user needs to create tables in its schema"
        case .databaseMissing: "create the database, or name another one in the connection string"
        case .busy: "repeat the call after a moment; raise the server's limits if this goes on"
        case .readOnly: "point the connection string at the primary (`target_session_attrs=read-write`)"
        case .lockTimeout: "look in pg_stat_activity who holds the lock, then repeat the call"
        case .statementTimeout: "look whether the server is overloaded, then repeat the call"
        case .diskFull: "free space on the server, then repeat the call"
        case .constraint, .value: "look at the values of the message"
        case .other: "look at the server's log"
        }
    }
}
