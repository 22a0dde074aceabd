package import Access

/// Backups of tables, whoever wrote them, and what a restore needs beforehand.
package protocol TableBackups: Sendable {
    /// Begins to read a table: the current snapshot, unless another is named.
    /// - Parameters:
    ///   - table: the name in the API, or the qualified Iceberg name.
    ///   - reader: who may read the table's namespace; the table's files may lie elsewhere.
    /// - Returns: `nil`: no such table.
    /// - Throws: `unknown-snapshot`, `backup-unsupported`, `forbidden`.
    func backup(of table: String, snapshotID: Int64?, for reader: Principal) async throws -> (any BackupReading)?

    /// Makes sure that a declared table is there to be restored into, when it was dropped before.
    func prepareRestore(of table: String) async throws
}

/// A backup that is being read.
package protocol BackupReading: Sendable {
    /// `nil` for a table without one.
    var snapshotID: Int64? { get }
    var rowCount: Int64 { get }

    /// The next bytes of the Avro file; `nil` behind the last.
    /// - Throws: when the file cannot be ended; it is not whole then.
    func next() async throws -> [UInt8]?
    /// To be called when nobody reads on.
    func close()
}
