import Iceberg

/// When tables are maintained and how far. Table properties come first where one is named.
package struct MaintenancePolicy: Sendable, Hashable {
    /// Property `write.target-file-size-bytes`: 256 MiB, what ingestion begins new files at.
    package var targetFileBytes = 256 << 20
    /// A file below this part of the target, in percent, is small.
    package var smallFilePercent = 75
    /// Files of a partition and of about one size that are rewritten together at least. Each byte is so rewritten about
    /// once for each power of this number that lies between the first file's size and the target.
    package var filesMin = 8
    /// Bytes of data files that one commit rewrites: 512 MiB.
    package var bytesPerCommitMax = 512 << 20
    /// Rows of one partition that are sorted together: 8 million, because the new place of each is kept in memory.
    package var sortedRowsPerCommitMax: Int64 = 8 << 20
    /// Bytes of rows that are sorted in memory at a time; more go through files: 32 MiB.
    package var sortBytes = 32 << 20
    /// Whether files that do not follow the table's sort order are rewritten for that alone, whatever their size.
    package var sortsUnsorted = false
    /// A data file of which this part is deleted, in percent, is rewritten whatever its size.
    package var deletedPercentMax = 30
    /// Manifests that gather before a rewrite merges them.
    package var manifestsMin = 16
    /// Property `dipper.history.max-snapshots`: snapshots of main that a table of Dipper's own keeps, besides what its
    /// references name: 500. Other tables keep what Iceberg's properties say alone.
    package var snapshotsMax = 500
    /// Snapshots past that number before they are expired, so that it happens now and then and not with each commit.
    package var snapshotsSlack = 100
    /// A snapshot that was current within this time is kept in spite of their number: 5 minutes, for those who read it.
    package var readerGraceMilliseconds: Int64 = 5 * 60 * 1_000
    /// Files younger than this are no orphans: 3 days. A writer may be about to commit them.
    package var orphanAgeMilliseconds: Int64 = 3 * 24 * 60 * 60 * 1_000
    /// Attempts of a commit that other commits came before.
    package var commitAttemptsMax = 5
    /// Further data and delete files after which a table is looked at.
    package var filesStep = 16
    /// Commits after which it is looked at in any case.
    package var commitsStep = 64
    /// Commits after which the background looks for orphans.
    package var orphanCommitsStep = 10_000

    package static let snapshotsMaxKey = "dipper.history.max-snapshots"
    package static let targetFileBytesKey = "write.target-file-size-bytes"

    package init() {}

    /// For a call by hand: everything that can be made smaller is.
    package static var thorough: MaintenancePolicy {
        var policy = MaintenancePolicy()
        policy.filesMin = 2
        policy.manifestsMin = 2
        policy.snapshotsSlack = 0
        policy.sortsUnsorted = true
        return policy
    }

    func targetFileBytes(of table: TableMetadata) -> Int {
        table.integerProperty(Self.targetFileBytesKey, default: targetFileBytes, minimum: 1)
    }

    func snapshotsMax(of table: TableMetadata) -> Int {
        table.integerProperty(Self.snapshotsMaxKey, default: snapshotsMax, minimum: 1)
    }
}

extension TableMetadata {
    /// Whether files of the table may be deleted.
    ///
    /// Source: Iceberg table property `gc.enabled`.
    var allowsDeletion: Bool { properties["gc.enabled"]?.lowercased() != "false" }
}
