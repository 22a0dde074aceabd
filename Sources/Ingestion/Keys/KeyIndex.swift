import ByteKernels
import CatalogService
import Iceberg
import LakeModel
import ObjectStorage

/// The keys of a table at one snapshot, and the pieces that they are stored in. A superset of the stored keys is allowed:
/// whoever finds a key here looks for its row.
///
/// Every commit that changes the table stores a piece with it, in the same transaction of the catalog. When there are
/// ``IngestionLimits/keyIndexPiecesMax``, the newest are merged with the new one, as far back as they are not larger than twice what comes after
/// them: each key is written again O(log n) times, and the row count stays bounded.
///
/// `@unchecked Sendable`: a table's processor is the only user, one load at a time.
final class KeyIndex: @unchecked Sendable {
    let keys: KeySet
    /// The snapshot that it reflects, `nil` for a table without one.
    private(set) var snapshotID: Int64?
    private let table: TableIdentifier
    private let digest: UInt32
    private let objects: any ObjectStore
    private let limits: IngestionLimits
    /// What the catalog holds; empty when that is of no use.
    private(set) var pieces: [KeyPiece]
    /// Objects of rows that the catalog still holds and the next piece replaces.
    private var supersededObjects: [String]
    /// Pieces as they will be once the running commit is known.
    private var prepared: (pieces: [KeyPiece], superseded: [String])?

    /// Folder of the objects.
    static let folder = "key-index"

    init(
        keys: KeySet, snapshotID: Int64?, pieces: [KeyPiece] = [], supersededObjects: [String] = [],
        table: TableIdentifier, digest: UInt32, objects: any ObjectStore, limits: IngestionLimits
    ) {
        self.keys = keys
        self.snapshotID = snapshotID
        self.pieces = pieces
        self.supersededObjects = supersededObjects
        self.table = table
        self.digest = digest
        self.objects = objects
        self.limits = limits
    }

    /// What a commit has to change in the catalog.
    struct Change {
        var reset: Bool
        var rows: [KeyIndexPiece]
        /// Objects written for it, to be deleted when the commit is known to have failed.
        var objects: [String]
    }

    static func prefix(_ table: TableIdentifier) -> String { "\(folder)/\(table.namespace)/\(table.name)/" }

    /// The index has come to reflect a snapshot of another engine; the next piece tells so.
    func advance(to snapshotID: Int64?) { self.snapshotID = snapshotID }

    /// Writes what the commit of `snapshotID` has to store.
    /// - Returns: `nil` when nothing is to be stored.
    func prepare(_ snapshotID: Int64?) async throws -> Change? {
        guard let snapshotID else { return nil }
        if snapshotID == pieces.last?.snapshotID { return nil }
        let delta: [KeyOperation] = [.remove(keys.removed), .add(keys.unsaved), .add(keys.fresh)].filter { !$0.isEmpty }
        for operation in delta { operation.optimize() }
        let byteCount = delta.reduce(0) { $0 + $1.storedByteCount }
        let start = mergeStart(byteCount)
        if start == 0 { return try await newBase(delta, snapshotID) }
        guard start < pieces.count else {
            let piece = try await piece(delta, snapshotID, parentID: pieces.last?.snapshotID, isBase: false)
            prepared = (pieces + [piece], [])
            return Change(reset: false, rows: [piece.row(of: table)], objects: [piece.objectKey].compactMap(\.self))
        }
        var merged = KeyDelta(isInteger: keys.shape.isInteger)
        do {
            for piece in pieces[start...] {
                let older = try KeyOperation.delta(
                    try await KeyIndexStore.bytes(of: piece, objects), isInteger: keys.shape.isInteger)
                merged.remove(older.removed)
                merged.add(older.added)
            }
        } catch is KeyIndexFault {
            // What is stored is damaged; what is in memory is not.
            return try await newBase(delta, snapshotID)
        }
        let operations = [.remove(merged.removed), .add(merged.added)].filter { !$0.isEmpty } + delta
        let piece = try await piece(operations, snapshotID, parentID: pieces[start].parentID, isBase: false)
        return change([piece], retained: Array(pieces[..<start]), replaced: Array(pieces[start...]))
    }

    private func newBase(_ delta: [KeyOperation], _ snapshotID: Int64) async throws -> Change {
        let all: [KeyOperation] = [.add(keys.kept)] + delta
        let base = try await piece(all.filter { !$0.isEmpty }, snapshotID, parentID: nil, isBase: true)
        return change([base], retained: [], replaced: pieces)
    }

    private func change(_ new: [KeyPiece], retained: [KeyPiece], replaced: [KeyPiece]) -> Change {
        let all = retained + new
        prepared = (all, supersededObjects + replaced.compactMap(\.objectKey))
        return Change(
            reset: true, rows: all.map { $0.row(of: table) }, objects: new.compactMap(\.objectKey))
    }

    /// The first of the pieces that the new one takes in; their count when it stands alone, 0 for a new base.
    private func mergeStart(_ byteCount: Int) -> Int {
        guard pieces.count >= limits.keyIndexPiecesMax else { return pieces.isEmpty ? 0 : pieces.count }
        var start = pieces.count - 1
        var bytes = byteCount + pieces[start].byteCount
        while start > 0, pieces[start - 1].byteCount <= 2 * bytes {
            start -= 1
            bytes += pieces[start].byteCount
        }
        return start
    }

    private func piece(
        _ operations: [KeyOperation], _ snapshotID: Int64, parentID: Int64?, isBase: Bool
    ) async throws -> KeyPiece {
        for operation in operations { operation.optimize() }
        let byteCount = operations.reduce(0) { $0 + $1.storedByteCount }
        var checksum: UInt32 = 0
        var inline: [UInt8] = []
        var objectKey: String?
        if byteCount <= limits.keyIndexInlineBytesMax {
            for operation in operations {
                try operation.store { unsafe $0.withUnsafeBytes { unsafe inline.append(contentsOf: $0) } }
            }
            checksum = CRC32.checksum(unsafe inline.span.bytes)
        } else {
            let key = "\(Self.prefix(table))\(snapshotID)-\(RandomUUID.text())"
            let writer = try await objects.makeWriter(key)
            do {
                for operation in operations {
                    try operation.store { bytes in
                        checksum = CRC32.checksum(bytes, seed: checksum)
                        try writer.write(bytes)
                    }
                }
                try await writer.finish(as: nil, ifAbsent: true)
            } catch {
                await writer.abort()
                throw error
            }
            objectKey = key
        }
        return KeyPiece(
            snapshotID: snapshotID, parentID: parentID, isBase: isBase, digest: digest, byteCount: byteCount,
            checksum: checksum, objectKey: objectKey, keys: inline)
    }

    /// Takes over what a commit, now known to stand, has made current.
    /// - Returns: objects that no piece refers to any more.
    func committed(_ snapshotID: Int64?) -> [String] {
        keys.commit()
        self.snapshotID = snapshotID
        guard let stored = prepared else { return [] }
        keys.markSaved()
        prepared = nil
        pieces = stored.pieces
        supersededObjects = []
        return stored.superseded
    }

    /// Goes back to before a load that is known not to have been committed.
    func rollback() {
        keys.rollback()
        prepared = nil
    }
}
