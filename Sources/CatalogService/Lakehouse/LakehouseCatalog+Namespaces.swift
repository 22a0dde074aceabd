import LakeModel

extension LakehouseCatalog {
    /// Children of a namespace, or those at the top.
    /// - Throws: `namespace-missing`.
    package func listNamespaces(below parent: String?, after: String?, limit: Int) async throws -> [String] {
        if let parent { try await requireNamespace(parent) }
        return try await store.namespaces(below: parent, after: after, limit: limit)
    }

    package func createNamespace(
        _ name: String, properties: [String: String], ticket: IdempotencyTicket?, answer: [UInt8]
    ) async throws {
        if let location = properties["location"] { try locations.check(location) }
        try await commit(ticket, status: 200, body: answer) {
            $0.namespaceChanges = [.create(name, properties: properties)]
        }
    }

    package func namespaceProperties(_ name: String) async throws -> [String: String] {
        guard let properties = try await store.namespaceProperties(name) else {
            throw CatalogError.namespaceMissing(name)
        }
        return properties
    }

    package func dropNamespace(_ name: String, ticket: IdempotencyTicket?) async throws {
        try await commit(ticket, status: 204) { $0.namespaceChanges = [.drop(name)] }
    }

    package func setNamespaceProperties(
        _ name: String, updates: [String: String], removals: [String], ticket: IdempotencyTicket?, answer: [UInt8]
    ) async throws {
        if let location = updates["location"] { try locations.check(location) }
        try await commit(ticket, status: 200, body: answer) {
            $0.namespaceChanges = [.setProperties(name, updates: updates, removals: removals)]
        }
    }

    /// Commits with the answer of the request, if it has an idempotency key.
    func commit(
        _ ticket: IdempotencyTicket?, status: Int, metadataLocation: String? = nil, body: [UInt8] = [],
        _ change: (inout CatalogCommit) -> Void
    ) async throws {
        var commit = CatalogCommit()
        change(&commit)
        if let ticket {
            commit.answers = [
                ticket.answer(
                    status: status, metadataLocation: metadataLocation, body: body, nowMilliseconds: now())
            ]
        }
        try await store.commit(commit)
    }
}

extension LakehouseCatalog {
    /// Keeps a refusal as the answer of its idempotency key.
    package func keepRefusal(_ ticket: IdempotencyTicket, status: Int, body: [UInt8]) async throws {
        try await commit(ticket, status: status, body: body) { _ in }
    }
}
