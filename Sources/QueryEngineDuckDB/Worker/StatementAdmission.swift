/// Decides from its parsed form whether a statement may run.
///
/// The engine's lock-down keeps SQL inside the data folders, but inside them `read_text`, `glob` and file names as table
/// names would still reach tables that the request does not carry. So the tree that the engine's own parser made is
/// walked, and a statement passes only when
///
/// 1. it is one SELECT (the serialiser takes nothing else),
/// 2. every table is one of the request's, or a common table expression that is visible where it is named,
/// 3. every table function is on a list of those that only compute, and
/// 4. no function reads settings, the environment, files, the catalog or sequences.
struct StatementAdmission {
    /// Table functions that read nothing but their arguments.
    static let tableFunctions: Set<String> = [
        "generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest",
    ]
    static let refusedFunctions: Set<String> = [
        "col_description", "current_connection_id", "current_query", "current_query_id", "current_schemas",
        "current_setting", "current_transaction_id", "currval", "format_pg_type", "get_block_size", "getenv",
        "getvariable", "glob", "in_search_path", "json_deserialize_sql", "json_execute_serialized_sql",
        "json_serialize_plan", "json_serialize_sql", "map_to_pg_oid", "nextval", "obj_description",
        "parse_duckdb_log_message", "query", "query_table", "set_config", "shobj_description", "sleep_ms", "sniff_csv",
        "stats", "txid_current", "which_secret", "write_log",
    ]
    static let refusedFunctionPrefixes = ["__", "duckdb_", "inet_", "parquet_", "pg_", "pragma_", "read_"]
    /// Functions that carry a refused prefix and only compute.
    static let allowedInSpite: Set<String> = ["pg_size_pretty", "pg_typeof"]
    /// Names of the engine's own views; a common table expression must not hide that one of them is meant.
    static let reservedPrefixes = ["duckdb_", "pg_", "pragma_", "sqlite_"]

    private static let tableReferences: Set<String> = [
        "BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT", "SHOW_REF",
    ]
    private static let queryNodes: Set<String> = ["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"]

    /// The tables of the request, as ``key(namespace:name:)`` writes them; `nil` while they are being found out.
    private let tables: Set<String>?

    init(tables: Set<String>?) { self.tables = tables }

    /// How a table stands in the set: identifiers are compared without regard to case.
    static func key(namespace: String, name: String) -> String { "\(namespace.lowercased())\u{0}\(name.lowercased())" }

    /// Checks the engine's serialised form of a text.
    /// - Throws: ``WireError`` `sql-syntax` or `sql-refused`.
    func check(_ serialized: JSONTree) throws {
        if serialized["error_message"] != nil { throw Self.parseFailure(serialized) }
        guard let statements = serialized["statements"]?.elements else {
            throw Self.refusal("the statement cannot be read")
        }
        guard statements.count == 1, let statement = statements.first else {
            throw Self.refusal(
                statements.isEmpty
                    ? "there is no statement" : "there are \(statements.count) statements; send one at a time")
        }
        try visit(statement, scope: [])
    }

    private static func parseFailure(_ serialized: JSONTree) -> WireError {
        let message = serialized["error_message"]?.text ?? "the statement cannot be parsed"
        guard serialized["error_type"]?.text == "not implemented" else {
            return WireError(
                code: "sql-syntax", message: message, remedy: "correct the statement; the dialect is DuckDB's",
                byteOffset: serialized["position"]?.text.flatMap { Int($0) })
        }
        return WireError(
            code: "sql-refused", message: "only SELECT is allowed",
            remedy: "send one SELECT; PIVOT needs its values listed with IN")
    }

    private func visit(_ tree: JSONTree, scope: Set<String>) throws {
        switch tree {
        case .array(let elements):
            for element in elements { try visit(element, scope: scope) }
        case .object(let members):
            try visit(members, of: tree, scope: scope)
        case .other, .integer, .real, .boolean, .string:
            break
        }
    }

