import CDuckDBLoader
import Foundation
import QueryEngine

/// The engine's one connection of a worker. Used by the worker's one thread. Safe: owns both
/// handles and closes them once.
@safe final class DuckConnection {
    private var database: dd_database?
    fileprivate var connection: dd_connection?

    /// Loads the first library that can be loaded and opens an empty database in memory.
    /// - Throws: ``WireError`` `engine-missing` with what was tried.
    init(libraries: [LibraryCandidate]) throws {
        try Self.load(libraries)
        guard unsafe dd_open(&database, &connection) == 0 else {
            throw WireError(code: "engine-missing", message: "DuckDB was loaded but does not open a database")
        }
    }

    deinit {
        if unsafe connection != nil { unsafe dd_close(&database, &connection) }
    }

    var version: String { unsafe String(cString: dd_library_version()) }

    private static func load(_ libraries: [LibraryCandidate]) throws {
        var reasons: [String] = []
        for candidate in libraries {
            let pythons: [String?] = candidate.pythons.isEmpty ? [nil] : candidate.pythons
            for python in pythons {
                var buffer = [CChar](repeating: 0, count: 1024)
                let status = unsafe dd_load(candidate.library, python, &buffer, buffer.count)
                if status == 0 { return }
                reasons.append(
                    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
        }
        throw WireError(
            code: "engine-missing", message: "DuckDB cannot be loaded: \(reasons.joined(separator: "; "))",
            remedy: DuckDBLibrary.remedy)
    }

    /// How far the running query is. May be asked for from another thread.
    var progress: QueryProgress {
        let progress = unsafe dd_query_progress(connection)
        return QueryProgress(
            percent: progress.percentage < 0 ? nil : min(progress.percentage, 100),
            rowsRead: Int64(clamping: progress.rows_processed),
            rowsTotal: Int64(clamping: progress.total_rows_to_process))
    }

    /// Runs SQL of our own.
    /// - Throws: ``WireError``.
    func execute(_ sql: String) throws {
        let result = DuckResult()
        guard unsafe dd_query(connection, sql, &result.raw) == 0 else { throw EngineMessage.error(result.error) }
    }

    /// The texts of the first column of a query of our own.
    func texts(_ sql: String) throws -> [String] {
        let statement = try prepare(sql)
        let result = try statement.run()
        var texts: [String] = []
        while let chunk = try result.nextChunk() {
            let column = chunk.column(0)
            for row in 0..<chunk.rowCount where column.isValid(row) { texts.append(column.text(row)) }
        }
        return texts
    }

    func prepare(_ sql: String) throws -> DuckStatement { try DuckStatement(sql, on: self) }
}

/// A prepared statement. Safe: owns its handle and frees it once.
@safe final class DuckStatement {
    /// DuckDB's number for SELECT.
    static let selectType: Int32 = 1

    private var statement: dd_statement?
    /// Keeps the connection open as long as the statement lives.
    private let owner: DuckConnection

    fileprivate init(_ sql: String, on owner: DuckConnection) throws {
        self.owner = owner
        let status = unsafe dd_prepare(owner.connection, sql, &statement)
        guard status == 0 else {
            defer { unsafe dd_destroy_prepare(&statement) }
            let message = unsafe dd_prepare_error(statement)
            throw EngineMessage.error(unsafe message.map { unsafe String(cString: $0) })
        }
    }

    deinit { unsafe dd_destroy_prepare(&statement) }

    var isSelect: Bool { unsafe dd_statement_type(statement) == Self.selectType }
    var parameterCount: Int { Int(unsafe dd_nparams(statement)) }

    /// The 1-based place of a named parameter; `nil` when the statement has none of that name.
    func index(ofParameter name: String) -> UInt64? {
        var index: UInt64 = 0
        return unsafe dd_bind_parameter_index(statement, &index, name) == 0 ? index : nil
    }

    /// - Throws: ``WireError`` `sql-invalid`.
    func bind(_ value: WireValue, at index: UInt64) throws {
        let status: Int32 =
            switch value {
            case .null: unsafe dd_bind_null(statement, index)
            case .boolean(let value): unsafe dd_bind_boolean(statement, index, value)
            case .integer(let value): unsafe dd_bind_int64(statement, index, value)
            case .double(let bits): unsafe dd_bind_double(statement, index, Double(bitPattern: bits))
            case .text(let text): unsafe dd_bind_varchar(statement, index, text, UInt64(text.utf8.count))
            }
        guard status == 0 else {
            throw WireError(code: "sql-invalid", message: "parameter \(index) cannot be set to this value")
        }
    }

    /// Starts the statement; rows are computed as they are fetched.
    func run() throws -> DuckResult {
        let result = DuckResult()
        guard unsafe dd_execute_streaming(statement, &result.raw) == 0 else { throw EngineMessage.error(result.error) }
        return result
    }
}

/// A result that is being fetched. Safe: owns the library's result and frees it once.
@safe final class DuckResult {
    fileprivate var raw = dd_result()

    deinit { unsafe dd_destroy_result(&raw) }

    fileprivate var error: String? {
        guard let message = unsafe dd_result_error(&raw) else { return nil }
        let text = unsafe String(cString: message)
        return text.isEmpty ? nil : text
    }

    /// Names and types of the columns.
    var columns: [(name: String, type: DuckType)] {
        let count = unsafe dd_column_count(&raw)
        return (0..<count).map { index in
            let name = unsafe dd_column_name(&raw, index).map { unsafe String(cString: $0) } ?? ""
            return unsafe (name, DuckType.take(dd_column_type(&raw, index)))
        }
    }

    /// The next rows, or `nil` after the last.
    /// - Throws: ``WireError`` when computing them failed.
    func nextChunk() throws -> DuckChunk? {
        if let chunk = unsafe dd_fetch_chunk(&raw) { return unsafe DuckChunk(chunk) }
        if let error { throw EngineMessage.error(error) }
        return nil
    }
}

/// Up to some thousand rows, column after column. Safe: owns the chunk and frees it once.
@safe final class DuckChunk {
    private var chunk: dd_chunk?

    fileprivate init(_ chunk: dd_chunk) { unsafe self.chunk = unsafe chunk }

    deinit { unsafe dd_destroy_chunk(&chunk) }

    var rowCount: Int { Int(unsafe dd_chunk_size(chunk)) }

    func column(_ index: Int) -> DuckVector { unsafe DuckVector(dd_chunk_vector(chunk, UInt64(index)), owner: self) }
}
