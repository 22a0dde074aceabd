extension CatalogError {
    /// Nothing of the commit was applied: what it was built on is not there any more. Trying the same commit again
    /// fails again, so it isn't retryable in itself; the writer rebuilds it on the current state.
    package static func conflict(_ what: String, expected: String, found: String, remedy: String) -> Self {
        Self(
            code: "commit-conflict", message: "\(what): expected \(expected), found \(found); nothing was applied",
            remedy: remedy)
    }

    package static func pointerConflict(_ table: TableIdentifier, expected: String?, found: String?) -> Self {
        conflict(
            "the pointer of \(table)", expected: expected ?? "no table", found: found ?? "no table",
            remedy: "load the table again, apply the change to it and commit that")
    }

    package static func watermarkConflict(_ wanted: CatalogWatermark, found: String) -> Self {
        conflict(
            "the watermark of \(wanted.topic)/\(wanted.partition)",
            expected: "one before \(wanted.nextOffset) of log \(wanted.incarnation)", found: found,
            remedy: "read the watermark and go on from there: another writer has done this part of the log")
    }

    package static func fenceConflict(_ fence: CatalogCommit.Fence, found: Int64?) -> Self {
        conflict(
            "the fence of '\(fence.role)'", expected: "token \(fence.token)",
            found: found.map { "token \($0)" } ?? "none",
            remedy: "stop this writer: a newer one has taken over, or take the fence again")
    }

    package static func namespaceMissing(_ name: String) -> Self {
        Self(
            code: "namespace-missing", message: "Namespace does not exist: \(NamespaceName.shown(name))",
            remedy: "create the namespace first")
    }

    /// The answer of the database was lost: the commit may or may not stand.
    package static func stateUnknown(_ cause: any Error) -> Self {
        Self(
            code: "commit-state-unknown", message: "the commit was sent, but whether it stands is not known",
            remedy: "look for the commit's own snapshot or receipt before anything is repeated or deleted",
            cause: cause)
    }
}

extension CatalogError {
    package static func namespaceExists(_ name: String) -> Self {
        Self(
            code: "namespace-exists", message: "Namespace already exists: \(NamespaceName.shown(name))",
            remedy: "use it, or choose another name")
    }

    package static func namespaceNotEmpty(_ name: String, holds what: String) -> Self {
        Self(
            code: "namespace-not-empty",
            message: "Namespace \(NamespaceName.shown(name)) is not empty. It holds \(what)",
            remedy: "drop what it holds first")
    }

    package static func relationMissing(_ kind: RelationKind, _ name: TableIdentifier) -> Self {
        Self(
            code: "\(kind.rawValue)-missing",
            message: "\(kind == .table ? "Table" : "View") does not exist: \(name)", remedy: "list the namespace")
    }

    /// - Parameter kind: what holds the name already.
    package static func relationExists(_ kind: RelationKind, _ name: TableIdentifier) -> Self {
        Self(
            code: "\(kind.rawValue)-exists", message: "\(kind == .table ? "Table" : "View") already exists: \(name)",
            remedy: "drop or rename it first, or choose another name")
    }

    package static func idempotencyKeyUsed(_ key: String) -> Self {
        Self(
            code: "idempotency-key-used", message: "another request with the idempotency key \(key) came first",
            remedy: "ask for its answer")
    }
}
