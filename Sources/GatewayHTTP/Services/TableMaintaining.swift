package import TableMaintenance

/// Maintenance that somebody asks for. `table` is the name in the API or the qualified Iceberg name.
package protocol TableMaintaining: Sendable {
    /// Does what is asked, and waits for it.
    /// - Throws: `maintenance-running`.
    /// - Returns: `nil`: no such table.
    func maintain(_ table: String, _ request: MaintenanceRequest) async throws -> MaintenanceOutcome?
    /// What was done to a table, the newest first; `nil`: no such table.
    func history(of table: String) async throws -> [MaintenanceOutcome]?
}
