import Access
import HTTPTypes
import QueryEngine
import TrinoSQL

/// Answers statements in Trino's SQL from the embedded engine and the catalog.
struct TrinoExecutor: Sendable {
    let sql: any SQLAnswering
    let catalog: TrinoCatalog
    let queries: TrinoQueries

    /// One statement with whose it is.
    struct Job: Sendable {
        var session: TrinoSession
        var reader: Principal
        /// What `EXECUTE` gave for the statement's `?`.
        var arguments: ParsedArguments?
        /// How many statements lead to this one: `EXECUTE` of an `EXECUTE` is refused.
        var isInner = false
    }

    /// - Throws: ``TrinoFailure``, ``TrinoSQLError``, and what the engine throws.
    func run(_ text: String, _ job: Job) async throws -> TrinoOutcome {
        if let id = job.session.transactionID { try queries.useTransaction(id) }
        for name in job.session.properties.keys { _ = try Self.property(name) }
        let statement = try TrinoStatement(text)
        switch statement.kind {
        case .query(let query):
            try Self.check(job.arguments, statement.parameterCount)
            return try await answer(query, job)
        case .explain(let options, let query): return try await explain(options, query, job)
        case .execute, .executeImmediate: return try await execute(statement.kind, job)
        case .prepare, .deallocate, .describeInput, .describeOutput: return try await prepared(statement.kind, job)
        case .use, .setSession, .resetSession, .startTransaction, .commit, .rollback, .setTimeZone:
            return try await change(statement.kind, job)
        case .refused(let words, let location):
            throw TrinoFailure(
                "NOT_SUPPORTED",
                "line \(location.line):\(location.column): \(words) is not supported: statements only read here; rows "
                    + "come in by uploads, batches and the Iceberg catalog", location: location)
        default: return try await TrinoShow(executor: self, job: job).answer(statement.kind)
        }
    }

    // MARK: Queries

    /// Translates with the definitions of the tables that turn up on the way.
    func translate(_ query: ParsedQuery, _ job: Job) async throws -> Translation {
        var context = job.session.context
        while true {
            do {
                return try query.translated(
                    for: context, arguments: job.arguments ?? TrinoStatement.noArguments)
            } catch let missing as MissingTable {
                guard context.tables.count < TrinoLimits.tablesMax, context.tables[missing.name] == nil else {
                    throw TrinoFailure("QUERY_TEXT_TOO_LARGE", "the statement names too many tables")
                }
                context.tables[missing.name] = try await catalog.definition(
                    of: missing.name, job.reader, queries: queries, at: missing.location)
            }
        }
    }

    private func answer(_ query: ParsedQuery, _ job: Job) async throws -> TrinoOutcome {
        let translation = try await translate(query, job)
        let result = try await ask(translation.sql, job)
        var columns: [TrinoColumn] = []
        for (index, found) in result.columns.enumerated() {
            guard let known = translation.columns, known.indices.contains(index) else {
                columns.append(TrinoColumn(name: found.name, type: TrinoType(engineName: found.type)))
                continue
            }
            columns.append(
                TrinoColumn(
                    name: known[index].name,
                    type: TrinoType.ofResult(known: known[index].type, engineName: found.type)))
        }
        return try outcome(columns, result.rows, job)
    }

    private func ask(_ text: String, _ job: Job) async throws -> QueryResult {
        var question = SQLQuestion(sql: text, reader: job.reader)
        question.rowsMax = TrinoLimits.rowsMax
        question.timeoutMilliseconds = try Self.timeout(job.session)
        let result = try await sql.answer(question).result
        guard !result.isTruncated else {
            throw TrinoFailure(
                "GENERIC_INSUFFICIENT_RESOURCES",
                "the result has more than \(result.rows.count) rows, which is what is kept for a client; add a LIMIT")
        }
        return result
    }

    func outcome(_ columns: [TrinoColumn], _ rows: [[QueryValue]], _ job: Job) throws -> TrinoOutcome {
        let pages = TrinoPages.cut(rows, columns, isParametric: job.session.isParametric)
        let size = pages.reduce(0) { $0 + $1.count }
        guard queries.bytes + size <= TrinoLimits.resultBytesMax else {
            throw TrinoFailure(
                "GENERIC_INSUFFICIENT_RESOURCES", "the results that wait to be fetched leave no room for this one")
        }
        return TrinoOutcome(columns: columns, pages: pages, rowCount: rows.count)
    }

