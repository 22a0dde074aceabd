/// What a snapshot holds in all: the `total-*` entries of its summary.
package struct SnapshotTotals: Sendable, Hashable {
    package var records: Int64 = 0
    package var fileBytes: Int64 = 0
    package var dataFiles: Int64 = 0
    package var deleteFiles: Int64 = 0
    package var positionDeletes: Int64 = 0
    package var equalityDeletes: Int64 = 0

    package init() {}

    /// Reads the totals of a summary; `nil` unless all of them are there.
    package init?(summary: [String: String]) {
        func total(_ key: String) -> Int64? { summary[key].flatMap { Int64($0) } }
        guard let records = total("total-records"), let fileBytes = total("total-files-size"),
            let dataFiles = total("total-data-files"), let deleteFiles = total("total-delete-files"),
            let positionDeletes = total("total-position-deletes"),
            let equalityDeletes = total("total-equality-deletes")
        else { return nil }
        self.records = records
        self.fileBytes = fileBytes
        self.dataFiles = dataFiles
        self.deleteFiles = deleteFiles
        self.positionDeletes = positionDeletes
        self.equalityDeletes = equalityDeletes
    }

    /// Counts a live file, or takes one away with `sign` -1.
    package mutating func count(_ file: DataFile, sign: Int64 = 1) {
        fileBytes += sign * file.byteCount
        switch file.content {
        case .data:
            dataFiles += sign
            records += sign * file.recordCount
        case .positionDeletes:
            deleteFiles += sign
            positionDeletes += sign * file.recordCount
        case .equalityDeletes:
            deleteFiles += sign
            equalityDeletes += sign * file.recordCount
        }
    }

    /// The entries as a summary holds them, zeros too: readers take a missing total for an unknown one.
    package var summary: [String: String] {
        [
            "total-records": String(records), "total-files-size": String(fileBytes),
            "total-data-files": String(dataFiles), "total-delete-files": String(deleteFiles),
            "total-position-deletes": String(positionDeletes), "total-equality-deletes": String(equalityDeletes),
        ]
    }

    private var isNegative: Bool {
        min(records, fileBytes, dataFiles, min(deleteFiles, positionDeletes, equalityDeletes)) < 0
    }

    /// Whether these can be the totals of a snapshot with such manifests, whose counts the manifest list gives for
    /// nothing. Totals that another engine got wrong would otherwise be carried on for ever.
    func agree(with manifests: [ManifestFile]) -> Bool {
        if isNegative { return false }
        var dataFiles: Int64 = 0
        var deleteFiles: Int64 = 0
        var dataRows: Int64 = 0
        var deleteRows: Int64 = 0
        for manifest in manifests {
            guard let added = manifest.addedFilesCount, let existing = manifest.existingFilesCount,
                let addedRows = manifest.addedRowsCount, let existingRows = manifest.existingRowsCount
            else { return false }
            switch manifest.content {
            case .data:
                dataFiles += Int64(added + existing)
                dataRows += addedRows + existingRows
            case .deletes:
                deleteFiles += Int64(added + existing)
                deleteRows += addedRows + existingRows
            }
        }
        return dataFiles == self.dataFiles && deleteFiles == self.deleteFiles && dataRows == records
            && deleteRows == positionDeletes + equalityDeletes
    }

    /// Sums over the live entries of `manifests`.
    package static func counted(
        _ manifests: [ManifestFile], metadata: TableMetadata, io: any FileIO
    ) async throws -> SnapshotTotals {
        var totals = SnapshotTotals()
        let live = manifests.filter(\.mayHaveLiveFiles)
        for entries in try await metadata.readEntries(live, io: io) {
            for entry in entries where entry.isLive { totals.count(entry.dataFile) }
        }
        return totals
    }
}

/// What one snapshot added and removed.
struct SnapshotDelta: Sendable {
    private(set) var added = Side()
    private(set) var removed = Side()
    private var partitions: Set<PartitionKey> = []

    struct Side: Sendable {
        var totals = SnapshotTotals()
        var positionDeleteFiles: Int64 = 0
        var equalityDeleteFiles: Int64 = 0

        mutating func count(_ file: DataFile) {
            totals.count(file)
            if file.content == .positionDeletes { positionDeleteFiles += 1 }
            if file.content == .equalityDeletes { equalityDeleteFiles += 1 }
        }
    }

    mutating func add(_ file: DataFile) {
        added.count(file)
        partitions.insert(file.partitionKey)
    }

    mutating func remove(_ file: DataFile) {
        removed.count(file)
        partitions.insert(file.partitionKey)
    }

    func applied(to totals: SnapshotTotals) -> SnapshotTotals {
        var result = totals
        result.records += added.totals.records - removed.totals.records
        result.fileBytes += added.totals.fileBytes - removed.totals.fileBytes
        result.dataFiles += added.totals.dataFiles - removed.totals.dataFiles
        result.deleteFiles += added.totals.deleteFiles - removed.totals.deleteFiles
        result.positionDeletes += added.totals.positionDeletes - removed.totals.positionDeletes
        result.equalityDeletes += added.totals.equalityDeletes - removed.totals.equalityDeletes
        return result
    }

    /// The entries as a summary holds them; what did not change is left out, as other engines do.
    var summary: [String: String] {
        let counts: [(String, Int64)] = [
            ("added-data-files", added.totals.dataFiles), ("added-records", added.totals.records),
            ("added-files-size", added.totals.fileBytes), ("added-delete-files", added.totals.deleteFiles),
            ("added-position-delete-files", added.positionDeleteFiles),
            ("added-equality-delete-files", added.equalityDeleteFiles),
            ("added-position-deletes", added.totals.positionDeletes),
            ("added-equality-deletes", added.totals.equalityDeletes),
            ("deleted-data-files", removed.totals.dataFiles), ("deleted-records", removed.totals.records),
            ("removed-files-size", removed.totals.fileBytes), ("removed-delete-files", removed.totals.deleteFiles),
            ("removed-position-delete-files", removed.positionDeleteFiles),
            ("removed-equality-delete-files", removed.equalityDeleteFiles),
            ("removed-position-deletes", removed.totals.positionDeletes),
            ("removed-equality-deletes", removed.totals.equalityDeletes),
        ]
        var summary: [String: String] = ["changed-partition-count": String(partitions.count)]
        for (key, count) in counts where count > 0 { summary[key] = String(count) }
        return summary
    }
}
