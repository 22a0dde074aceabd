internal import Yams

/// A YAML node with its path, so that every complaint names the line and the way to it.
struct ModelNode {
    let node: Node
    let path: String
    let source: String

    func failure(_ code: String, _ message: String, remedy: String) -> ModelError {
        ModelError(
            code: code, message: "\(path): \(message)", remedy: remedy,
            place: Place(source: source, line: node.mark?.line))
    }

    /// Refuses a setting that would be accepted and then have no effect.
    func refuseUnbuilt() throws {
        if case .sequence(let sequence) = node, sequence.isEmpty { return }
        throw failure("model-not-built", "this version cannot do that yet", remedy: "take the setting out")
    }

    /// The keys of a mapping, checked against the ones that mean something here.
    func fields(_ known: [String]) throws -> [String: ModelNode] {
        guard case .mapping(let mapping) = node else {
            throw failure(
                "model-type", "a mapping is expected here",
                remedy: "write `key: value` lines with: \(known.joined(separator: ", "))")
        }
        var fields: [String: ModelNode] = [:]
        for (key, value) in mapping {
            guard let name = key.string, known.contains(name) else {
                let child = ModelNode(node: key, path: path, source: source)
                throw child.failure(
                    "model-key-unknown", "`\(key.string ?? "?")` means nothing here",
                    remedy: "use one of: \(known.joined(separator: ", "))")
            }
            guard fields[name] == nil else {
                throw failure("model-key-repeated", "`\(name)` stands here twice", remedy: "keep one of the two")
            }
            fields[name] = ModelNode(node: value, path: path.isEmpty ? name : "\(path).\(name)", source: source)
        }
        return fields
    }

    func elements() throws -> [ModelNode] {
        guard case .sequence(let sequence) = node else {
            throw failure("model-type", "a list is expected here", remedy: "write `- ` items, or `[a, b]`")
        }
        return sequence.enumerated().map {
            ModelNode(node: $0.element, path: "\(path)[\($0.offset)]", source: source)
        }
    }

    func text() throws -> String {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            throw failure("model-type", "a text is expected here", remedy: "write one value")
        }
        return scalar.string
    }

    func texts() throws -> [String] { try elements().map { try $0.text() } }

    /// A list of texts, or one text.
    func textOrTexts() throws -> [String] {
        if case .scalar = node { return [try text()] }
        return try texts()
    }

    func flag() throws -> Bool {
        guard let value = node.bool else {
            throw failure("model-type", "true or false is expected here", remedy: "write `true` or `false`")
        }
        return value
    }

    func integer() throws -> Int64 {
        guard let text = node.string, let value = Int64(text) else {
            throw failure("model-type", "an integer is expected here", remedy: "write digits")
        }
        return value
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) throws -> Choice
    where Choice.RawValue == String {
        let text = try text()
        guard let value = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure("model-value-unknown", "`\(text)` is no choice here", remedy: "use one of: \(choices)")
        }
        return value
    }

    /// A name of a table or column: letters, digits and underscores.
    func name() throws -> String {
        let text = try text()
        let isName =
            text.utf8.count <= ModelFile.nameBytesMax
            && text.utf8.allSatisfy { $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) }
            && !(0x30...0x39).contains(text.utf8.first ?? 0x30)
        guard isName else {
            throw failure(
                "model-name-invalid", "`\(text)` is no name",
                remedy: "use letters, digits and _, not a digit first, \(ModelFile.nameBytesMax) bytes at most")
        }
        return text
    }
}