    /// `true` in a column `result`, as statements without rows answer.
    static func done(_ updateType: String, headers: HTTPFields = [:]) -> TrinoOutcome {
        TrinoOutcome(
            columns: [TrinoColumn(name: "result", type: .boolean)], pages: [Array("[[true]]".utf8)], rowCount: 1,
            updateType: updateType, headers: headers)
    }

    private static func check(_ arguments: ParsedArguments?, _ wanted: Int) throws {
        let given = arguments?.count ?? 0
        guard given == wanted else {
            throw TrinoFailure(
                "INVALID_PARAMETER_USAGE", "Incorrect number of parameters: expected \(wanted) but found \(given)")
        }
    }

    // MARK: EXPLAIN

    private func explain(
        _ options: ExplainOptions, _ query: ParsedQuery, _ job: Job
    ) async throws -> TrinoOutcome {
        let translation = try await translate(query, job)
        if options.type == "VALIDATE" {
            return try outcome([TrinoColumn(name: "Valid", type: .boolean)], [[.boolean(true)]], job)
        }
        guard options.type != "IO", options.format == "TEXT" else {
            throw TrinoFailure(
                "NOT_SUPPORTED", "EXPLAIN (TYPE \(options.type), FORMAT \(options.format)) is not supported")
        }
        let columns = translation.columns?.map { "\($0.name):\($0.type.name)" }.joined(separator: ", ")
        var lines = [
            "Output[\(columns ?? "columns that the engine finds out")]",
            "Tables[\(translation.tables.map(\.description).joined(separator: ", "))]", "Engine: DuckDB",
            "Statement: \(translation.sql)",
        ]
        if options.isAnalyze {
            let result = try await ask(translation.sql, job)
            lines.append("Rows: \(result.rows.count), time: \(result.elapsedMicroseconds / 1_000)ms")
        }
        return try outcome(
            [TrinoColumn(name: "Query Plan", type: .varchar)], [[.text(lines.joined(separator: "\n"))]], job)
    }

    // MARK: Prepared statements

    private func execute(_ kind: TrinoStatement.Kind, _ job: Job) async throws -> TrinoOutcome {
        guard !job.isInner else {
            throw TrinoFailure("NOT_SUPPORTED", "EXECUTE inside EXECUTE is not supported")
        }
        var inner = job
        inner.isInner = true
        switch kind {
        case .execute(let name, let arguments):
            inner.arguments = arguments
            return try await run(try preparedText(name, job), inner)
        case .executeImmediate(let text, let arguments):
            inner.arguments = arguments
            return try await run(text, inner)
        default: preconditionFailure("only EXECUTE comes here")
        }
    }

    private func preparedText(_ name: String, _ job: Job) throws -> String {
        guard let text = job.session.prepared[name] else {
            throw TrinoFailure("NOT_FOUND", "Prepared statement not found: \(name)")
        }
        return text
    }

    private func prepared(_ kind: TrinoStatement.Kind, _ job: Job) async throws -> TrinoOutcome {
        switch kind {
        case .prepare(let name, let text):
            return Self.done(
                "PREPARE",
                headers: Self.header("Added-Prepare", "\(PercentCoding.encode(name))=\(PercentCoding.encode(text))"))
        case .deallocate(let name):
            _ = try preparedText(name, job)
            return Self.done("DEALLOCATE", headers: Self.header("Deallocated-Prepare", PercentCoding.encode(name)))
        case .describeInput(let name):
            let statement = try TrinoStatement(try preparedText(name, job))
            return try outcome(
                [TrinoColumn(name: "Position", type: .bigint), TrinoColumn(name: "Type", type: .varchar)],
                (0..<statement.parameterCount).map { [.integer(Int64($0)), .text("unknown")] }, job)
        case .describeOutput(let name):
            let statement = try TrinoStatement(try preparedText(name, job))
            guard case .query(let query) = statement.kind else {
                throw TrinoFailure("NOT_SUPPORTED", "DESCRIBE OUTPUT of anything but a query is not supported")
            }
            var inner = job
            inner.arguments = TrinoStatement.nulls(count: statement.parameterCount)
            let columns = try await translate(query, inner).columns ?? []
            let heads: [(String, TrinoType)] = [
                ("Column Name", .varchar), ("Catalog", .varchar), ("Schema", .varchar), ("Table", .varchar),
                ("Type", .varchar), ("Type Size", .bigint), ("Aliased", .boolean),
            ]
            return try outcome(
                heads.map { TrinoColumn(name: $0.0, type: $0.1) },
                columns.map {
                    [
                        .text($0.name), .text(""), .text(""), .text(""), .text($0.type.name), .integer(0),
                        .boolean(false),
                    ]
                }, job)
        default: preconditionFailure("only prepared statements come here")
        }
    }

