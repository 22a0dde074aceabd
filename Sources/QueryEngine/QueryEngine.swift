package import LakeModel

/// Read-only SQL over the tables that a request brings along.
package protocol QueryEngine: Sendable {
    /// Runs one SELECT.
    /// - Throws: ``QueryError``: `sql-syntax`, `sql-refused` (not a SELECT, or reaches outside), `sql-invalid` (unknown
    ///   names, wrong types, values that do not convert), `query-timeout`, `query-memory`, `result-too-large`,
    ///   `engine-missing`, `engine-crashed` (retryable), `overloaded` (retryable), `data-unreadable` (retryable: a file
    ///   of the table is gone or damaged); `CancellationError` when the task was cancelled.
    func execute(_ request: QueryRequest) async throws -> QueryResult

    /// Parses one SELECT without running it.
    /// - Throws: ``QueryError`` as ``execute(_:)``, but for what only the tables or the run can tell.
    func outline(of sql: String) async throws -> StatementOutline
}

package struct QueryRequest: Sendable {
    package var sql: String
    /// Positional values for `?` or `$1`; or named ones for `$name`.
    package var parameters: QueryParameters
    package var tables: [QueryTable]
    package var limits: QueryLimits
    /// Whether the engine must not reach files of tables that others asked for before.
    package var isIsolated: Bool
    /// Is told now and then how far the query is; from any thread.
    package var progress: (@Sendable (QueryProgress) -> Void)?

    package init(
        sql: String, parameters: QueryParameters = .positional([]), tables: [QueryTable],
        limits: QueryLimits = QueryLimits(), isIsolated: Bool = false,
        progress: (@Sendable (QueryProgress) -> Void)? = nil
    ) {
        self.sql = sql
        self.parameters = parameters
        self.tables = tables
        self.limits = limits
        self.isIsolated = isIsolated
        self.progress = progress
    }
}

/// How far a running query is.
package struct QueryProgress: Codable, Sendable, Hashable {
    /// From 0 to 100; `nil` where the engine cannot tell.
    package var percent: Double?
    /// Rows read so far, and how many there are to read by the engine's estimate.
    package var rowsRead: Int64
    package var rowsTotal: Int64

    package init(percent: Double?, rowsRead: Int64, rowsTotal: Int64) {
        self.percent = percent
        self.rowsRead = rowsRead
        self.rowsTotal = rowsTotal
    }
}

package enum QueryParameters: Sendable, Hashable {
    case positional([QueryValue])
    case named([String: QueryValue])
}

/// One value of a result or a parameter. Types without a JSON form of their own travel as text (timestamps in ISO 8601
/// UTC with `Z`, decimals in plain digits).
package enum QueryValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    case text(String)
}

/// A table as the scan plan sees it: pruned data files, and the position deletes that apply to them.
package struct QueryTable: Sendable, Hashable {
    package var namespace: String
    package var name: String
    package var fields: [SchemaField]
    /// Local paths of Parquet data files without deletes.
    package var plainFiles: [String]
    /// Local paths of data files that position deletes apply to.
    package var deletedFromFiles: [String]
    /// Local paths of the position delete files.
    package var deleteFiles: [String]
    /// What the delete files' `file_path` column holds before the local path, for example `file://`.
    package var locationScheme: String
    /// What local paths hold in its place: `/data/lake/` where locations begin with `s3://lake/`.
    package var locationRoot: String
    /// Data files that equality deletes of other engines apply to; none of them is among the files above.
    package var equalityGroups: [EqualityGroup] = []
    /// The rows themselves, as a JSON array of objects: what the table's metadata holds. There are no files then.
    package var json: String?
    /// The name of the attached database's table that the rows come from instead; see `fields` for their types.
    package var attached: AttachedTable?
    /// Rows of all data files together, deleted ones included, for the engine to choose its plan by; `nil`: not known.
    package var rowCount: Int64?
    /// The folders that the files lie in, each with a trailing slash; empty: wherever the engine may read.
    package var folders: [String] = []
    /// Changes whenever any of the above does: the key under which an engine may keep the table ready.
    package var version: String

    /// Data files to which the same equality deletes apply.
    package struct EqualityGroup: Sendable, Hashable {
        package var files: [String]
        /// Whether position deletes apply as well.
        package var hasPositionDeletes: Bool
        package var deletes: [EqualityDeletes]

        package init(files: [String], hasPositionDeletes: Bool, deletes: [EqualityDeletes]) {
            self.files = files
            self.hasPositionDeletes = hasPositionDeletes
            self.deletes = deletes
        }
    }

    /// Delete files that match rows by the same columns. A null matches a null.
    package struct EqualityDeletes: Sendable, Hashable {
        package var files: [String]
        package var fields: [SchemaField]

        package init(files: [String], fields: [SchemaField]) {
            self.files = files
            self.fields = fields
        }
    }

    /// A table of the operational database, as the engine has it attached.
    package struct AttachedTable: Sendable, Hashable {
        package var name: String
        /// The engine's expression for each field, in their order.
        package var expressions: [String]

        package init(name: String, expressions: [String]) {
            self.name = name
            self.expressions = expressions
        }
    }

    package init(
        namespace: String, name: String, fields: [SchemaField], plainFiles: [String], deletedFromFiles: [String] = [],
        deleteFiles: [String] = [], locationScheme: String = "file://", locationRoot: String = "",
        version: String
    ) {
        self.namespace = namespace
        self.name = name
        self.fields = fields
        self.plainFiles = plainFiles
        self.deletedFromFiles = deletedFromFiles
        self.deleteFiles = deleteFiles
        self.locationScheme = locationScheme
        self.locationRoot = locationRoot
        self.version = version
    }
}

package struct QueryLimits: Sendable, Hashable {
    package var timeoutMilliseconds: Int
    package var rowsMax: Int
    package var resultBytesMax: Int

    package init(timeoutMilliseconds: Int = 30_000, rowsMax: Int = 100_000, resultBytesMax: Int = 64 << 20) {
        self.timeoutMilliseconds = timeoutMilliseconds
        self.rowsMax = rowsMax
        self.resultBytesMax = resultBytesMax
    }
}

package struct QueryResult: Sendable, Hashable {
    package struct Column: Sendable, Hashable {
        package var name: String
        /// The engine's type name, for example `BIGINT` or `TIMESTAMP WITH TIME ZONE`.
        package var type: String

        package init(name: String, type: String) {
            self.name = name
            self.type = type
        }
    }

    package var columns: [Column]
    package var rows: [[QueryValue]]
    /// Whether `rowsMax` cut the result short.
    package var isTruncated: Bool
    package var elapsedMicroseconds: Int64

    package init(columns: [Column], rows: [[QueryValue]], isTruncated: Bool, elapsedMicroseconds: Int64) {
        self.columns = columns
        self.rows = rows
        self.isTruncated = isTruncated
        self.elapsedMicroseconds = elapsedMicroseconds
    }
}

/// What an engine refuses or fails with.
package struct QueryError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var isRetryable: Bool
    /// For errors in the SQL text: source `sql` and the byte offset, as far as the engine tells it.
    package var place: Place?

    package init(
        code: String, message: String, remedy: String? = nil, isRetryable: Bool = false, place: Place? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.isRetryable = isRetryable
        self.place = place
    }
}
