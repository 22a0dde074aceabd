import CatalogService
import Iceberg
import ObjectStorage

/// One commit's worth of rewritten files, and how it fits on what the table has become meanwhile.
struct CompactionWork: Sendable {
    /// The snapshot that was read.
    let start: Snapshot
    var rewritten: [RewrittenGroup] = []
    /// Merged position deletes, with the files that they stand for.
    var merged: [(group: CompactionPlan.DeleteGroup, file: DataFile?)] = []
    var dangling: [DataFile] = []

    init(start: Snapshot) { self.start = start }

    /// What a commit on a certain snapshot takes.
    struct Fit: Sendable {
        var added: [DataFile] = []
        var addedDeletes: [DataFile] = []
        var removed: Set<String> = []
        /// New files of groups that do not fit any more.
        var obsolete: [String] = []
        /// Groups that a writer came before.
        var droppedGroups = 0

        var isEmpty: Bool { removed.isEmpty }
    }

    /// Compares with the live files of the table as it is now.
    ///
    /// Steps: a group whose files are not all there any more is dropped; rows of the others that a writer has deleted
    /// since are found by their new positions and deleted there; a delete file goes when nothing that stays needs it.
    /// - Parameters:
    ///   - tasks: of the current snapshot.
    ///   - deleteFiles: live in the current snapshot.
    /// - Throws: storage errors, ``ParquetError``.
    func fit(
        tasks: [FileScanTask], deleteFiles: [DataFile], rewriter: FileRewriter, room: MaintenanceRoom,
        pool: BlockingPool
    ) async throws -> Fit {
        let live = Dictionary(tasks.map { ($0.dataFile.location, $0) }, uniquingKeysWith: { first, _ in first })
        var fit = Fit()
        for group in rewritten {
            if let moved = try await moved(group, live, rewriter, room, pool) {
                fit.added += group.files
                fit.addedDeletes += moved
                fit.removed.formUnion(group.group.tasks.map(\.dataFile.location))
            } else {
                fit.droppedGroups += 1
                fit.obsolete += group.files.map(\.location)
            }
        }
        var needed: [String: Set<String>] = [:]
        for task in tasks {
            for file in task.deleteFiles { needed[file.location, default: []].insert(task.dataFile.location) }
        }
        let liveDeletes = Set(deleteFiles.map(\.location))
        for (group, file) in merged {
            let users = group.files.reduce(into: Set<String>()) { $0.formUnion(needed[$1.location] ?? []) }
            // The merged file speaks for the data files that were to stay alone.
            guard group.files.allSatisfy({ liveDeletes.contains($0.location) }),
                users.subtracting(fit.removed).isSubset(of: group.dataFiles)
            else {
                fit.droppedGroups += 1
                fit.obsolete += [file?.location].compactMap(\.self)
                continue
            }
            fit.addedDeletes += [file].compactMap(\.self)
            fit.removed.formUnion(group.files.map(\.location))
        }
        let dataRemoved = fit.removed
        for file in deleteFiles where file.content == .positionDeletes && !fit.removed.contains(file.location) {
            let users = needed[file.location] ?? []
            // One that nothing needed at the start may be a writer's newest, so only those known from then go.
            let isDone =
                users.isEmpty
                ? dangling.contains { $0.location == file.location } : users.isSubset(of: dataRemoved)
            if isDone { fit.removed.insert(file.location) }
        }
        return fit
    }

    /// The deletes of a group's rows that came since the start, for its new files.
    /// - Returns: `nil` when the group cannot be committed any more.
    private func moved(
        _ group: RewrittenGroup, _ live: [String: FileScanTask], _ rewriter: FileRewriter, _ room: MaintenanceRoom,
        _ pool: BlockingPool
    ) async throws -> [DataFile]? {
        var later: [String: DataFile] = [:]
        for task in group.group.tasks {
            guard let now = live[task.dataFile.location], now.sequenceNumber == task.sequenceNumber else { return nil }
            let known = Set(task.deleteFiles.map(\.location))
            for file in now.deleteFiles where !known.contains(file.location) {
                // Equality deletes are newer than the new files and apply to them by themselves.
                if file.content == .equalityDeletes { continue }
                guard file.format.uppercased() == "PARQUET" else { return nil }
                later[file.location] = file
            }
        }
        guard !later.isEmpty, let like = group.files.first ?? group.group.tasks.first?.dataFile else { return [] }
        let deleted = try await DeletedPositions(
            later.values.sorted { $0.location < $1.location }, of: Set(group.maps.keys), room: room, pool: pool)
        var positions: [String: [Int64]] = [:]
        for (location, map) in group.maps {
            for position in deleted.sorted(location) {
                guard let place = map.place(of: position) else { continue }
                positions[group.files[place.file].location, default: []].append(place.row)
            }
        }
        let file = try await rewriter.writeDeletes(positions, group.group.partition, like: like)
        return [file].compactMap(\.self)
    }
}
