import CatalogService
import Iceberg
import Ingestion
import LakeModel

extension DataFolder {
    /// Bytes of the files that a load has put into a table of the lake and its quarantine.
    /// - Parameter before: what ``snapshots(of:)`` gave before the load.
    func outputBytes(of table: String, since before: [Int64?]) async throws -> Int {
        guard let declaration = model.table(named: table) else { return 0 }
        var bytes = 0
        for (identifier, old) in zip(Self.identifiers(declaration), before) {
            guard let metadata = try await tables.metadata(identifier), metadata.currentSnapshotID != old else {
                continue
            }
            bytes += metadata.currentSnapshot?.summary["added-files-size"].flatMap { Int($0) } ?? 0
        }
        return bytes
    }

    /// The current snapshots of a table and its quarantine.
    func snapshots(of table: String) async throws -> [Int64?] {
        guard let declaration = model.table(named: table) else { return [] }
        var snapshots: [Int64?] = []
        for identifier in Self.identifiers(declaration) {
            snapshots.append(try await tables.metadata(identifier)?.currentSnapshotID)
        }
        return snapshots
    }

    private static func identifiers(_ table: TableDeclaration) -> [TableIdentifier] {
        [LakeTables.silver(table), LakeTables.quarantine(table)]
    }
}
