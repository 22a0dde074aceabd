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
        var offsets: [Int] = []
    }

    /// - Returns: the object's key.
    static func write(_ refused: Collected, table: String, objects: any ObjectStore) async throws -> String {
        let key = "\(folder)/\(table)/\(refused.jobID)-\(RandomUUID.text())"
        var bytes: [UInt8] = []
        bytes.reserveCapacity(refused.offsets.count * bytesPerOffset)
        for offset in refused.offsets.sorted() {
            for shift in 0..<bytesPerOffset { bytes.append(UInt8(truncatingIfNeeded: offset >> (shift * 8))) }
        }
        try await objects.put(key, bytes: bytes, ifAbsent: true)
        return key
    }

    static func read(_ key: String, objects: any ObjectStore) async throws -> Offsets {
        let bytes = try await objects.get(key, bytesMax: .max)
        return Offsets(
            rising: stride(from: 0, to: bytes.count - bytes.count % bytesPerOffset, by: bytesPerOffset).map { start in
                (0..<bytesPerOffset).reduce(0) { $0 | Int(bytes[start + $1]) << ($1 * 8) }
            })
    }

    struct Offsets: Sendable {
        let rising: [Int]

        static let none = Offsets(rising: [])

        var isEmpty: Bool { rising.isEmpty }

        /// - Complexity: O(log n).
        func contains(_ offset: Int) -> Bool {
            var low = 0
            var high = rising.count
            while low < high {
                let middle = (low + high) / 2
                if rising[middle] < offset { low = middle + 1 } else { high = middle }
            }
            return low < rising.count && rising[low] == offset
        }
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
