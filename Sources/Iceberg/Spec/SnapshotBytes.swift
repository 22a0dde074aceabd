import AvroFormat

/// The JSON of a table's snapshots and of its snapshot log, kept from one state of the table to the next.
///
/// A snapshot never changes under its id, so the bytes of those that lead both lists are good for both, and so are those
/// of the log's leading entries. A history of thousands is most of a metadata file, and each commit writes it again.
package struct SnapshotBytes: Sendable {
    /// Items as JSON with commas between them.
    struct List: Sendable {
        private(set) var bytes: [UInt8] = []
        /// Where the bytes of each item end.
        private var ends: [Int] = []

        /// Drops what comes behind the first `count` items.
        fileprivate mutating func keep(_ count: Int) {
            ends.removeLast(ends.count - count)
            bytes.removeLast(bytes.count - (ends.last ?? 0))
        }

        fileprivate mutating func add(_ write: (inout [UInt8]) -> Void) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            write(&bytes)
            ends.append(bytes.count)
        }
    }

    private var ids: [Int64] = []
    private var entries: [TableMetadata.SnapshotLogEntry] = []
    private var formatVersion = 0
    private(set) var snapshots = List()
    private(set) var log = List()

    package init() {}

    /// Bytes held, for those who keep many of these.
    package var byteCount: Int {
        snapshots.bytes.count + log.bytes.count + 16 * ids.count + 24 * entries.count
    }

    /// Makes the bytes those of `metadata`.
    mutating func update(_ metadata: TableMetadata) {
        update(snapshots: metadata.snapshots, formatVersion: metadata.formatVersion)
        update(log: metadata.snapshotLog)
    }

    private mutating func update(snapshots wanted: [Snapshot], formatVersion: Int) {
        var kept = 0
        if formatVersion == self.formatVersion {
            while kept < min(ids.count, wanted.count), ids[kept] == wanted[kept].id { kept += 1 }
        }
        self.formatVersion = formatVersion
        ids.removeLast(ids.count - kept)
        snapshots.keep(kept)
        for index in kept..<wanted.count {
            snapshots.add { $0.append(contentsOf: wanted[index].json(formatVersion: formatVersion).serialized()) }
            ids.append(wanted[index].id)
        }
    }

    private mutating func update(log wanted: [TableMetadata.SnapshotLogEntry]) {
        var kept = 0
        while kept < min(entries.count, wanted.count), entries[kept] == wanted[kept] { kept += 1 }
        entries.removeLast(entries.count - kept)
        log.keep(kept)
        for entry in wanted.dropFirst(kept) {
            log.add { bytes in
                bytes.append(contentsOf: "{\"timestamp-ms\":".utf8)
                bytes.append(contentsOf: String(entry.timestampMilliseconds).utf8)
                bytes.append(contentsOf: ",\"snapshot-id\":".utf8)
                bytes.append(contentsOf: String(entry.snapshotID).utf8)
                bytes.append(UInt8(ascii: "}"))
            }
            entries.append(entry)
        }
    }
}
