import Analytics
import CatalogService
import Foundation
import Ingestion
import LakeModel
import TableMaintenance

extension DataFolder {
    /// What maintenance of this folder's tables works with. The tables of the model are Dipper's own.
    func maintenanceRoom(_ lakehouse: LakehouseCatalog) -> MaintenanceRoom {
        let own = Set(
            model.tables.flatMap { [LakeTables.silver($0), LakeTables.quarantine($0)] }
                + model.gold.map { GoldBook.identifier($0.name) })
        return MaintenanceRoom(
            catalog: lakehouse, objects: objects, turns: tables.turns, owns: { own.contains($0) },
            nowMilliseconds: { Int64(Date().timeIntervalSince1970 * 1_000) })
    }

    /// The Iceberg table of a name: that of a declared table, or one as `namespace.table`.
    /// - Throws: `unknown-table`.
    func table(named name: String) async throws -> TableIdentifier {
        var found: TableIdentifier?
        if let declaration = model.table(named: name) {
            found = LakeTables.silver(declaration)
        } else if let dot = name.lastIndex(of: ".") {
            found = TableIdentifier(
                namespace: NamespaceName.joined(name[..<dot].split(separator: ".").map(String.init)),
                name: String(name[name.index(after: dot)...]))
        }
        if let found, try await catalog.pointer(found) != nil { return found }
        throw ClientError(
            code: "unknown-table", message: "there is no table `\(name)`", remedy: "see `dipper table list`")
    }
}
