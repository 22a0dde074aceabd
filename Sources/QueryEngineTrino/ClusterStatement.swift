package import LakeModel
package import QueryEngine

/// Turns a declared question in Trino's SQL into the one statement that a cluster is to run.
///
/// 1. Each `silver.NAME` becomes that table of the lake's catalog at one snapshot: `"lake"."silver"."name" FOR VERSION AS OF id`.
///    The answer is then known to come from these snapshots, whatever is committed meanwhile.
/// 2. Each `$name` becomes a literal. Trino has no named parameters, and texts are quoted here, never pasted.
///
/// Strings, quoted identifiers and comments are left alone. The session that the statement runs in has no catalog and no schema, so
/// a table that is not pinned here is not found there.
package struct ClusterStatement {
    private let sql: String
    private let bytes: [UInt8]
    private var at = 0
    private var output: [UInt8] = []

    /// A part of a dotted name, in lower case.
    private typealias Chain = (parts: [String], end: Int)

    /// - Parameters:
    ///   - catalog: what the cluster calls the lake.
    ///   - namespace: of the tables that are to be pinned.
    ///   - snapshots: ids by table name in lower case.
    ///   - parameters: literals by parameter name.
    /// - Throws: ``TrinoClusterError`` `cluster-statement-invalid` for a table without a snapshot, an unknown parameter, or a name
    ///   that may be another catalog's table.
    package static func text(
        _ sql: String, catalog: String, namespace: String, snapshots: [String: Int64], parameters: [String: String]
    ) throws -> String {
        var statement = ClusterStatement(sql)
        try statement.rewrite(catalog, namespace, snapshots, parameters)
        return String(decoding: statement.output, as: UTF8.self)
    }

    private init(_ sql: String) {
        var body = sql[...]
        // A statement of the protocol has no semicolon at its end.
        while let last = body.last, last.isWhitespace || last == ";" { body.removeLast() }
        self.sql = String(body)
        bytes = Array(self.sql.utf8)
    }

    /// A checked parameter as Trino writes its type's values; `nil` for types that are not sent to a cluster.
    package static func literal(_ value: QueryValue, _ type: PrimitiveType) -> String? {
        switch (value, type) {
        case (.integer(let number), .int): return "CAST(\(number) AS integer)"
        // The lowest number has no literal: its digits are too large before the sign is read.
        case (.integer(let number), .long): return "CAST(\(quoted(String(number))) AS bigint)"
        case (.boolean(let flag), .boolean): return flag ? "true" : "false"
        case (.double(let number), .float), (.double(let number), .double):
            return "CAST(\(quoted(String(number))) AS \(type == .float ? "real" : "double"))"
        case (.text(let text), .string): return quoted(text)
        case (.text(let text), .date): return "CAST(\(quoted(text)) AS date)"
        case (.text(let text), .decimal(let precision, let scale)):
            return "CAST(\(quoted(text)) AS decimal(\(precision), \(scale)))"
        case (.text(let text), .timestamptz):
            return "CAST(from_iso8601_timestamp_nanos(\(quoted(text))) AS timestamp(6) with time zone)"
        default: return nil
        }
    }

    private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

    // MARK: Reading

    private mutating func rewrite(
        _ catalog: String, _ namespace: String, _ snapshots: [String: Int64], _ parameters: [String: String]
    ) throws {
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "'") {
                copy(to: behindQuote(byte, from: at))
            } else if starts("--") {
                copy(to: bytes[at...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count)
            } else if starts("/*") {
                copy(to: behindComment())
            } else if (0x30...0x39).contains(byte) {
                copy(to: bytes[at...].firstIndex { !Self.isNameByte($0) && $0 != UInt8(ascii: ".") } ?? bytes.count)
            } else if byte == UInt8(ascii: "$") {
                try parameter(parameters)
            } else if byte == UInt8(ascii: "\"") || Self.isNameByte(byte) {
                try name(catalog, namespace, snapshots)
            } else {
                copy(to: at + 1)
            }
        }
    }

    private mutating func parameter(_ parameters: [String: String]) throws {
        let end = bytes[(at + 1)...].firstIndex { !Self.isNameByte($0) } ?? bytes.count
        let name = String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
        guard let literal = parameters[name] else { throw Self.invalid("it has no parameter $\(name)") }
        output += literal.utf8
        at = end
    }

    private mutating func name(_ catalog: String, _ namespace: String, _ snapshots: [String: Int64]) throws {
        let chain = chain()
        switch chain.parts.count {
        case 2 where chain.parts[0] == namespace:
            guard let id = snapshots[chain.parts[1]] else {
                throw Self.invalid("\(namespace).\(chain.parts[1]) has no snapshot that is known")
            }
            let table = [catalog, namespace, chain.parts[1]].map { "\"\($0.replacing("\"", with: "\"\""))\"" }
            output += "\(table.joined(separator: ".")) FOR VERSION AS OF \(id)".utf8
            at = chain.end
        case 1, 2: copy(to: chain.end)
        default:
            // `silver.table.column` is a column; anything else may be a table of which nothing is known here.
            guard chain.parts[0] == namespace else {
                throw Self.invalid("\(chain.parts.joined(separator: ".")) may be a table of another catalog")
            }
            copy(to: chain.end)
        }
    }

    /// The dotted name that begins here.
    private func chain() -> Chain {
        var parts: [String] = []
        var position = at
        var end = at
        while let (part, behind) = part(from: position) {
            parts.append(part)
            end = behind
            var next = behindSpace(behind)
            guard next < bytes.count, bytes[next] == UInt8(ascii: ".") else { break }
            next = behindSpace(next + 1)
            position = next
        }
        return (parts, end)
    }

    private func part(from start: Int) -> (String, Int)? {
        guard start < bytes.count else { return nil }
        if bytes[start] == UInt8(ascii: "\"") {
            let end = behindQuote(bytes[start], from: start)
            let inside = bytes[(start + 1)..<max(start + 1, end - 1)]
            return (String(decoding: inside, as: UTF8.self).replacing("\"\"", with: "\"").lowercased(), end)
        }
        let end = bytes[start...].firstIndex { !Self.isNameByte($0) } ?? bytes.count
        guard end > start else { return nil }
        return (String(decoding: bytes[start..<end], as: UTF8.self).lowercased(), end)
    }

    private func behindSpace(_ start: Int) -> Int {
        bytes[start...].firstIndex { $0 > 0x20 } ?? bytes.count
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private func starts(_ mark: StaticString) -> Bool {
        bytes[at...].prefix(2).elementsEqual(mark.description.utf8)
    }

    /// A doubled quote stands for one.
    private func behindQuote(_ quote: UInt8, from start: Int) -> Int {
        var position = start + 1
        while position < bytes.count {
            if bytes[position] != quote {
                position += 1
            } else if position + 1 < bytes.count, bytes[position + 1] == quote {
                position += 2
            } else {
                return position + 1
            }
        }
        return bytes.count
    }

    /// Comments do not nest in Trino.
    private func behindComment() -> Int {
        var position = at + 2
        while position + 1 < bytes.count {
            if bytes[position] == UInt8(ascii: "*"), bytes[position + 1] == UInt8(ascii: "/") { return position + 2 }
            position += 1
        }
        return bytes.count
    }

    private mutating func copy(to end: Int) {
        output += bytes[at..<end]
        at = end
    }

    private static func invalid(_ message: String) -> TrinoClusterError {
        TrinoClusterError(
            code: "cluster-statement-invalid", message: "the SQL for Trino cannot be sent: \(message)",
            remedy: "name tables as silver.NAME and parameters as $name in the model file", isRetryable: false)
    }
}
