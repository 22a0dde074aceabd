internal import Yams

/// Reads model files (`docs/model.md` describes the format).
package enum ModelFile {
    /// The longest name of a table or column, in bytes.
    package static let nameBytesMax = 128
    /// The format that this version reads.
    static let versionSupported: Int64 = 1

    /// Parses and validates a model file.
    /// - Parameters:
    ///   - text: YAML.
    ///   - source: the file's name, for messages.
    /// - Throws: ``ModelError`` with the line of what is wrong.
    package static func parse(_ text: String, source: String) throws -> LakeDeclaration {
        let root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw ModelError(
                    code: "model-empty", message: "the model file is empty",
                    remedy: "declare at least one table under `tables:`", place: Place(source: source))
            }
            root = node
        } catch let error as YamlError {
            throw ModelError(
                code: "model-syntax", message: "the model file is no YAML: \(error)",
                remedy: "mend the line named", place: Place(source: source))
        }
        let fields = try ModelNode(node: root, path: "", source: source)
            .fields(["version", "tables", "gold", "analytics"])
        if let version = fields["version"], try version.integer() != versionSupported {
            throw version.failure(
                "model-version", "this version is not known", remedy: "write `version: \(versionSupported)`")
        }
        var declaration = LakeDeclaration(
            tables: try fields["tables"]?.elements().map { try table($0) } ?? [],
            gold: try fields["gold"]?.elements().map { try gold($0) } ?? [])
        try validateNames(declaration, source: source)
        try validateGold(declaration, fields["gold"])
        declaration.analytics = try fields["analytics"]?.elements().map { try analytic($0, declaration) } ?? []
        return declaration
    }

    static func required(_ name: String, of fields: [String: ModelNode], in node: ModelNode) throws -> ModelNode {
        guard let field = fields[name] else {
            throw node.failure("model-key-missing", "`\(name)` is missing", remedy: "add a line `\(name): …`")
        }
        return field
    }

    static func type(_ node: ModelNode) throws -> PrimitiveType {
        let text = try node.text()
        guard let type = PrimitiveType(text) else {
            throw node.failure(
                "model-type-unknown", "`\(text)` is no type",
                remedy: "use boolean, int, long, float, double, decimal(P, S), date, time, timestamp, timestamptz, "
                    + "string, uuid, fixed[N] or binary")
        }
        return type
    }

    private static func validateNames(_ declaration: LakeDeclaration, source: String) throws {
        var seen: Set<String> = []
        for name in declaration.tables.flatMap({ $0.name == $0.silverName ? [$0.name] : [$0.name, $0.silverName] })
        where !seen.insert(name.lowercased()).inserted {
            throw ModelError(
                code: "model-name-repeated", message: "two tables go by the name `\(name)`",
                remedy: "rename one of them",
                place: Place(source: source))
        }
        var goldSeen: Set<String> = []
        for table in declaration.gold where !goldSeen.insert(table.name.lowercased()).inserted {
            throw ModelError(
                code: "model-name-repeated", message: "two gold tables go by the name `\(table.name)`",
                remedy: "rename one of them", place: Place(source: source))
        }
        for table in declaration.tables {
            for reference in table.references where declaration.table(named: reference.table)?.key.count != 1 {
                throw ModelError(
                    code: "model-reference-unknown",
                    message: "`\(table.name).\(reference.column)` references `\(reference.table)`, which is no table "
                        + "with a key of one column",
                    remedy: "name a table of this file that has one key column", place: Place(source: source))
            }
        }
    }
}
