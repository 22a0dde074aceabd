import Access

/// A sender's rights as prefixes of keys.
struct KeyRights: Sendable {
    let principal: Principal
    /// What all keys begin with, `/` at its end.
    let keyPrefix: String
    let folder: @Sendable ([String]) -> String

    /// - Throws: ``S3Error`` `AccessDenied`.
    func require(_ right: AccessRight, _ key: String) throws {
        guard may(right, key) else { throw S3Error.accessDenied }
    }

    func may(_ right: AccessRight, _ key: String) -> Bool {
        guard key.utf8.starts(with: keyPrefix.utf8) else { return false }
        guard let namespaces = principal.namespaces(right) else { return true }
        return namespaces.contains { key.utf8.starts(with: "\(keyPrefix)\(folder($0))/".utf8) }
    }

    /// Whether all keys that begin with `prefix` may be shown.
    func mayList(_ prefix: String) -> Bool { principal.mayEverywhere(.read) || may(.read, prefix) }

    /// Metadata files never change. Whoever may write some namespaces alone must not put other content in the place of one that
    /// the catalog has checked.
    func isProtected(_ key: String) -> Bool {
        !principal.mayEverywhere(.write) && (key.hasSuffix(".metadata.json") || key.hasSuffix(".metadata.json.gz"))
    }
}
