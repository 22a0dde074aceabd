import Iceberg

/// Snapshots that ingestion still needs.
enum ProtectedSnapshots {
    /// Summary entries and table properties that say how far the log was worked.
    static let watermarkPrefix = "dipper.log."
    /// Summary entries that hold for as long as the rows are the same.
    static let carriedPrefixes = [watermarkPrefix, "dipper.gold.", "dipper.input."]
    /// Snapshots between the key index's and the current one up to which they are kept; beyond that the index is read
    /// from the table, should it ever be needed.
    static let lineMax = 1_000

    /// - Steps: the newest snapshot of main that holds a watermark; and, where the key index stands at an earlier
    ///   snapshot, that one with all after it, because the index is brought forward along their line.
    /// - Parameter indexed: the snapshot that the stored key index reflects.
    static func find(_ metadata: TableMetadata, indexed: Int64?) -> Set<Int64> {
        guard let head = metadata.currentSnapshot else { return [] }
        let known = Dictionary(metadata.snapshots.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        let line = SnapshotRetention.line(from: head, known)
        var found: Set<Int64> = []
        if let marked = line.first(where: { $0.summary.keys.contains { $0.hasPrefix(watermarkPrefix) } }) {
            found.insert(marked.id)
        }
        if let indexed, let place = line.prefix(lineMax).firstIndex(where: { $0.id == indexed }) {
            found.formUnion(line[...place].map(\.id))
        }
        return found
    }
}
