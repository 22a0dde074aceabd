/// Whoever sends a request, with the rights they have.
package struct Principal: Sendable, Hashable {
    /// For the access log; `nil` where nobody is asked who they are.
    package var name: String?
    package var grants: [Grant]
    /// The S3 access key with the same rights, if there is one.
    package var accessKeyID: String?

    package init(name: String?, grants: [Grant], accessKeyID: String? = nil) {
        self.name = name
        self.grants = grants
        self.accessKeyID = accessKeyID
    }

    /// Everybody, where no authentication is configured.
    package static let anybody = Principal(name: nil, grants: [Grant(.write, .everything)])

    /// - Parameter namespace: its levels, the outermost first.
    package func may(_ right: AccessRight, _ namespace: [String]) -> Bool {
        grants.contains { $0.covers(right, namespace) }
    }

    package func mayEverywhere(_ right: AccessRight) -> Bool {
        grants.contains { $0.scope == .everything && $0.right.includes(right) }
    }

    /// Whether there is any namespace at all over which this right was given.
    package func maySomewhere(_ right: AccessRight) -> Bool { grants.contains { $0.right.includes(right) } }

    /// Whether the namespace is to be shown in a list: it may be read, or something inside it may.
    package func maySee(_ namespace: [String]) -> Bool {
        may(.read, namespace)
            || grants.contains {
                if case .namespace(let levels) = $0.scope { levels.starts(with: namespace) } else { false }
            }
    }

    /// The namespaces over which this right was given one by one; `nil` for everything.
    package func namespaces(_ right: AccessRight) -> [[String]]? {
        if mayEverywhere(right) { return nil }
        return grants.compactMap { grant in
            guard grant.right.includes(right), case .namespace(let levels) = grant.scope else { return nil }
            return levels
        }
    }
}
