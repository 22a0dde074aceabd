package import CatalogService
import Synchronization

extension MemoryCatalogStore {
    static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

    private static func page(_ names: some Sequence<String>, after: String?, limit: Int) -> [String] {
        Array(
            names.filter { name in after.map { precedes($0, name) } ?? true }.sorted(by: precedes)
                .prefix(max(0, limit)))
    }

    package func namespaceProperties(_ name: String) async throws -> [String: String]? {
        state.withLock { $0.namespaces[name] }
    }

    package func namespaces(below parent: String?, after: String?, limit: Int) async throws -> [String] {
        let level = parent.map { NamespaceName.levels($0) } ?? []
        return Self.page(
            state.withLock { Array($0.namespaces.keys) }.filter {
                NamespaceName.levels($0).dropLast().elementsEqual(level)
            }, after: after, limit: limit)
    }

    package func names(
        of kind: RelationKind, in namespace: String, after: String?, limit: Int
    ) async throws -> [String] {
        let all = state.withLock { kind == .table ? $0.pointers : $0.views }
        return Self.page(all.keys.filter { $0.namespace == namespace }.map(\.name), after: after, limit: limit)
    }

    package func viewPointer(_ view: TableIdentifier) async throws -> TablePointer? {
        state.withLock { $0.views[view] }
    }

    package func idempotentAnswer(key: String) async throws -> IdempotentAnswer? {
        state.withLock { $0.answers[key] }
    }

    static func apply(_ change: NamespaceChange, _ state: inout State) throws {
        switch change {
        case .create(let name, let properties):
            if state.namespaces[name] != nil { throw CatalogError.namespaceExists(name) }
            for ancestor in NamespaceName.ancestors(name) where state.namespaces[ancestor] == nil {
                state.namespaces[ancestor] = [:]
            }
            state.namespaces[name] = properties
        case .drop(let name):
            guard state.namespaces[name] != nil else { throw CatalogError.namespaceMissing(name) }
            let holds =
                state.pointers.keys.contains { $0.namespace == name }
                || state.views.keys.contains { $0.namespace == name }
                || state.namespaces.keys.contains { NamespaceName.ancestors($0).contains(name) }
            if holds { throw CatalogError.namespaceNotEmpty(name, holds: "something") }
            state.namespaces[name] = nil
        case .setProperties(let name, let updates, let removals):
            guard var properties = state.namespaces[name] else { throw CatalogError.namespaceMissing(name) }
            for key in removals { properties[key] = nil }
            state.namespaces[name] = properties.merging(updates) { _, new in new }
        }
    }

    static func remove(_ removal: RelationRemoval, _ state: inout State) throws {
        let found = removal.kind == .table ? state.pointers[removal.name] : state.views[removal.name]
        guard let found else { throw CatalogError.relationMissing(removal.kind, removal.name) }
        if let expected = removal.expectedMetadataLocation, expected != found.metadataLocation {
            throw conflict("the pointer of \(removal.name) is \(found.metadataLocation)")
        }
        if removal.kind == .table {
            state.pointers[removal.name] = nil
            state.keyIndex[removal.name] = nil
        } else {
            state.views[removal.name] = nil
        }
    }

    static func apply(_ rename: RelationRename, _ state: inout State) throws {
        let found = rename.kind == .table ? state.pointers[rename.from] : state.views[rename.from]
        guard var found else { throw CatalogError.relationMissing(rename.kind, rename.from) }
        guard state.namespaces[rename.to.namespace] != nil else {
            throw CatalogError.namespaceMissing(rename.to.namespace)
        }
        if state.pointers[rename.to] != nil { throw CatalogError.relationExists(.table, rename.to) }
        if state.views[rename.to] != nil { throw CatalogError.relationExists(.view, rename.to) }
        found.table = rename.to
        if rename.kind == .table {
            state.pointers[rename.from] = nil
            state.pointers[rename.to] = found
            let pieces = state.keyIndex.removeValue(forKey: rename.from) ?? []
            state.keyIndex[rename.to] = pieces.map {
                KeyIndexPiece(table: rename.to, snapshotID: $0.snapshotID, bytes: $0.bytes)
            }
        } else {
            state.views[rename.from] = nil
            state.views[rename.to] = found
        }
    }

    static func apply(_ swap: CatalogCommit.Swap, _ kind: RelationKind, _ state: inout State) throws {
        let found = kind == .table ? state.pointers[swap.table] : state.views[swap.table]
        guard found?.metadataLocation == swap.expectedMetadataLocation else {
            throw conflict("the pointer of \(swap.table) is \(found?.metadataLocation ?? "no table")")
        }
        guard state.namespaces[swap.table.namespace] != nil else {
            throw CatalogError.namespaceMissing(swap.table.namespace)
        }
        if found == nil {
            let other: RelationKind = kind == .table ? .view : .table
            let taken = other == .table ? state.pointers[swap.table] : state.views[swap.table]
            if taken != nil { throw CatalogError.relationExists(other, swap.table) }
        }
        let pointer = TablePointer(
            table: swap.table, metadataLocation: swap.newMetadataLocation, version: (found?.version ?? 0) + 1)
        if kind == .table { state.pointers[swap.table] = pointer } else { state.views[swap.table] = pointer }
    }
}
