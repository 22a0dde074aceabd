/// Names of namespaces: the levels joined by the unit separator, which no level may hold.
///
/// Source: Iceberg REST catalog, parameter `namespace`.
package enum NamespaceName {
    /// U+001F, the separator that every client of the Iceberg REST catalog knows.
    package static let separator: Character = "\u{1F}"

    package static func joined(_ levels: [String]) -> String { levels.joined(separator: String(separator)) }

    package static func levels(_ name: String) -> [String] {
        name.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }

    /// The levels with dots between them, for messages.
    package static func shown(_ name: String) -> String { levels(name).joined(separator: ".") }

    /// Every namespace that `name` lies in, the outermost first, without itself.
    package static func ancestors(_ name: String) -> [String] {
        let levels = levels(name)
        return (1..<max(1, levels.count)).map { joined(Array(levels.prefix($0))) }
    }
}

/// One change of namespaces.
package enum NamespaceChange: Sendable, Hashable {
    /// Creates a namespace, and those that it lies in where they are missing. `namespace-exists` when it is there.
    case create(String, properties: [String: String])
    /// `namespace-missing`; `namespace-not-empty` while it holds a table, view or namespace.
    case drop(String)
    /// Removes properties, then sets others. `namespace-missing`.
    case setProperties(String, updates: [String: String], removals: [String])
}
