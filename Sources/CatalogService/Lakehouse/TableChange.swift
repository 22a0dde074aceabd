package import Iceberg

/// Requirements and updates of one table, as a client sends them.
package struct TableChange: Sendable {
    package var table: TableIdentifier
    package var requirements: [TableRequirement]
    package var updates: [TableUpdate]

    package init(table: TableIdentifier, requirements: [TableRequirement], updates: [TableUpdate]) {
        self.table = table
        self.requirements = requirements
        self.updates = updates
    }

    /// Whether this creates the table.
    /// - Throws: ``CatalogError`` `request-invalid` when other requirements stand beside that one.
    func isCreation() throws -> Bool {
        guard requirements.contains(.assertCreate) else { return false }
        guard requirements.allSatisfy({ $0 == .assertCreate }) else {
            throw CatalogError(
                code: "request-invalid", message: "Invalid create requirements: assert-create stands beside others",
                remedy: "send it alone")
        }
        return true
    }

    /// The metadata after this change.
    /// - Throws: ``IcebergError`` `requirement-failed` and what is wrong with the updates; ``CatalogError``
    ///   `metadata-unsound` when the result would break what must hold of every table.
    func applied(to base: TableMetadata, nowMilliseconds: Int64) throws -> TableMetadata {
        for requirement in requirements { try requirement.check(base) }
        let result = try base.applying(updates, nowMilliseconds: nowMilliseconds)
        guard updates.contains(where: \.touchesHistory) else { return result }
        let broken =
            updates.allSatisfy(\.keepsSnapshots)
            ? TableInvariants.checkMetadata(result, after: base) : TableInvariants.checkMetadata(result)
        guard !broken.isEmpty else { return result }
        // What was wrong before is not this change's fault.
        let before = Set(TableInvariants.checkMetadata(base).map(\.code))
        if let new = broken.first(where: { !before.contains($0.code) }) {
            throw CatalogError(
                code: "metadata-unsound", message: "Invalid update: \(new)",
                remedy: "report it to the client's makers")
        }
        return result
    }
}

extension TableUpdate {
    /// Whether this can break more than the update itself checks.
    fileprivate var touchesHistory: Bool {
        switch self {
        case .setProperties, .removeProperties, .setLocation: false
        default: true
        }
    }
}
