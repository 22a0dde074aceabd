import AvroFormat
import BlockCompression

/// The text of a metadata file, in parts: those that each commit changes, with the lists of snapshots between them.
struct MetadataText {
    private let opening: [UInt8]
    private static let middle = Array("],\"snapshot-log\":[".utf8)
    private let closing: [UInt8]

    init(_ metadata: TableMetadata) {
        var opening = JSONValue.object(metadata.leadingMembers).serialized()
        opening.removeLast()
        self.opening = opening + ",\"snapshots\":[".utf8
        closing = Array("],".utf8) + JSONValue.object(metadata.trailingMembers).serialized().dropFirst()
    }

    /// - Parameter written: the snapshots of the same metadata.
    func json(_ written: SnapshotBytes) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            opening.count + written.snapshots.bytes.count + Self.middle.count + written.log.bytes.count + closing.count)
        bytes += opening
        bytes += written.snapshots.bytes
        bytes += Self.middle
        bytes += written.log.bytes
        bytes += closing
        return bytes
    }

    /// The same as a gzip file.
    /// - Complexity: O(bytes of the file), of which those of older snapshots are copied and not compressed anew.
    /// - Throws: ``CompressionError``.
    func gzip(_ written: inout SnapshotBytes) throws -> [UInt8] {
        var writer = try GzipPiece.Writer()
        try written.pack(&writer)
        let between = written.snapshots.rest + Self.middle
        let end = written.log.rest + closing
        var pieces = [try unsafe writer.piece(opening.span.bytes)]
        pieces += written.snapshots.pieces
        pieces.append(try unsafe writer.piece(between.span.bytes))
        pieces += written.log.pieces
        pieces.append(try unsafe writer.piece(end.span.bytes))
        return GzipPiece.file(pieces)
    }
}
