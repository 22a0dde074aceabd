import LakeModel
import QueryEngine
import TrinoSQL

/// `SHOW …` and `DESCRIBE table`, answered from the catalog.
struct TrinoShow {
    let executor: TrinoExecutor
    let job: TrinoExecutor.Job

    private var catalog: TrinoCatalog { executor.catalog }

    func answer(_ kind: TrinoStatement.Kind) async throws -> TrinoOutcome {
        switch kind {
        case .showCatalogs(let pattern): return try names("Catalog", catalog.catalogs().sorted(), pattern)
        case .showSchemas(let name, let pattern):
            return try names(
                "Schema", try await catalog.schemas(of: try catalogName(name), job.reader), pattern)
        case .showTables(let parts, let pattern): return try await tables(parts, pattern)
        case .showColumns(let name, let pattern): return try await columns(name, pattern)
        case .showFunctions(let pattern): return try functions(pattern)
        case .showSession: return try session()
        case .showCreate(let what, let name): return try await create(what, name)
        default: throw TrinoFailure("NOT_SUPPORTED", "this statement is not supported")
        }
    }

    private func catalogName(_ name: String?) throws -> String {
        guard let name = name ?? job.session.catalog else {
            throw TrinoFailure("MISSING_CATALOG_NAME", "Catalog must be specified when session catalog is not set")
        }
        return name
    }

    private func rows(_ heads: [String], _ rows: [[QueryValue]]) throws -> TrinoOutcome {
        try executor.outcome(heads.map { TrinoColumn(name: $0, type: .varchar) }, rows, job)
    }

    private func names(_ head: String, _ names: [String], _ pattern: NamePattern?) throws -> TrinoOutcome {
        try rows([head], names.filter { pattern?.matches($0) ?? true }.map { [.text($0)] })
    }

    private func tables(_ parts: [String], _ pattern: NamePattern?) async throws -> TrinoOutcome {
        guard parts.count <= 2 else { throw TrinoFailure("SYNTAX_ERROR", "Too many parts in schema name") }
        let name = try catalogName(parts.count == 2 ? parts[0] : nil)
        guard let schema = parts.last ?? job.session.schema else {
            throw TrinoFailure("MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set")
        }
        return try names("Table", try await catalog.tableNames(name, schema, job.reader), pattern)
    }

    private func definition(_ name: WrittenName) async throws -> (TableName, TableDefinition) {
        let full = try name.resolved(for: job.session.context)
        let found = try await catalog.definition(
            of: full, job.reader, queries: executor.queries, at: name.location)
        return (full, found)
    }

    private func columns(_ name: WrittenName, _ pattern: NamePattern?) async throws -> TrinoOutcome {
        let (full, found) = try await definition(name)
        guard let columns = found.columns else {
            throw TrinoFailure("NOT_SUPPORTED", "the columns of \(full) are known to the engine alone; SELECT from it")
        }
        var comments: [String: String] = [:]
        if full.catalog == TrinoCatalog.lake,
            let table = try await catalog.listed(job.reader).first(where: {
                $0.schema == full.schema && $0.name == full.table
            })
        {
            for column in try await catalog.columns(of: table) { comments[column.name] = column.comment }
        }
        let lines: [[QueryValue]] = columns.filter { pattern?.matches($0.name.lowercased()) ?? true }.map {
            [.text($0.name.lowercased()), .text($0.type.name), .text(""), .text(comments[$0.name] ?? "")]
        }
        return try rows(["Column", "Type", "Extra", "Comment"], lines)
    }

    private func functions(_ pattern: NamePattern?) throws -> TrinoOutcome {
        let lines: [[QueryValue]] = TrinoFunctions.all.filter { pattern?.matches($0.name) ?? true }.map {
            [.text($0.name), .text(""), .text(""), .text($0.kind), .text("true"), .text("")]
        }
        return try rows(
            ["Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description"], lines)
    }

    private func session() throws -> TrinoOutcome {
        let lines: [[QueryValue]] = ["query_max_execution_time", "query_max_run_time"].map { name in
            [
                .text(name), .text(job.session.properties[name] ?? ""), .text(""), .text("duration"),
                .text("How long a query may take, within the server's own limit"),
            ]
        }
        return try rows(["Name", "Value", "Default", "Type", "Description"], lines)
    }

    private func create(_ what: String, _ name: WrittenName) async throws -> TrinoOutcome {
        guard what == "TABLE" else { throw TrinoFailure("NOT_SUPPORTED", "SHOW CREATE \(what) is not supported") }
        let (full, found) = try await definition(name)
        guard full.catalog == TrinoCatalog.lake, let columns = found.columns,
            let detail = try await detail(full)
        else { throw TrinoFailure("NOT_SUPPORTED", "SHOW CREATE TABLE \(full) is not supported") }
        let required = Set(detail.fields.filter(\.required).map(\.name))
        let lines = columns.map { "   \($0.name) \($0.type.name)\(required.contains($0.name) ? " NOT NULL" : "")" }
        var properties = ["   format = 'PARQUET'", "   format_version = \(detail.formatVersion)"]
        if !detail.partition.isEmpty {
            let fields = detail.partition.map { "'\($0)'" }.joined(separator: ",")
            properties.append("   partitioning = ARRAY[\(fields)]")
        }
        let text =
            "CREATE TABLE \(full) (\n\(lines.joined(separator: ",\n"))\n)\nWITH (\n"
            + properties.joined(separator: ",\n") + "\n)"
        return try rows(["Create Table"], [[.text(text)]])
    }

    private func detail(_ full: TableName) async throws -> TableDetail? {
        let table = try await catalog.listed(job.reader).first {
            $0.schema == full.schema && $0.name == full.table
        }
        guard let table else { return nil }
        return try await catalog.tables.table("\(table.namespace).\(table.name)")
    }
}
