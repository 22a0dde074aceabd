import CLibPQ
package import LakeModel

/// A session with the server. It blocks its thread while it waits, so it lives on a thread of its own
/// (``PostgreSQLPool``) and leaves it never; each wait has an end.
///
/// libpq is driven without blocking calls: bytes are sent and received by `poll` with a deadline, so that a server that
/// is stopped or unplugged is given up. The unsafe part is libpq's pointer, which this object owns and closes.
@safe package final class PostgreSQLConnection {
    /// Prepared statements that a session keeps; past that all are dropped and prepared anew.
    static let statementsMax = 256
    /// How often a transaction is run that the server took back for another one's sake.
    package static let attemptsMax = 5

    let handle: OpaquePointer
    let options: PostgreSQLOptions
    package let place: Place
    private var statements: [String: String] = [:]
    /// Set when the session is of no use any more: the pool closes it.
    private(set) var isBroken = false

    /// Connects and sets the session up.
    /// - Throws: ``PostgreSQLFailure``.
    package init(_ options: PostgreSQLOptions) throws {
        try Self.validate(options.connectionString)
        let parameters = options.parameters
        let opened = unsafe CStrings.with(parameters.map { $0.keyword }) { keywords in
            unsafe CStrings.with(parameters.map { $0.value }) { values in unsafe PQconnectdbParams(keywords, values, 1)
            }
        }
        guard let opened = unsafe opened else {
            throw PostgreSQLFailure.busy("there is no memory for a connection")
        }
        unsafe handle = opened
        self.options = options
        place = unsafe Self.place(of: opened)
        unsafe dipper_pq_silence(opened)
        guard unsafe PQstatus(opened) == CONNECTION_OK, unsafe PQsetnonblocking(opened, 1) == 0 else {
            throw unsafe Self.refusal(opened, place)
        }
        let marks = options.settings.indices.map { "set_config($\($0 * 2 + 1), $\($0 * 2 + 2), false)" }
        _ = try execute(
            "SELECT " + marks.joined(separator: ", "),
            options.settings.flatMap { [PostgreSQLParameter.text($0.name), .text($0.value)] })
    }

    deinit { unsafe PQfinish(handle) }

    /// Whether the session can still be used. Costs one system call and finds a server that has closed the session.
    var isAlive: Bool {
        if isBroken { return false }
        guard unsafe PQtransactionStatus(handle) == PQTRANS_IDLE else { return false }
        guard canRead else { return true }
        return unsafe PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK
    }

    func markBroken() { isBroken = true }

    // MARK: Statements

    /// Runs one statement with parameters `$1`, `$2`, …; it is prepared once a session.
    package func execute(_ sql: String, _ parameters: [PostgreSQLParameter] = []) throws -> PostgreSQLResult {
        let name = try prepared(sql, parameters.map(\.type))
        let isSent = unsafe Parameters(parameters).with { count, values, lengths, formats in
            unsafe PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
        }
        do {
            return try finish(isSent)
        } catch let failure as PostgreSQLFailure where failure.code == "plan-stale" {
            statements[sql] = nil
            throw failure
        }
    }

    /// Runs one or several statements without parameters and without preparing them.
    @discardableResult package func run(_ sql: String) throws -> PostgreSQLResult {
        try finish(unsafe PQsendQuery(handle, sql))
    }

    private func prepared(_ sql: String, _ types: [UInt32]) throws -> String {
        if let name = statements[sql] { return name }
        if statements.count >= Self.statementsMax {
            try run("DEALLOCATE ALL")
            statements.removeAll(keepingCapacity: true)
            serial = 0
        }
        serial += 1
        let name = "s\(serial)"
        let isSent = unsafe types.withUnsafeBufferPointer {
            unsafe PQsendPrepare(handle, name, sql, Int32($0.count), $0.baseAddress)
        }
        _ = try finish(isSent)
        statements[sql] = name
        return name
    }

    private var serial = 0

    // MARK: Transactions

    /// Runs `body` in one transaction, again when the server took it back for the sake of another one.
    /// - Throws: what `body` throws, after a rollback; `commit-state-unknown` when the answer to COMMIT was lost.
    package func transaction<Value>(
        isReadOnly: Bool = false, _ body: (PostgreSQLConnection) throws -> Value
    ) throws -> Value {
        let begin = isReadOnly ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN"
        var attempt = 1
        while true {
            do {
                return try transactionOnce(begin, body)
            } catch let failure as PostgreSQLFailure
                where failure.isSerializationConflict && attempt < Self.attemptsMax
            {
                attempt += 1
            }
        }
    }

    private func transactionOnce<Value>(
        _ begin: String, _ body: (PostgreSQLConnection) throws -> Value
    ) throws -> Value {
        try run(begin)
        let value: Value
        do {
            value = try body(self)
        } catch {
            if !isBroken {
                // A rollback that fails ends the session, which rolls back as well.
                do { try run("ROLLBACK") } catch { isBroken = true }
            }
            throw error
        }
        try commit()
        return value
    }

    private func commit() throws {
        do {
            guard try run("COMMIT").tag == "COMMIT" else {
                throw PostgreSQLFailure(
                    code: "database-failed", message: "a statement of the transaction failed; it was rolled back",
                    remedy: "look at the server's log", place: place, sqlState: "25P02")
            }
        } catch let failure as PostgreSQLFailure where !failure.provesRollback {
            isBroken = true
            throw PostgreSQLFailure.stateUnknown(failure)
        }
    }

    // MARK: Answers

    /// Takes the answers to what was sent; the last one, or the first error.
    func finish(_ isSent: Int32) throws -> PostgreSQLResult {
        guard isSent == 1 else { throw broken() }
        try flush()
        var last: PostgreSQLResult?
        var failure: PostgreSQLFailure?
        while let result = try nextResult() {
            switch result.status {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = result
            case PGRES_COPY_IN: return result
            default: failure = failure ?? self.failure(result)
            }
            if failure != nil, unsafe PQstatus(handle) != CONNECTION_OK { break }
        }
        if let failure {
            if failure.endsConnection { isBroken = true }
            throw failure
        }
        guard let last else { throw broken() }
        return last
    }

    private func failure(_ result: PostgreSQLResult) -> PostgreSQLFailure {
        guard let state = result.errorField(dipper_pq_sqlstate) else { return broken() }
        let parts = [dipper_pq_message, dipper_pq_detail].compactMap { result.errorField($0) }
        return PostgreSQLFailure(sqlState: state, message: parts.joined(separator: "; "), place: place)
    }

    /// Gives the session up.
    func broken() -> PostgreSQLFailure {
        isBroken = true
        return .lost(unsafe Self.lastError(handle), place: place)
    }

    // MARK: Opening

    /// libpq's own messages about a string that it can't read may repeat it, password included, so they are not shown.
    private static func validate(_ text: String) throws {
        var problem: UnsafeMutablePointer<CChar>?
        let parsed = unsafe PQconninfoParse(text, &problem)
        unsafe PQconninfoFree(parsed)
        unsafe PQfreemem(problem)
        guard unsafe parsed != nil else {
            throw PostgreSQLFailure(
                code: "connection-string-invalid", message: "the connection string of PostgreSQL can't be read",
                remedy: "write it as postgresql://USER@HOST:PORT/DATABASE?sslmode=require, "
                    + "with special characters of each part percent-encoded")
        }
    }

    private static func place(of handle: OpaquePointer) -> Place {
        let host = unsafe PQhost(handle).map { unsafe String(cString: $0) } ?? ""
        let port = unsafe PQport(handle).map { unsafe String(cString: $0) } ?? ""
        let name = unsafe PQdb(handle).map { unsafe String(cString: $0) } ?? ""
        return Place(source: "postgresql://\(host):\(port)/\(name)")
    }

    static func lastError(_ handle: OpaquePointer) -> String {
        let text = unsafe PQerrorMessage(handle).map { unsafe String(cString: $0) } ?? ""
        return text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    /// Why no session came about. libpq gives no SQLSTATE here, only text in the server's language: but for a password
    /// that is missing or refused, the reason is taken as one that passes.
    private static func refusal(_ handle: OpaquePointer, _ place: Place) -> PostgreSQLFailure {
        let text = unsafe lastError(handle)
        if unsafe PQconnectionNeedsPassword(handle) == 1
            || PQconnectionUsedPassword(handle) == 1
                && text.contains("authentication failed")
        {
            return PostgreSQLFailure(
                code: "access-denied", message: "PostgreSQL refused the user: \(text)",
                remedy:
                    "give user and password in the connection string, or the password in PGPASSWORD or a file named "
                    + "by PGPASSFILE", place: place)
        }
        return PostgreSQLFailure(
            code: "database-unreachable", message: "no connection to PostgreSQL: \(text)",
            remedy: "check that the server runs and that the connection string names it", place: place,
            isRetryable: true)
    }
}
