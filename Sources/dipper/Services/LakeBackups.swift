import Access
import CatalogService
import GatewayHTTP
import Ingestion
import LakeModel
import ObjectStorage
import RowBackup
import TableMaintenance

/// Backups of the lake's tables.
struct LakeBackups: TableBackups {
    let folder: DataFolder
    /// That of the server's maintenance, which leaves the snapshots alone that backups read.
    let room: MaintenanceRoom

    func backup(
        of table: String, snapshotID: Int64?, for reader: Principal
    ) async throws -> (any BackupReading)? {
        let identifier: TableIdentifier
        do {
            identifier = try await folder.table(named: table)
        } catch let error as ClientError where error.code == "unknown-table" {
            return nil
        }
        guard
            let stream = try await TableBackup(room: room, pool: .shared).begin(
                identifier, snapshotID: snapshotID,
                within: reader.namespaces(.read)?.map {
                    "\(LakeTables.warehouseFolder)/\(LakehouseCatalog.folder(ofNamespace: $0))"
                })
        else {
            throw ClientError(
                code: "unknown-snapshot", message: "the table \(table) has no snapshot \(snapshotID ?? 0)",
                remedy: "look at /api/v2/tables/\(table)/snapshots")
        }
        return Reading(stream: stream)
    }

    func prepareRestore(of table: String) async throws {
        if let declaration = folder.model.table(named: table) { try await folder.tables.prepare(declaration) }
    }

    private struct Reading: BackupReading {
        let stream: BackupStream

        var snapshotID: Int64? { stream.description.snapshotID }
        var rowCount: Int64 { stream.description.rowCount }

        func next() async throws -> [UInt8]? { try await stream.next() }
        func close() { stream.close() }
    }
}
