import Iceberg
import LakeModel

extension LakehouseCatalog {
    /// Tables that one transaction may change.
    package static let transactionTablesMax = 256

    /// Changes several tables, all or none.
    /// - Throws: as ``commit(_:ticket:)``; `request-invalid` for a table that stands twice.
    package func commit(_ changes: [TableChange], ticket: IdempotencyTicket?) async throws {
        guard (1...Self.transactionTablesMax).contains(changes.count) else {
            throw CatalogError(
                code: "request-invalid", message: "Invalid transaction: it changes \(changes.count) tables",
                remedy: "change 1 to \(Self.transactionTablesMax)")
        }
        let tables = changes.map(\.table)
        guard Set(tables).count == tables.count else {
            throw CatalogError(
                code: "request-invalid", message: "Invalid transaction: a table stands twice",
                remedy: "put all its changes into one")
        }
        try await locks.with(tables) {
            for _ in 0..<Self.rebasesMax where try await attempt(changes, ticket) { return }
            throw CatalogError(
                code: "commit-conflict", message: "other commits came first \(Self.rebasesMax) times in a row",
                remedy: "try again later", isRetryable: true)
        }
    }

    private struct Part {
        var table: TableIdentifier
        /// `nil`: the table is created.
        var base: TableMetadata?
        var result: TableMetadata
    }

    /// - Returns: `false` when another commit came first.
    private func attempt(_ changes: [TableChange], _ ticket: IdempotencyTicket?) async throws -> Bool {
        var parts: [Part] = []
        for change in changes { parts.append(try await part(change)) }
        var written: [String] = []
        do {
            var commit = CatalogCommit()
            for index in parts.indices where parts[index].result.metadataLocation == nil {
                _ = try await write(&parts[index].result)
                guard let location = parts[index].result.metadataLocation else { continue }
                written.append(location)
                commit.swaps.append(
                    .init(
                        table: parts[index].table, expectedMetadataLocation: parts[index].base?.metadataLocation,
                        newMetadataLocation: location))
            }
            if let ticket { commit.answers = [ticket.answer(status: 204, nowMilliseconds: now())] }
            try await store.commit(commit)
        } catch let error as CatalogError where error.code == "commit-state-unknown" {
            guard try await stand(parts) else { throw error }
        } catch {
            for location in written { await discard(location) }
            if let error = error as? CatalogError, error.code == "commit-conflict" { return false }
            throw error
        }
        for part in parts {
            if let location = part.result.metadataLocation {
                cache.remember(part.table, CachedTable(location: location, metadata: part.result))
            }
            signals.committed(part.table, part.result)
            if let base = part.base { await dropOldFiles(base, part.result) }
        }
        return true
    }

    /// Whether a commit whose answer was lost took place: one pointer tells of all.
    private func stand(_ parts: [Part]) async throws -> Bool {
        guard let first = parts.first(where: { $0.base?.metadataLocation != $0.result.metadataLocation }) else {
            return false
        }
        return try await store.pointer(first.table)?.metadataLocation == first.result.metadataLocation
    }

    private func part(_ change: TableChange) async throws -> Part {
        if try change.isCreation() {
            try await requireFreeForCommit(change.table)
            let metadata = try TableMetadata.creating(change.updates, nowMilliseconds: now())
            try check(metadata, of: change.table)
            return Part(table: change.table, base: nil, result: metadata)
        }
        let location = try await requirePointer(.table, change.table).metadataLocation
        let base = try await metadata(change.table, at: location)
        let result = try change.applied(to: base, nowMilliseconds: now())
        try check(result, of: change.table)
        return Part(table: change.table, base: base, result: result)
    }
}
