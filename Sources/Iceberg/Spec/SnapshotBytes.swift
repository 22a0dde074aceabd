import AvroFormat

/// The JSON of a table's snapshots, kept from one state of the table to the next.
///
/// A snapshot never changes under its id, so the bytes of those that lead both lists are good for both. A history of
/// thousands is most of a metadata file, and each commit writes it again.
package struct SnapshotBytes: Sendable {
    private var ids: [Int64] = []
    /// Where the bytes of each snapshot end.
    private var ends: [Int] = []
    private var formatVersion = 0
    /// The snapshots with commas between them.
    private(set) var bytes: [UInt8] = []

    package init() {}

    /// Makes the bytes those of `snapshots`.
    mutating func update(_ snapshots: [Snapshot], formatVersion: Int) {
        var kept = 0
        if formatVersion == self.formatVersion {
            while kept < min(ids.count, snapshots.count), ids[kept] == snapshots[kept].id { kept += 1 }
        }
        self.formatVersion = formatVersion
        ids.removeLast(ids.count - kept)
        ends.removeLast(ends.count - kept)
        bytes.removeLast(bytes.count - (ends.last ?? 0))
        for snapshot in snapshots.dropFirst(kept) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: snapshot.json(formatVersion: formatVersion).serialized())
            ids.append(snapshot.id)
            ends.append(bytes.count)
        }
    }
}
