import ByteKernels
import CatalogService
import Iceberg
import LakeModel

/// One stored piece of a key index: the header in the catalog's row, and the keys behind it or in an object of their own.
///
/// Header, little-endian: `DKIX`, version, hash version, flags (1: keys in an object; 2: all keys of the table, nothing
/// before counts), 0; checksum of the rest of the row (4); which table and key columns it is of (4); id of the snapshot
/// that the piece before reflects, or 0 (8); byte count of the keys (8); their checksum (4); byte count of the object's key
/// (2) and the key. Checksums are CRC-32.
///
/// The keys are operations in order: a letter (`I` integers in, `R` integers out, `F` fingerprints in), the byte count
/// (8), the set.
struct KeyPiece: Sendable {
    static let version: UInt8 = 1
    private static let magic = Array("DKIX".utf8)
    private static let flagObject: UInt8 = 1
    private static let flagBase: UInt8 = 2
    private static let fixedBytes = 38

    var snapshotID: Int64
    var parentID: Int64?
    /// Whether it holds all keys of the table.
    var isBase: Bool
    /// See ``KeyIndexIdentity``.
    var digest: UInt32
    var byteCount: Int
    var checksum: UInt32
    /// The object that holds the keys; `nil`: they are in ``keys``.
    var objectKey: String?
    var keys: [UInt8] = []

    func row(of table: TableIdentifier) -> KeyIndexPiece {
        var rest: [UInt8] = []
        Self.append(UInt64(digest), 4, &rest)
        Self.append(UInt64(bitPattern: parentID ?? 0), 8, &rest)
        Self.append(UInt64(byteCount), 8, &rest)
        Self.append(UInt64(checksum), 4, &rest)
        let object = Array((objectKey ?? "").utf8)
        Self.append(UInt64(object.count), 2, &rest)
        rest += object
        rest += keys
        let flags = (objectKey == nil ? 0 : Self.flagObject) | (isBase ? Self.flagBase : 0)
        var bytes = Self.magic + [Self.version, KeyShape.hashVersion, flags, 0]
        Self.append(UInt64(CRC32.checksum(unsafe rest.span.bytes)), 4, &bytes)
        return KeyIndexPiece(table: table, snapshotID: snapshotID, bytes: bytes + rest)
    }

    /// - Throws: ``KeyIndexFault`` for bytes that are none of ours, damaged or of another version.
    init(_ row: KeyIndexPiece) throws {
        let bytes = row.bytes
        guard bytes.count >= Self.fixedBytes, bytes.starts(with: Self.magic) else {
            throw KeyIndexFault("a piece of \(bytes.count) bytes is no piece of a key index")
        }
        guard bytes[4] == Self.version, bytes[5] == KeyShape.hashVersion else {
            throw KeyIndexFault("a piece is of version \(bytes[4]).\(bytes[5])")
        }
        guard CRC32.checksum(unsafe bytes.span.extracting(12...).bytes) == UInt32(Self.number(bytes, 8, 4)) else {
            throw KeyIndexFault("the checksum of a piece is wrong")
        }
        snapshotID = row.snapshotID
        isBase = bytes[6] & Self.flagBase != 0
        digest = UInt32(Self.number(bytes, 12, 4))
        let parent = Int64(bitPattern: Self.number(bytes, 16, 8))
        parentID = parent == 0 ? nil : parent
        byteCount = Int(truncatingIfNeeded: Self.number(bytes, 24, 8))
        checksum = UInt32(Self.number(bytes, 32, 4))
        let objectEnd = Self.fixedBytes + Int(Self.number(bytes, 36, 2))
        guard objectEnd <= bytes.count else { throw KeyIndexFault("a piece is cut off") }
        objectKey =
            bytes[6] & Self.flagObject == 0
            ? nil : String(decoding: bytes[Self.fixedBytes..<objectEnd], as: UTF8.self)
        keys = Array(bytes[objectEnd...])
        guard byteCount >= 0, objectKey != nil || keys.count == byteCount else {
            throw KeyIndexFault("a piece is cut off")
        }
    }

