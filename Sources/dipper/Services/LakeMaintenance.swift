import CatalogService
import GatewayHTTP
import Ingestion
import LakeModel
import TableMaintenance

/// Maintenance of this folder's tables as the API asks for it, beside what goes on by itself.
struct LakeMaintenance: TableMaintaining {
    let folder: DataFolder
    let service: MaintenanceService

    func maintain(_ table: String, _ request: MaintenanceRequest) async throws -> MaintenanceOutcome? {
        guard let name = try await find(table) else { return nil }
        do {
            return try await service.perform(request, on: name)
        } catch let error as CatalogError where error.code == "table-missing" {
            return nil
        }
    }

    func history(of table: String) async throws -> [MaintenanceOutcome]? {
        guard let name = try await find(table) else { return nil }
        return try await service.history.outcomes(of: name)
    }

    /// The table of a name as rights are looked at: what stands before the first dot is its namespace.
    private func find(_ table: String) async throws -> TableIdentifier? {
        let name: TableIdentifier
        if let (namespace, table) = TableNaming.qualified(table) {
            name = TableIdentifier(namespace: namespace, name: table)
        } else if let declaration = folder.model.table(named: table) {
            name = LakeTables.silver(declaration)
        } else {
            return nil
        }
        return try await folder.catalog.pointer(name) == nil ? nil : name
    }
}
