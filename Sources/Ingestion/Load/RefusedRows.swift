import Iceberg
import LakeModel
import ObjectStorage

/// Which well-formed rows of a job the lake refused for their references.
///
/// Only the lake can know it, and quarantine doesn't tell: it holds a reject once, however often its bytes came, and a row
/// that one upload was refused another may be granted. So each job that refuses such rows leaves their byte offsets in an
/// object of its own, named by its receipt, for the sinks behind the lake.
enum RefusedRows {
    /// Folder of the objects; a number is eight bytes, little-endian.
    static let folder = "refused-rows"
    private static let bytesPerOffset = 8

    /// Byte offsets in a job's file or body, collected while it is loaded.
    struct Collected {
        let jobID: String
        var offsets = PositionSet()
    }

    /// Offsets that are read at a time.
    private static let offsetsAtOnce = 1 << 16

    /// - Returns: the object's key.
    static func write(_ refused: Collected, table: String, objects: any ObjectStore) async throws -> String {
        let key = "\(folder)/\(table)/\(refused.jobID)-\(RandomUUID.text())"
        let writer = try await objects.makeWriter(key)
        do {
            try refused.offsets.forEachRun { offsets in
                let bytes = offsets.map(\.littleEndian)
                try writer.write(unsafe bytes.span.bytes)
            }
            try await writer.finish(as: nil, ifAbsent: true)
        } catch {
            await writer.abort()
            throw error
        }
        return key
    }

    static func read(_ key: String, objects: any ObjectStore) async throws -> Offsets {
        let source = try await objects.open(key)
        let set = PositionSet()
        for start in stride(from: 0, to: source.byteCount / bytesPerOffset, by: offsetsAtOnce) {
            let count = min(offsetsAtOnce, source.byteCount / bytesPerOffset - start)
            let bytes = try source.read(offset: start * bytesPerOffset, count: count * bytesPerOffset)
            let raw = unsafe bytes.span.bytes
            for index in 0..<count {
                let offset = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index * bytesPerOffset, as: Int64.self)
                set.insert(Int64(littleEndian: offset))
            }
        }
        return Offsets(positions: set)
    }

    struct Offsets: Sendable {
        let positions: PositionSet?

        static let none = Offsets(positions: nil)

        var isEmpty: Bool { positions?.isEmpty ?? true }

        func contains(_ offset: Int) -> Bool { positions?.contains(Int64(offset)) ?? false }
    }
}

/// A receipt as it is stored: the API's fields, and what only the pipeline asks for.
struct StoredReceipt: Codable {
    var receipt: JobReceipt
    /// The object that names the rows refused for their references, if there are any (``RefusedRows``).
    var refusedRowsKey: String?

    private enum CodingKeys: String, CodingKey { case refusedRowsKey }

    init(receipt: JobReceipt, refusedRowsKey: String?) {
        self.receipt = receipt
        self.refusedRowsKey = refusedRowsKey
    }

    init(from decoder: any Decoder) throws {
        receipt = try JobReceipt(from: decoder)
        refusedRowsKey = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(
            String.self, forKey: .refusedRowsKey)
    }

    func encode(to encoder: any Encoder) throws {
        try receipt.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(refusedRowsKey, forKey: .refusedRowsKey)
    }
}