    // MARK: The session

    static func header(_ name: String, _ value: String) -> HTTPFields {
        var fields: HTTPFields = [:]
        if let field = HTTPField.Name("X-Trino-\(name)") { fields[field] = value }
        return fields
    }

    private static let properties: Set<String> = ["query_max_run_time", "query_max_execution_time"]

    static func property(_ name: String) throws -> String {
        guard properties.contains(name) else {
            throw TrinoFailure("INVALID_SESSION_PROPERTY", "Session property '\(name.prefix(128))' does not exist")
        }
        return name
    }

    /// The shortest time that the session's properties allow a query, milliseconds.
    private static func timeout(_ session: TrinoSession) throws -> Int? {
        try session.properties.values.map { try milliseconds($0) }.min()
    }

    /// `10s`, `1.5m`.
    static func milliseconds(_ text: String) throws -> Int {
        let number = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(number.count).filter { $0 != " " }
        let units: [String: Double] = ["ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let value = Double(number), let factor = units[unit], value > 0, value * factor < 1e12 else {
            throw TrinoFailure("INVALID_SESSION_PROPERTY", "'\(text.prefix(64))' is no duration such as 10s or 5m")
        }
        return max(1, Int(value * factor))
    }

    private func change(_ kind: TrinoStatement.Kind, _ job: Job) async throws -> TrinoOutcome {
        switch kind {
        case .use(let wanted, let schema):
            guard let name = wanted ?? job.session.catalog else {
                throw TrinoFailure("MISSING_CATALOG_NAME", "Catalog must be specified when session catalog is not set")
            }
            guard try await catalog.schemas(of: name, job.reader).contains(schema.lowercased()) else {
                throw TrinoFailure("NOT_FOUND", "Schema does not exist: \(name).\(schema)")
            }
            var headers = Self.header("Set-Schema", PercentCoding.encode(schema.lowercased()))
            if wanted != nil {
                headers.append(contentsOf: Self.header("Set-Catalog", PercentCoding.encode(name.lowercased())))
            }
            return Self.done("USE", headers: headers)
        case .setSession(let name, let value):
            _ = try Self.milliseconds(value)
            return Self.done(
                "SET SESSION",
                headers: Self.header("Set-Session", "\(try Self.property(name))=\(PercentCoding.encode(value))"))
        case .resetSession(let name):
            return Self.done("RESET SESSION", headers: Self.header("Clear-Session", try Self.property(name)))
        case .startTransaction:
            guard job.session.transactionID == nil else {
                throw TrinoFailure("NOT_SUPPORTED", "Nested transactions not supported")
            }
            return Self.done(
                "START TRANSACTION", headers: Self.header("Started-Transaction-Id", try queries.beginTransaction()))
        case .commit, .rollback:
            guard let id = job.session.transactionID else {
                throw TrinoFailure("NOT_IN_TRANSACTION", "No transaction in progress")
            }
            queries.endTransaction(id)
            let word = if case .commit = kind { "COMMIT" } else { "ROLLBACK" }
            return Self.done(word, headers: Self.header("Clear-Transaction-Id", "true"))
        default: throw TrinoFailure("NOT_SUPPORTED", "SET TIME ZONE is not supported: times are in UTC here")
        }
    }
}
