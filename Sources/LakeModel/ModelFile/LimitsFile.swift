internal import Yams

/// Reads configuration files: whole numbers by name, under `limits:`.
package enum LimitsFile {
    /// One limit that a file sets.
    package struct Entry: Sendable, Hashable {
        package let name: String
        package let value: Int
    }

    /// Parses a configuration file; an empty one sets nothing.
    /// - Parameters:
    ///   - text: YAML.
    ///   - source: the file's name, for messages.
    ///   - names: those that mean something.
    /// - Throws: ``ModelError`` with the line of what is wrong, unknown and repeated names and numbers below 1 included.
    package static func parse(_ text: String, source: String, names: [String]) throws -> [Entry] {
        let root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else { return [] }
            root = node
        } catch let error as YamlError {
            throw ModelError(
                code: "configuration-syntax", message: "the configuration file is no YAML: \(error)",
                remedy: "mend the line named", place: Place(source: source))
        }
        let fields = try ModelNode(node: root, path: "", source: source).fields(["limits"])
        guard let limits = fields["limits"] else { return [] }
        return try limits.fields(names).sorted { $0.key < $1.key }.map { name, node in
            let value = try node.integer()
            guard value >= 1 else {
                throw node.failure("limit-invalid", "\(value) is no limit", remedy: "write a number from 1 on")
            }
            return Entry(name: name, value: Int(value))
        }
    }
}
