import Iceberg
import LakeModel

extension LakehouseCatalog {
    /// Changes a table, or creates it when the change asserts that it isn't there.
    ///
    /// A change whose requirements still hold is applied to whatever other commits have made of the table. Changes that
    /// wait at the same time share one metadata file and one transaction, one after the other; each has its own outcome.
    /// - Throws: `table-missing`; `requirement-failed` for a lost race; `commit-state-unknown`; what is wrong with it.
    package func commit(_ change: TableChange, ticket: IdempotencyTicket?) async throws -> TableDocument {
        if try change.isCreation() {
            try await requireFreeForCommit(change.table)
            let metadata = try TableMetadata.creating(change.updates, nowMilliseconds: now())
            try check(metadata, of: change.table)
            return try await create(change.table, metadata, ticket: ticket)
        }
        return try await withCheckedThrowingContinuation { continuation in
            let pending = PendingCommit(change: change, ticket: ticket, continuation: continuation)
            switch queues.add(pending) {
            case .behindOthers: break
            // A task of its own: a client that hangs up does not take its neighbours' commits with it.
            case .first: Task { await self.work(change.table) }
            case .full:
                pending.fail(
                    CatalogError(
                        code: "commit-conflict", message: "too many commits of \(change.table) wait already",
                        remedy: "try again later", isRetryable: true))
            }
        }
    }

    /// A table that came in between is what the requirement speaks of.
    func requireFreeForCommit(_ name: TableIdentifier) async throws {
        do {
            try await requireFree(name, for: .table)
        } catch let error as CatalogError where error.code == "table-exists" {
            try TableRequirement.assertCreate.check(exists: true)
        }
    }

    private func work(_ table: TableIdentifier) async {
        while true {
            let more = await locks.with([table]) {
                let group = queues.take(table)
                if !group.isEmpty { await commit(group, to: table) }
                return !group.isEmpty
            }
            if !more { return }
        }
    }

    /// Commits a group; every member gets its outcome.
    private func commit(_ group: [PendingCommit], to table: TableIdentifier) async {
        for _ in 0..<Self.rebasesMax {
            let began = ContinuousClock.now
            let attempt: GroupAttempt
            do {
                let location = try await requirePointer(.table, table).metadataLocation
                attempt = try apply(group, to: try await metadata(table, at: location))
            } catch {
                for pending in group { pending.fail(error) }
                return
            }
            if attempt.applied.isEmpty { return refuse(attempt, table) }
            if await finish(attempt, table) {
                refusals.committed(table, took: .now - began)
                return refuse(attempt, table)
            }
        }
        for pending in group {
            pending.fail(
                CatalogError(
                    code: "commit-conflict",
                    message: "other commits of \(table) came first \(Self.rebasesMax) times in a row",
                    remedy: "try again later", isRetryable: true))
        }
    }

    private struct GroupAttempt: Sendable {
        var base: TableMetadata
        var result: TableMetadata
        var applied: [PendingCommit] = []
        /// Members that can't be applied. They are told when the others' outcome is known: whoever lost a race loads the
        /// table at once, and is to find what it lost to.
        var refused: [(pending: PendingCommit, reason: any Error)] = []
    }

    /// Tells those that can't be applied, those who lost a race at the table's pace.
    private func refuse(_ attempt: GroupAttempt, _ table: TableIdentifier) {
        for (pending, reason) in attempt.refused {
            let isLostRace = (reason as? IcebergError)?.kind == .requirementFailed
            let wait = isLostRace ? refusals.wait(table) : .zero
            guard wait > .zero else {
                pending.fail(reason)
                continue
            }
            Task {
                try? await Task.sleep(for: wait)
                pending.fail(reason)
            }
        }
    }

    /// Applies the members one after the other. One that can't be applied is left out.
    private func apply(_ group: [PendingCommit], to base: TableMetadata) throws -> GroupAttempt {
        var attempt = GroupAttempt(base: base, result: base)
        let time = now()
        for pending in group {
            do {
                let next = try pending.change.applied(to: attempt.result, nowMilliseconds: time)
                let isPlaced =
                    next.location == attempt.result.location && next.properties == attempt.result.properties
                if !isPlaced || next.formatVersion != attempt.result.formatVersion {
                    try check(next, of: pending.change.table)
                }
                attempt.result = next
                attempt.applied.append(pending)
            } catch {
                attempt.refused.append((pending, error))
            }
        }
        return attempt
    }

    /// Writes and commits what was applied, and tells those who asked for it.
    /// - Returns: `false` when another commit came first, so that the members have to be applied anew.
    private func finish(_ attempt: GroupAttempt, _ table: TableIdentifier) async -> Bool {
        var metadata = attempt.result
        let expected = attempt.base.metadataLocation ?? ""
        var snapshots = cache.takeSnapshots(table, location: expected)
        do {
            // Without a change there is nothing to write; the answers are kept all the same.
            let changes = metadata.metadataLocation == nil
            let bytes =
                changes ? try await write(&metadata, reusing: &snapshots) : try await json(table, at: expected)
            let location = metadata.metadataLocation ?? expected
            var commit = CatalogCommit()
            if changes {
                commit.swaps = [
                    .init(table: table, expectedMetadataLocation: expected, newMetadataLocation: location)
                ]
            }
            commit.answers = attempt.applied.compactMap {
                $0.ticket?.answer(status: 200, metadataLocation: location, nowMilliseconds: now())
            }
            var cached = CachedTable(location: location, metadata: metadata, json: bytes)
            // Whoever loses the race asks for this form at once, all at the same time.
            if cache.hasRefs(table) { cached.refsJSON = metadata.withNamedSnapshots().json() }
            cache.prepare(table, cached)
            let wanted = commit
            try await settle(written: changes ? location : "", isCurrent: { try await self.latest(table, location) }) {
                try await self.store.commit(wanted)
            } onConflict: {
            }
            cache.remember(table, cached, snapshots: snapshots)
            signals.committed(table, metadata)
            let document = TableDocument(metadataLocation: location, json: bytes)
            for pending in attempt.applied { pending.succeed(document) }
            if changes { await dropOldFiles(attempt.base, metadata) }
            return true
        } catch let error as CatalogError where error.code == "commit-conflict" {
            return false
        } catch let error as CatalogError where error.code == "idempotency-key-used" && attempt.applied.count > 1 {
            for pending in attempt.applied { await commit([pending], to: table) }
            return true
        } catch {
            for pending in attempt.applied { pending.fail(error) }
            return true
        }
    }

    /// `location` when it is the table's current file, or one that the current one grew out of.
    func latest(_ table: TableIdentifier, _ location: String) async throws -> String? {
        guard let current = try await store.pointer(table)?.metadataLocation, current != location else {
            return location
        }
        let log = try await metadata(table, at: current).metadataLog
        return log.contains { $0.location == location } ? location : current
    }

    /// Deletes the metadata files that have left the log, if the table asks for it.
    func dropOldFiles(_ base: TableMetadata, _ current: TableMetadata) async {
        guard current.properties["write.metadata.delete-after-commit.enabled"]?.lowercased() == "true" else { return }
        let kept = Set(current.metadataLog.map(\.location))
        let known = base.metadataLog.map(\.location) + [base.metadataLocation].compactMap { $0 }
        for location in known where !kept.contains(location) && locations.allows(location) { await discard(location) }
    }
}

extension TableRequirement {
    /// Checks `assert-create` where there is no need to read the table.
    fileprivate func check(exists: Bool) throws {
        if self == .assertCreate, exists {
            throw IcebergError(.requirementFailed, "Requirement failed: table already exists")
        }
    }
}
