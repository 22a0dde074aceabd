import CatalogService
import Iceberg
import LakeModel
import ObjectStorage

/// Writes the new files of some groups and commits them.
struct CompactionCommit: Sendable {
    let room: MaintenanceRoom
    let policy: MaintenancePolicy
    let pool: BlockingPool
    /// What was planned on.
    let view: TableView
    let table: TableIdentifier

    /// - Throws: what reading, writing and committing throw; files that are known not to be committed are deleted then.
    func run(
        _ groups: [CompactionPlan.Group], _ deleteGroups: [CompactionPlan.DeleteGroup], _ dangling: [DataFile],
        _ outcome: inout MaintenanceOutcome
    ) async throws {
        let rewriter = FileRewriter(
            metadata: view.metadata, targetFileBytes: policy.targetFileBytes(of: view.metadata),
            sortBytes: policy.sortBytes, room: room, pool: pool)
        var work = CompactionWork(start: view.snapshot)
        work.dangling = dangling
        do {
            for group in groups {
                let deletes = Self.deleteFiles(group.tasks)
                let deleted = try await DeletedPositions(
                    deletes, of: Set(group.tasks.map(\.dataFile.location)), room: room, pool: pool)
                work.rewritten.append(try await rewriter.rewrite(group, deleted: deleted))
            }
            for group in deleteGroups {
                let deleted = try await DeletedPositions(group.files, of: group.dataFiles, room: room, pool: pool)
                guard let like = group.files.first else { continue }
                work.merged.append(
                    (group, try await rewriter.writeDeletes(deleted.byFile, group.partition, like: like)))
            }
        } catch {
            await discard(rewriter.locations)
            throw error
        }
        try await commit(work, rewriter, &outcome)
    }

    private static func deleteFiles(_ tasks: [FileScanTask]) -> [DataFile] {
        var files: [String: DataFile] = [:]
        for file in tasks.flatMap(\.deleteFiles) { files[file.location] = file }
        return files.values.sorted { $0.location < $1.location }
    }

    // MARK: Commit

    private enum Attempt {
        case committed(CompactionWork.Fit, ProducedSnapshot)
        case overtaken
        /// All groups were dropped.
        case empty
    }

    private func commit(
        _ work: CompactionWork, _ rewriter: FileRewriter, _ outcome: inout MaintenanceOutcome
    ) async throws {
        for _ in 0..<policy.commitAttemptsMax {
            var produced: [String] = []
            let attempt: Attempt
            do {
                attempt = try await room.turns.maintaining(table) {
                    try await self.attempt(work, rewriter, &produced)
                }
            } catch {
                // Only a refusal tells for certain that nothing was committed.
                if Self.isRefusal(error) || produced.isEmpty { await discard(produced + rewriter.locations) }
                throw error
            }
            switch attempt {
            case .overtaken: await discard(produced)
            case .empty:
                await discard(rewriter.locations)
                outcome.state = outcome.state == .done ? .done : .yielded
                outcome.reason = "writers replaced the files meanwhile"
                return
            case .committed(let fit, let snapshot):
                outcome.state = .done
                outcome.addedFiles += fit.added.count + fit.addedDeletes.count
                outcome.removedFiles += fit.removed.count
                if fit.droppedGroups > 0 {
                    outcome.reason = "\(fit.droppedGroups) groups were dropped: writers replaced their files meanwhile"
                }
                let used = Set((fit.added + fit.addedDeletes).map(\.location))
                await discard(snapshot.unreferencedLocations + rewriter.locations.filter { !used.contains($0) })
                return
            }
        }
        await discard(rewriter.locations)
        outcome.state = outcome.state == .done ? .done : .yielded
        outcome.reason = "other commits came first \(policy.commitAttemptsMax) times in a row"
    }

    /// One attempt on the table as it is now.
    /// - Parameter written: gets manifests and manifest lists that were written.
    private func attempt(
        _ work: CompactionWork, _ rewriter: FileRewriter, _ written: inout [String]
    ) async throws -> Attempt {
        let base = try await room.catalog.currentMetadata(table)
        guard base.location == view.metadata.location, base.currentSchemaID == view.metadata.currentSchemaID else {
            return .empty
        }
        var view = view
        if base.currentSnapshotID != view.snapshot.id {
            guard let latest = try await TableView.read(base, io: room.io) else { return .empty }
            view = latest
        }
        let fit = try await work.fit(
            tasks: view.tasks, deleteFiles: view.deleteFiles, rewriter: rewriter, room: room, pool: pool)
        if fit.isEmpty, !work.rewritten.isEmpty || !work.merged.isEmpty { return .empty }
        var producer = SnapshotProducer(
            base: base, io: room.io, snapshotID: SnapshotID.random(avoiding: base),
            nowMilliseconds: room.nowMilliseconds(), operation: .replace)
        producer.addedDataFiles = fit.added
        producer.addedDeleteFiles = fit.addedDeletes
        producer.removedFiles = fit.removed
        producer.addedDataSequenceNumber = work.start.sequenceNumber
        producer.mergesManifests = true
        producer.minCountToMerge = max(2, policy.manifestsMin)
        // The rows are those of the parent, and so are how far the log was worked and what gold was computed from.
        producer.summary = view.snapshot.summary.filter { entry in
            ProtectedSnapshots.carriedPrefixes.contains { entry.key.hasPrefix($0) }
        }
        let produced: ProducedSnapshot
        do {
            produced = try await producer.produce()
            written = produced.writtenLocations
        } catch {
            await discard(producer.writtenLocations)
            throw error
        }
        do {
            _ = try await room.catalog.commit(produced.updates, on: base, of: table)
        } catch let error as IcebergError where error.kind == .requirementFailed {
            return .overtaken
        } catch let error as CatalogError where error.code == "commit-state-unknown" {
            let latest = try? await room.catalog.currentMetadata(table)
            if latest?.snapshot(id: produced.snapshot.id) == nil { throw error }
        }
        return .committed(fit, produced)
    }

    private static func isRefusal(_ error: any Error) -> Bool {
        if error is IcebergError { return true }
        guard let error = error as? CatalogError else { return false }
        return error.code != "commit-state-unknown"
    }

    /// Deletes files that nothing refers to; one that stays is an orphan.
    private func discard(_ locations: [String]) async {
        for location in locations { try? await room.io.delete(location) }
    }
}
