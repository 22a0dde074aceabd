/// What a load spends its processor time on.
package enum LoadStage: Int, Sendable, CaseIterable {
    /// Bytes from the bronze object, decompressed and cut into chunks at row ends.
    case read
    /// Fields and rows found in the bytes of a chunk.
    case scan
    /// Fields to values, and rows that fail.
    case convert
    /// References checked, derived columns, rows split by partition, rejects in their columns.
    case prepare
    /// Keys looked up, and contested rows settled.
    case keys
    /// Pages made of columns, the quarantine's too.
    case encode
    case compress
    /// Row groups and footers into files, made durable.
    case write
    /// Manifests, metadata and the catalog's transaction.
    case commit

    package var name: String { "\(self)" }
}
