import AvroFormat
import BlockCompression

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
        /// The leading items compressed, so many in each piece.
        private(set) var pieces: [GzipPiece] = []
        private static let itemsPerPiece = 64

        /// What comes behind the items in ``pieces``.
        var rest: ArraySlice<UInt8> { bytes[packedByteCount...] }

        private var packedByteCount: Int {
            pieces.isEmpty ? 0 : ends[pieces.count * Self.itemsPerPiece - 1]
        }

        /// Drops what comes behind the first `count` items.
        fileprivate mutating func keep(_ count: Int) {
            ends.removeLast(ends.count - count)
            bytes.removeLast(bytes.count - (ends.last ?? 0))
            pieces.removeLast(max(0, pieces.count - count / Self.itemsPerPiece))
        }

        /// Compresses all items but the last few.
        fileprivate mutating func pack(_ writer: inout GzipPiece.Writer) throws {
            while ends.count >= (pieces.count + 1) * Self.itemsPerPiece {
                let end = ends[(pieces.count + 1) * Self.itemsPerPiece - 1]
                pieces.append(try unsafe writer.piece(bytes.span.bytes.extracting(packedByteCount..<end)))
            }
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
        [snapshots, log].reduce(16 * ids.count + 24 * entries.count) { count, list in
            list.pieces.reduce(count + list.bytes.count) { $0 + $1.bytes.count }
        }
    }

    /// Compresses what is not compressed yet, but for the last items of both lists.
    mutating func pack(_ writer: inout GzipPiece.Writer) throws {
        try snapshots.pack(&writer)
        try log.pack(&writer)
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
