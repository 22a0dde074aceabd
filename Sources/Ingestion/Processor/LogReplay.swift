package import CatalogService
import EventLog
import LakeModel

extension DipperIngestion {
    /// Has the lake work a table's log again from `offset` on, by an administrator's wish: a rollback of the table does
    /// not do it. The watermark begins a new life (``LogLife``), so that neither the table nor a writer that is at work
    /// brings the former one back. The operational store keeps its own position.
    ///
    /// All records from `offset` on are applied in their order once more; with the conflict action `replace` the table
    /// comes to hold what it held, and a table without a key gets its rows again.
    /// - Returns: the watermark before and after.
    /// - Throws: ``IngestionError`` `unknown-table`, `offset-invalid`; ``EventLogError`` `offset-trimmed`.
    package func replay(
        _ table: String, from offset: Int64, tables: LakeTables
    ) async throws -> (before: CatalogWatermark, after: CatalogWatermark) {
        let declaration = try declaration(of: table)
        guard let silver = try await tables.metadata(LakeTables.silver(declaration)) else {
            throw IngestionError(
                code: "table-missing", message: "the lake's table of \(table) is gone",
                remedy: "start Dipper once to create it anew")
        }
        let row = try await catalog.watermark(topic: declaration.name, partition: 0)
        let before = LogWatermark.effective(
            topic: declaration.name, partition: 0, incarnation: log.incarnation, row: row, silver: silver)
        guard (0...before.nextOffset).contains(offset) else {
            throw IngestionError(
                code: "offset-invalid",
                message: "the lake has worked \(table) up to offset \(before.nextOffset); \(offset) is not before that",
                remedy: "give an offset from 0 to \(before.nextOffset)")
        }
        let extent = try await log.extent(topic: declaration.name, partition: 0)
        guard offset >= extent.startOffset else {
            throw EventLogError.trimmed(
                topic: declaration.name, partition: 0, offset: offset, startOffset: extent.startOffset)
        }
        var life = LogLife(before.incarnation)
        life.replay += 1
        let after = CatalogWatermark(
            topic: declaration.name, partition: 0, incarnation: life.text, nextOffset: offset)
        var commit = CatalogCommit()
        commit.watermarks = [after]
        try await catalog.commit(commit)
        gauge.rewound(topic: declaration.name, nextOffset: offset)
        return (before, after)
    }
}
