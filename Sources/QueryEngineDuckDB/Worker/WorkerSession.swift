import Foundation
import QueryEngine

/// A worker's engine, locked down, with the tables that requests brought so far.
final class WorkerSession {
    /// The longest statement that is parsed, bytes.
    static let sqlBytesMax = 1 << 20
    /// Data files are never changed, so how one is laid out is looked up once. Above this many the memory starts anew.
    static let knownFilesMax = 200_000

    private let connection: DuckConnection
    private let serializer: DuckStatement
    /// Whether the kernel keeps the process to its files.
    let isConfined: Bool
    private let emptyFile: String?
    private var filesWithFieldIDs: Set<String> = []

    var engineVersion: String { connection.version }
    /// How far the running query is. May be asked for from another thread.
    var progress: QueryProgress { connection.progress }

    /// Loads the engine and shuts it in. The order matters: directories must be set before outside access goes, and
    /// nothing can be set after the lock.
    /// - Throws: ``WireError`` `engine-missing` when the library cannot be loaded or lacks the time zone functions.
    init(_ setup: WorkerSetup) throws {
        connection = try DuckConnection(libraries: setup.libraries)
        var folders = setup.dataFolders.map { TableSQL.literal($0.hasSuffix("/") ? $0 : $0 + "/") }
        // One thread until the process is confined: those that it starts later are confined with it. Times that an attached
        // database holds are read in UTC too.
        for statement in ["SET threads = 1", "SET TimeZone = 'UTC'"] + Self.attaching(setup.attachment) {
            try connection.execute(statement)
        }
        isConfined = try Confinement(setup).apply()
        let empty = EmptyFile.write(below: setup.temporaryFolder, with: connection)
        emptyFile = empty?.path
        if let empty { folders.append(TableSQL.literal(empty.folder)) }
        for statement in [
            "SET threads = \(setup.threads)",
            "SET memory_limit = '\(setup.memoryBytesMax)B'",
            "SET temp_directory = \(TableSQL.literal(setup.temporaryFolder))",
            "SET max_temp_directory_size = '\(setup.temporaryBytesMax)B'",
            "SET errors_as_json = true",
            "SET parquet_metadata_cache = true",
            "SET enable_progress_bar = true",
            "SET enable_progress_bar_print = false",
            "SET progress_bar_time = 100",
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            "SET allow_community_extensions = false",
            "SET allowed_directories = [\(folders.joined(separator: ", "))]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ] { try connection.execute(statement) }
        guard try connection.texts("SELECT year(TIMESTAMPTZ '2020-12-31 23:59:59+00')::VARCHAR") == ["2020"] else {
            throw WireError(code: "engine-missing", message: "this DuckDB does not compute in UTC")
        }
        serializer = try connection.prepare(
            "SELECT json_serialize_sql($1::VARCHAR, skip_default := true, skip_empty := true, skip_null := true)::VARCHAR"
        )
    }

    /// Nothing is fetched from the network to read a database: its extension lies beside the engine.
    private static func attaching(_ attachment: DuckDBAttachment?) -> [String] {
        guard let attachment else { return [] }
        return [
            "SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false",
            "SET allow_community_extensions = false", "LOAD \(TableSQL.literal(attachment.extensionPath))",
            "ATTACH \(TableSQL.literal(attachment.address)) AS \(DuckDBAttachment.catalog) "
                + "(TYPE \(attachment.kind.rawValue), READ_ONLY)",
        ]
    }

    /// Answers one request through `send`.
    /// - Throws: ``WireError`` for everything that the request brought about.
    func answer(_ request: WireRequest, send: (Frame) throws -> Void) throws {
        let start = ContinuousClock.now
        do {
            for table in request.tables { try prepare(table) }
        } catch var error as WireError {
            error.tablesLost = true
            if error.code == "sql-refused" || error.code == "sql-invalid" {
                // The SQL was ours, so the reader of the message can do nothing about it.
                error.code = "data-unreadable"
                error.remedy = "check that the table's files are intact and lie in the engine's data folders"
            }
            error.byteOffset = nil
            throw error
        }
        try admit(
            request.sql,
            tables: Set(request.tables.map { StatementAdmission.key(namespace: $0.namespace, name: $0.name) }))
        let statement = try connection.prepare(request.sql)
        guard statement.isSelect else { throw WireError(code: "sql-refused", message: "only SELECT is allowed") }
        try bind(request, to: statement)
        let result = try statement.run()
        let columns = result.columns
        var encoder = try ResultEncoder(columns: columns)
        try send(Frame(.columns, json: columns.map { WireColumn(name: $0.name, type: $0.type.name) }))
        let isTruncated = try stream(result, request: request, encoder: &encoder, send: send)
        let elapsed = (ContinuousClock.now - start).components
        let microseconds = elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
        try send(Frame(.end, json: WireEnd(isTruncated: isTruncated, elapsedMicroseconds: microseconds)))
    }

    /// Sends rows until the result or the limit ends; returns whether rows were left.
    private func stream(
        _ result: DuckResult, request: WireRequest, encoder: inout ResultEncoder, send: (Frame) throws -> Void
    ) throws -> Bool {
        var rowsLeft = request.rowsMax
        var bytesLeft = request.resultBytesMax
        while let chunk = try result.nextChunk() {
            let count = min(chunk.rowCount, rowsLeft)
            if count > 0 {
                let bytes = encoder.encode(chunk, rowCount: count)
                bytesLeft -= bytes.count
                guard bytesLeft >= 0, bytes.count <= Frame.payloadBytesMax else {
                    throw WireError(
                        code: "result-too-large",
                        message: "the result is larger than \(request.resultBytesMax) bytes",
                        remedy: "ask for fewer columns or rows, or aggregate")
                }
                try send(Frame(kind: .rows, payload: bytes))
                rowsLeft -= count
            }
            if count < chunk.rowCount { return true }
        }
        return false
    }

    /// What a statement speaks of, without running it.
    /// - Throws: ``WireError`` for what is wrong with the statement itself.
    func outline(_ sql: String) throws -> StatementOutline {
        var outliner = StatementOutliner(sql) { try self.instant($0) }
        let tree = try admit(sql, tables: nil)
        try outliner.visit(tree)
        var outline = outliner.outline
        outline.isRepeatable = StatementRepeatability.holds(for: tree)
        return outline
    }

    /// Computes a point in time. Its text is admitted as a statement of its own, so that nothing in it means more here than
    /// where it came from.
    private func instant(_ expression: String) throws -> Int64 {
        let sql = "SELECT epoch_us(CAST((\(expression)) AS TIMESTAMP WITH TIME ZONE))::VARCHAR"
        let tree = try admit(sql, tables: [])
        guard tree["statements"]?.elements?.first?["node"]?["from_table"]?["type"]?.text == "EMPTY",
            let text = try connection.texts(sql).first, let microseconds = Int64(text)
        else {
            throw WireError(code: "sql-invalid", message: "AT (TIMESTAMP => …) is no point in time")
        }
        return microseconds
    }

    /// The engine's parsed form of a statement that may run over `tables` (`nil`: over whatever it names).
    @discardableResult
    private func admit(_ sql: String, tables: Set<String>?) throws -> JSONTree {
        guard sql.utf8.count <= Self.sqlBytesMax else {
            throw WireError(
                code: "sql-refused", message: "the statement is longer than \(Self.sqlBytesMax) bytes",
                remedy: "send values as parameters")
        }
        // The parser would see all of the text, the executor only what stands before the first zero byte.
        guard !sql.utf8.contains(0) else {
            throw WireError(code: "sql-refused", message: "the statement contains a zero byte")
        }
        try serializer.bind(.text(sql), at: 1)
        var texts: [String] = []
        let result = try serializer.run()
        while let chunk = try result.nextChunk() {
            for row in 0..<chunk.rowCount { texts.append(chunk.column(0).text(row)) }
        }
        do {
            let tree = try JSONTree.parse(Array((texts.first ?? "").utf8))
            try StatementAdmission(tables: tables).check(tree)
            return tree
        } catch let error as JSONTree.Malformed {
            throw WireError(
                code: "sql-refused",
                message: error.isTooDeep ? "the statement is nested too deeply" : "the statement cannot be read")
        }
    }

    private func bind(_ request: WireRequest, to statement: DuckStatement) throws {
        let count = request.positional?.count ?? request.named?.count ?? 0
        guard count == statement.parameterCount else {
            throw WireError(
                code: "sql-invalid",
                message: "the statement has \(statement.parameterCount) parameters, but \(count) values were given")
        }
        for (index, value) in (request.positional ?? []).enumerated() {
            try statement.bind(value, at: UInt64(index + 1))
        }
        for (name, value) in request.named ?? [:] {
            guard let index = statement.index(ofParameter: name) else {
                throw WireError(code: "sql-invalid", message: "the statement has no parameter $\(name)")
            }
            try statement.bind(value, at: index)
        }
    }

    /// Creates or replaces the view of a table that came with its files, or the table of rows that came themselves.
    private func prepare(_ table: WireRequest.Table) throws {
        guard let definition = table.definition else { return }
        let sql = TableSQL(
            namespace: table.namespace, name: table.name, fields: definition.fields,
            deleteFiles: definition.deleteFiles, locationScheme: definition.locationScheme,
            locationRoot: definition.locationRoot, rowsPerFile: definition.rowsPerFile,
            emptyFile: emptyFile)
        try connection.execute(sql.createSchema)
        if let json = definition.json { return try connection.execute(sql.createTable(json: json)) }
        if let attached = definition.attached { return try connection.execute(sql.createView(attached: attached)) }
        var groups =
            try groups(definition.plainFiles, hasDeletes: false, of: sql)
            + groups(definition.deletedFromFiles, hasDeletes: true, of: sql)
        for group in definition.equalityGroups {
            let unnamed = try filesWithoutFieldIDs(group.deletes.flatMap(\.files))
            guard unnamed.isEmpty else {
                throw WireError(
                    code: "deletes-unsupported",
                    message: "\(table.namespace).\(table.name) has equality deletes without field ids",
                    remedy: "rewrite the table's files with the engine that wrote them")
            }
            groups += try self.groups(group.files, hasDeletes: group.hasPositionDeletes, of: sql).map { found in
                var found = found
                found.equalityDeletes = group.deletes
                return found
            }
        }
        try connection.execute(sql.createView(groups: groups))
    }

    /// Splits files into those with field ids and those without.
    private func groups(_ files: [String], hasDeletes: Bool, of table: TableSQL) throws -> [TableSQL.FileGroup] {
        guard !files.isEmpty else { return [] }
        let unnamed = table.canReadByFieldID ? try filesWithoutFieldIDs(files) : Set(files)
        var groups: [TableSQL.FileGroup] = []
        let byID = unnamed.isEmpty ? files : files.filter { !unnamed.contains($0) }
        if !byID.isEmpty { groups.append(TableSQL.FileGroup(files: byID, columnNames: nil, hasDeletes: hasDeletes)) }
        let byName = files.filter { unnamed.contains($0) }
        if !byName.isEmpty {
            let names = try connection.texts(TableSQL.columnNames(byName)).map { $0.lowercased() }
            if hasDeletes,
                let hidden = [TableSQL.fileNameColumn, TableSQL.rowNumberColumn].first(where: { names.contains($0) })
            {
                throw WireError(
                    code: "data-unreadable",
                    message: "\(table.namespace).\(table.name) has deletes on files without field ids "
                        + "and a column \(hidden)",
                    remedy: "rewrite the table's files with field ids, or rename the column")
            }
            groups.append(TableSQL.FileGroup(files: byName, columnNames: Set(names), hasDeletes: hasDeletes))
        }
        return groups
    }

    private func filesWithoutFieldIDs(_ files: [String]) throws -> Set<String> {
        let unknown = files.filter { !filesWithFieldIDs.contains($0) }
        guard !unknown.isEmpty else { return [] }
        let without = Set(try connection.texts(TableSQL.filesWithoutFieldIDs(unknown)))
        if filesWithFieldIDs.count + unknown.count > Self.knownFilesMax { filesWithFieldIDs.removeAll() }
        filesWithFieldIDs.formUnion(unknown.filter { !without.contains($0) })
        return without
    }
}

/// A result column on the wire.
struct WireColumn: Codable, Sendable {
    var name: String
    var type: String
}