    init(
        snapshotID: Int64, parentID: Int64?, isBase: Bool, digest: UInt32, byteCount: Int, checksum: UInt32,
        objectKey: String?, keys: [UInt8]
    ) {
        self.snapshotID = snapshotID
        self.parentID = parentID
        self.isBase = isBase
        self.digest = digest
        self.byteCount = byteCount
        self.checksum = checksum
        self.objectKey = objectKey
        self.keys = keys
    }

    /// What an object holds besides keys, for cleaning up: `nil` for a row that is no piece.
    static func objectKey(of row: KeyIndexPiece) -> String? { (try? KeyPiece(row))?.objectKey }

    static func append(_ value: UInt64, _ count: Int, _ bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }

    static func number(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
}

/// Why a stored key index cannot be used: the table is read instead.
struct KeyIndexFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A step of a piece's keys.
enum KeyOperation: Sendable {
    case add(KeyLayer)
    case remove(IntegerKeySet)

    private static let headBytes = 9

    var isEmpty: Bool {
        switch self {
        case .add(let layer): layer.isEmpty
        case .remove(let keys): keys.isEmpty
        }
    }

    private var content: (letter: UInt8, byteCount: Int) {
        switch self {
        case .add(.integers(let set)): (UInt8(ascii: "I"), set.storedByteCount)
        case .add(.fingerprints(let set)): (UInt8(ascii: "F"), set.storedByteCount)
        case .remove(let set): (UInt8(ascii: "R"), set.storedByteCount)
        }
    }

    var storedByteCount: Int { Self.headBytes + content.byteCount }

    /// Lays integers out as runs where that takes less; before ``storedByteCount`` is asked for.
    func optimize() {
        switch self {
        case .add(.integers(let set)), .remove(let set): set.optimize()
        case .add(.fingerprints): break
        }
    }

    func store(_ write: (RawSpan) throws -> Void) throws {
        var head = [content.letter]
        KeyPiece.append(UInt64(content.byteCount), 8, &head)
        try write(unsafe head.span.bytes)
        switch self {
        case .add(.integers(let set)), .remove(let set): try set.store(write)
        case .add(.fingerprints(let set)): try set.store(write)
        }
    }

    /// The change that stored operations make.
    /// - Throws: ``KeyIndexFault``.
    static func delta(_ bytes: [UInt8], isInteger: Bool) throws -> KeyDelta {
        var delta = KeyDelta(isInteger: isInteger)
        var position = 0
        while position < bytes.count {
            guard bytes.count - position >= headBytes else { throw KeyIndexFault("the keys of a piece are cut off") }
            let letter = bytes[position]
            let byteCount = Int(truncatingIfNeeded: KeyPiece.number(bytes, position + 1, 8))
            position += headBytes
            guard byteCount >= 0, byteCount <= bytes.count - position else {
                throw KeyIndexFault("the keys of a piece are cut off")
            }
            let set = unsafe bytes.span.extracting(position..<position + byteCount).bytes
            position += byteCount
            switch letter {
            case UInt8(ascii: "F"):
                let prints = FingerprintSet()
                guard prints.load(set) else { throw KeyIndexFault("the fingerprints of a piece are damaged") }
                delta.add(.fingerprints(prints))
            case UInt8(ascii: "I"), UInt8(ascii: "R"):
                let keys = IntegerKeySet()
                guard isInteger, keys.load(set) else { throw KeyIndexFault("the integers of a piece are damaged") }
                if letter == UInt8(ascii: "I") { delta.add(.integers(keys)) } else { delta.remove(keys) }
            default: throw KeyIndexFault("the keys of a piece are of an unknown kind \(letter)")
            }
        }
        return delta
    }
}

/// Which table and key columns an index is of, as pieces tell it.
enum KeyIndexIdentity {
    static func digest(_ metadata: TableMetadata, _ keyFields: [SchemaField]) -> UInt32 {
        let fields = keyFields.map { "\($0.id) \($0.type)" }.joined(separator: ",")
        return CRC32.checksum(unsafe Array("\(metadata.tableUUID) \(fields)".utf8).span.bytes)
    }
}
