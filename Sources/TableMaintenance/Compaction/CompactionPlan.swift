import Iceberg

/// What of a snapshot is to be rewritten.
///
/// Steps, for each partition: data files that are small, as many of about one size as the policy wants, go into new
/// files; so do files of which much is deleted; position delete files of the files that stay are put together when
/// many have gathered. Files that cannot be rewritten are left out and counted.
struct CompactionPlan: Sendable {
    /// Data files of one partition that become new ones.
    struct Group: Sendable {
        var partition: PartitionKey
        /// The oldest first, so that rows keep their order.
        var tasks: [FileScanTask]

        var byteCount: Int64 { tasks.reduce(0) { $0 + $1.dataFile.byteCount } }
    }

    /// Position delete files of one partition that become one.
    struct DeleteGroup: Sendable {
        var partition: PartitionKey
        var files: [DataFile]
        /// The data files whose deletes are kept.
        var dataFiles: Set<String>
    }

    var groups: [Group] = []
    var deleteGroups: [DeleteGroup] = []
    /// Position delete files that apply to no data file.
    var danglingDeletes: [DataFile] = []
    /// Data files that are left alone although they are small or much deleted from, by reason.
    var skipped: [String: Int] = [:]

    var isEmpty: Bool { groups.isEmpty && deleteGroups.isEmpty && danglingDeletes.isEmpty }

    /// - Parameters:
    ///   - tasks: all of the snapshot.
    ///   - deleteFiles: all live delete files of the snapshot.
    ///   - sortOrderID: of the order that new files will follow; `nil` when they follow none.
    init(
        tasks: [FileScanTask], deleteFiles: [DataFile], targetFileBytes: Int, policy: MaintenancePolicy,
        sortOrderID: Int? = nil
    ) {
        let tiers = SizeTiers(countMin: max(2, policy.filesMin))
        let smallBytes = Int64(targetFileBytes) / 100 * Int64(policy.smallFilePercent)
        var rewritten: Set<String> = []
        let partitions = Dictionary(grouping: tasks) { $0.dataFile.partitionKey }
        for (partition, tasks) in partitions.sorted(by: { Self.precedes($0.value, $1.value) }) {
            let usable = usable(tasks)
            let small = usable.filter { $0.dataFile.byteCount < smallBytes }
            var chosen = Set(tiers.choose(small.map(\.dataFile.byteCount)).map { small[$0].dataFile.location })
            let rowsBelow = Self.rowsBelow(tasks)
            for task in usable where Self.deletedPercent(task, rowsBelow) > policy.deletedPercentMax {
                chosen.insert(task.dataFile.location)
            }
            let unsorted = Self.unsorted(usable, sortOrderID, policy)
            chosen.formUnion(unsorted)
            let taken = usable.filter { chosen.contains($0.dataFile.location) }
                .sorted { ($0.sequenceNumber, $0.dataFile.location) < ($1.sequenceNumber, $1.dataFile.location) }
            let rowsMax = sortOrderID == nil ? Int64.max : policy.sortedRowsPerCommitMax
            for tasks in Self.bins(taken, bytesMax: Int64(policy.bytesPerCommitMax), rowsMax: rowsMax)
            where tasks.count > 1 || !tasks[0].deleteFiles.isEmpty || unsorted.contains(tasks[0].dataFile.location) {
                groups.append(Group(partition: partition, tasks: tasks))
                rewritten.formUnion(tasks.map(\.dataFile.location))
            }
            let staying = tasks.filter { !rewritten.contains($0.dataFile.location) }
            if let group = Self.deleteGroup(partition, staying, tiers) { deleteGroups.append(group) }
        }
        let applied = Set(tasks.flatMap { $0.deleteFiles.map(\.location) })
        danglingDeletes = deleteFiles.filter { $0.content == .positionDeletes && !applied.contains($0.location) }
    }

