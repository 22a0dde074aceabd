/// What a name in a namespace stands for. Tables and views share one space of names.
package enum RelationKind: String, Sendable, Hashable, CaseIterable {
    case table, view
}

/// Takes a table or view out of the catalog. Its files stay. A table's key index goes with it.
package struct RelationRemoval: Sendable, Hashable {
    package var kind: RelationKind
    package var name: TableIdentifier
    /// `nil`: whatever its metadata file is now; otherwise another one is a `commit-conflict`.
    package var expectedMetadataLocation: String?

    package init(_ kind: RelationKind, _ name: TableIdentifier, expectedMetadataLocation: String? = nil) {
        self.kind = kind
        self.name = name
        self.expectedMetadataLocation = expectedMetadataLocation
    }
}

/// Gives a table or view another name, also in another namespace. Its files stay where they are.
package struct RelationRename: Sendable, Hashable {
    package var kind: RelationKind
    package var from: TableIdentifier
    package var to: TableIdentifier

    package init(_ kind: RelationKind, from: TableIdentifier, to: TableIdentifier) {
        self.kind = kind
        self.from = from
        self.to = to
    }
}