    private func visit(_ members: [JSONTree.Member], of tree: JSONTree, scope outer: Set<String>) throws {
        var scope = outer
        if let map = tree["cte_map"] { scope = try visitCommonTables(map, scope: outer) }
        let type = tree["type"]?.text
        if tree["class"] == nil, let type { try checkNode(tree, type: type, scope: scope) }
        if let name = tree["function_name"]?.text { try Self.checkFunction(name, at: tree) }
        if type == "RECURSIVE_CTE_NODE", let name = tree["cte_name"]?.text { scope.insert(name.lowercased()) }
        for member in members where member.key != "cte_map" {
            try Self.checkPlace(member)
            try visit(member.value, scope: scope)
        }
    }

    /// Visits the bodies in order, each seeing the ones before it, and returns the scope with all of them.
    private func visitCommonTables(_ map: JSONTree, scope outer: Set<String>) throws -> Set<String> {
        var scope = outer
        for entry in map["map"]?.elements ?? [] {
            guard let key = entry["key"]?.text else { throw Self.refusal("a common table expression has no name") }
            let name = key.lowercased()
            if Self.reservedPrefixes.contains(where: { name.hasPrefix($0) }) {
                throw Self.refusal("a common table expression must not be named \(key)")
            }
            if let body = entry["value"] { try visit(body, scope: scope) }
            scope.insert(name)
        }
        return scope
    }

    /// Nodes that stand where a table or a query is expected must be of a kind that is known here.
    private static func checkPlace(_ member: JSONTree.Member) throws {
        guard ["from_table", "left", "right", "source", "node"].contains(member.key),
            case .object = member.value, member.value["class"] == nil, let type = member.value["type"]?.text
        else { return }
        if !tableReferences.contains(type), !queryNodes.contains(type) {
            throw refusal("\(type) is not allowed")
        }
    }

    private func checkNode(_ node: JSONTree, type: String, scope: Set<String>) throws {
        switch type {
        case "BASE_TABLE": try checkTable(node, scope: scope)
        case "TABLE_FUNCTION":
            guard let name = node["function"]?["function_name"]?.text else {
                throw Self.refusal("only functions can be called as tables", at: node)
            }
            guard Self.tableFunctions.contains(name.lowercased()) else {
                throw Self.refusal("the table function \(name) is not allowed", at: node)
            }
        case "SHOW_REF":
            guard case .object? = node["query"], (node["table_name"]?.text ?? "").isEmpty else {
                throw Self.refusal("SHOW is not allowed; DESCRIBE a table or a SELECT instead", at: node)
            }
        default: break
        }
    }

    private func checkTable(_ node: JSONTree, scope: Set<String>) throws {
        let name = node["table_name"]?.text ?? ""
        let namespace = node["schema_name"]?.text ?? ""
        let catalog = node["catalog_name"]?.text ?? ""
        if case .object? = node["at_clause"], tables != nil {
            throw Self.refusal("AT stands where it cannot be read", at: node)
        }
        if namespace.isEmpty, catalog.isEmpty, scope.contains(name.lowercased()), !name.contains("."),
            !name.contains("/")
        {
            return
        }
        let full = [catalog, namespace, name].filter { !$0.isEmpty }.joined(separator: ".")
        guard catalog.isEmpty, !namespace.isEmpty else {
            throw Self.refusal(
                "\(full) is not a table here", at: node, remedy: "write the table as namespace.table")
        }
        guard tables?.contains(Self.key(namespace: namespace, name: name)) ?? true else {
            throw WireError(
                code: "sql-invalid", message: "there is no table \(full)",
                remedy: "GET /api/v2/tables lists the tables that there are", byteOffset: node["query_location"]?.number
            )
        }
    }

    private static func checkFunction(_ name: String, at node: JSONTree) throws {
        let lower = name.lowercased()
        guard !refusedFunctions.contains(lower) else {
            throw refusal("the function \(name) is not allowed", at: node)
        }
        if refusedFunctionPrefixes.contains(where: { lower.hasPrefix($0) }), !allowedInSpite.contains(lower) {
            throw refusal("the function \(name) is not allowed", at: node)
        }
    }

    private static func refusal(_ message: String, at node: JSONTree? = nil, remedy: String? = nil) -> WireError {
        WireError(
            code: "sql-refused", message: message, remedy: remedy ?? "read the lake's tables with one SELECT",
            byteOffset: node?["query_location"]?.number)
    }
}
