package import LakeModel

/// The columns of a quarantine table. File sha, byte offset and code are a reject's identity.
package enum QuarantineSchema {
    package static let schema = Schema(
        id: 0,
        fields: [
            SchemaField(
                id: 1, name: "file_sha256", type: .string, required: true,
                doc: "SHA-256 of the file or batch body that the row came in"),
            SchemaField(id: 2, name: "line", type: .long, required: true, doc: "Line of the row, from 1"),
            SchemaField(
                id: 3, name: "byte_offset", type: .long, required: true,
                doc: "Where the row starts, from 0, in the decompressed bytes"),
            SchemaField(id: 4, name: "column_name", type: .string, required: false, doc: "The column at fault"),
            SchemaField(id: 5, name: "code", type: .string, required: true),
            SchemaField(id: 6, name: "message", type: .string, required: true),
            SchemaField(id: 7, name: "raw", type: .binary, required: true, doc: "The row as it came"),
            SchemaField(
                id: 8, name: "raw_truncated", type: .boolean, required: true,
                doc: "Whether the row was longer than raw"),
            SchemaField(id: 9, name: "delimiter", type: .string, required: false),
            SchemaField(id: 10, name: "job_id", type: .string, required: true),
            SchemaField(id: 11, name: "rejected_at", type: .timestamptz, required: true),
        ])

    /// The fields that make a reject's identity.
    static let identityFields = identityIndices.map { schema.fields[$0] }
    static let identityIndices = [0, 2, 4]
}

/// A refused row on its way to quarantine.
struct RejectedRow: Sendable, Hashable {
    var line: Int
    var byteOffset: Int
    var column: String?
    var code: String
    var message: String
    var raw: [UInt8]
    var isRawTruncated: Bool
}