    private mutating func usable(_ tasks: [FileScanTask]) -> [FileScanTask] {
        tasks.filter { task in
            var reason: String?
            if task.dataFile.format.uppercased() != "PARQUET" { reason = "file-format" }
            for file in task.deleteFiles {
                if file.content == .equalityDeletes { reason = "equality-deletes" }
                if file.format.uppercased() != "PARQUET" { reason = "delete-file-format" }
            }
            if task.dataFile.keyMetadata != nil { reason = "encrypted" }
            if let reason { skipped[reason, default: 0] += 1 }
            return reason == nil
        }
    }

    /// The rows of the data files that each delete file may point into.
    private static func rowsBelow(_ tasks: [FileScanTask]) -> [String: Int64] {
        var rows: [String: Int64] = [:]
        for task in tasks {
            for file in task.deleteFiles { rows[file.location, default: 0] += task.dataFile.recordCount }
        }
        return rows
    }

    /// How much of a file is deleted, about: of a delete file for several data files, each gets its share.
    private static func deletedPercent(_ task: FileScanTask, _ rowsBelow: [String: Int64]) -> Int {
        let rowCount = Double(task.dataFile.recordCount)
        guard rowCount > 0 else { return 0 }
        let deleted = task.deleteFiles.reduce(0.0) { sum, file in
            sum + Double(file.recordCount) * rowCount / Double(max(1, rowsBelow[file.location] ?? 1))
        }
        return Int(min(100, 100 * deleted / rowCount))
    }

    /// Files that do not follow the table's order, when the policy wants them to.
    private static func unsorted(
        _ tasks: [FileScanTask], _ sortOrderID: Int?, _ policy: MaintenancePolicy
    ) -> Set<String> {
        guard policy.sortsUnsorted, let sortOrderID else { return [] }
        return Set(tasks.filter { $0.dataFile.sortOrderID != sortOrderID }.map(\.dataFile.location))
    }

    /// The tasks in their order, cut so that no bin of several passes `bytesMax` or `rowsMax`. A bin of one small file is
    /// not worth it, unless something is deleted from it or it is to be sorted.
    private static func bins(_ tasks: [FileScanTask], bytesMax: Int64, rowsMax: Int64) -> [[FileScanTask]] {
        var bins: [[FileScanTask]] = []
        var bin: [FileScanTask] = []
        var byteCount: Int64 = 0
        var rowCount: Int64 = 0
        for task in tasks {
            let file = task.dataFile
            if !bin.isEmpty, byteCount + file.byteCount > bytesMax || rowCount + file.recordCount > rowsMax {
                bins.append(bin)
                bin = []
                byteCount = 0
                rowCount = 0
            }
            bin.append(task)
            byteCount += file.byteCount
            rowCount += file.recordCount
        }
        if !bin.isEmpty { bins.append(bin) }
        return bins
    }

    private static func deleteGroup(
        _ partition: PartitionKey, _ staying: [FileScanTask], _ tiers: SizeTiers
    ) -> DeleteGroup? {
        var files: [String: DataFile] = [:]
        for file in staying.flatMap(\.deleteFiles)
        where file.content == .positionDeletes && file.format.uppercased() == "PARQUET"
            && file.partitionKey == partition
        {
            files[file.location] = file
        }
        let sorted = files.values.sorted { $0.location < $1.location }
        let chosen = tiers.choose(sorted.map(\.byteCount)).map { sorted[$0] }
        guard chosen.count > 1 else { return nil }
        let locations = Set(chosen.map(\.location))
        let dataFiles = staying.filter { $0.deleteFiles.contains { locations.contains($0.location) } }
        return DeleteGroup(
            partition: partition, files: chosen, dataFiles: Set(dataFiles.map(\.dataFile.location)))
    }

    /// Partitions in the order of their first files, so that plans of one table are alike.
    private static func precedes(_ left: [FileScanTask], _ right: [FileScanTask]) -> Bool {
        (left.map(\.dataFile.location).min() ?? "") < (right.map(\.dataFile.location).min() ?? "")
    }
}
