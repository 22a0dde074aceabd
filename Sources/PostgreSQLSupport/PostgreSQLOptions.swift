/// Where a database is and how patient its connections are.
package struct PostgreSQLOptions: Sendable {
    /// Connections that one pool opens at most.
    package static let connectionsMaxDefault = 8
    /// Calls that wait for a connection at most; more are refused at once.
    package static let waitersMaxDefault = 1_024
    /// Milliseconds that a call waits for a connection before it is refused.
    package static let queueMillisecondsDefault = 10_000
    /// Seconds until an attempt to connect is given up; libpq takes whole seconds, at least 2.
    package static let connectSecondsDefault = 10
    /// Milliseconds that a statement may take, by the server's clock.
    package static let statementMillisecondsDefault = 30_000
    /// Milliseconds that a statement waits for a lock.
    package static let lockMillisecondsDefault = 10_000
    /// Seconds after which an unused connection is closed.
    package static let idleSecondsDefault = 300
    /// Milliseconds beyond the statement's time after which a server that says nothing is given up.
    package static let graceMillisecondsDefault = 5_000
    /// Milliseconds that sent bytes may stay unacknowledged before the system ends the connection.
    package static let unacknowledgedMilliseconds = 30_000

    /// A URI `postgresql://…` or `key=value` pairs, as libpq takes them, TLS options included (PostgreSQL manual,
    /// section 34.1). What it leaves open comes from libpq's environment (`PGPASSWORD`, `PGPASSFILE`, `PGSSLMODE`, …).
    package var connectionString: String
    /// The schema that the tables lie in; it is created when it is missing.
    package var schema: String
    package var connectionsMax = connectionsMaxDefault
    package var waitersMax = waitersMaxDefault
    package var queueMilliseconds = queueMillisecondsDefault
    package var connectSeconds = connectSecondsDefault
    package var statementMilliseconds = statementMillisecondsDefault
    package var lockMilliseconds = lockMillisecondsDefault
    package var graceMilliseconds = graceMillisecondsDefault
    package var idleSeconds = idleSecondsDefault
    /// Whether a commit returns only when it is on the server's disk. Without it a crash of the server may take the
    /// last commits, whole ones and in order.
    package var isSynchronous = true
    /// Shown in `pg_stat_activity`.
    package var applicationName = "dipper"

    package init(connectionString: String, schema: String) {
        self.connectionString = connectionString
        self.schema = schema
    }

    /// What libpq is told, in this order: what the connection string may override, the string, what it may not.
    var parameters: [(keyword: String, value: String)] {
        [
            ("connect_timeout", "\(connectSeconds)"),
            ("tcp_user_timeout", "\(Self.unacknowledgedMilliseconds)"),
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("target_session_attrs", "read-write"), ("fallback_application_name", applicationName),
            ("dbname", connectionString),
            ("client_encoding", "UTF8"),
        ]
    }

    /// Settings of each session.
    var settings: [(name: String, value: String)] {
        [
            ("search_path", PostgreSQLText.quoted(schema)), ("TimeZone", "UTC"),
            ("statement_timeout", "\(statementMilliseconds)"), ("lock_timeout", "\(lockMilliseconds)"),
            ("idle_in_transaction_session_timeout", "\(statementMilliseconds + graceMilliseconds)"),
            ("synchronous_commit", isSynchronous ? "on" : "off"),
        ]
    }
}

/// Text inside SQL.
package enum PostgreSQLText {
    /// Bytes of a name that PostgreSQL keeps; it would cut the rest off.
    package static let nameBytesMax = 63

    /// Quotes a name for SQL, whatever it holds but NUL.
    package static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
