package import CatalogService
internal import Foundation
import LakeModel
package import ObjectStorage

/// What maintenance has done, a list for each table, kept beside the lake's data.
package actor MaintenanceHistory {
    /// Outcomes of a table that are kept.
    package static let outcomesMax = 100
    /// Bytes of a table's list when it is read: 16 MiB.
    static let bytesMax = 16 << 20
    /// Locations of an outcome that are kept.
    static let locationsMax = 10

    private let objects: any ObjectStore
    private var known: [TableIdentifier: [MaintenanceOutcome]] = [:]
    private var unstored: [TableIdentifier: [MaintenanceOutcome]] = [:]

    package init(objects: any ObjectStore) { self.objects = objects }

    private static func key(_ table: TableIdentifier) -> String {
        func part(_ text: String) -> String {
            String(
                text.utf8.flatMap { byte -> [Character] in
                    let isPlain = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F
                    if isPlain { return [Character(UnicodeScalar(byte))] }
                    return Array("-" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
                }.prefix(200))
        }
        return "maintenance/\(part(table.namespace))/\(part(table.name)).json"
    }

    /// The outcomes of a table, the newest first.
    /// - Throws: storage errors.
    package func outcomes(of table: TableIdentifier) async throws -> [MaintenanceOutcome] {
        try await load(table).reversed()
    }

    /// Of several looks in a row that found nothing to do, the last is kept.
    /// - Throws: storage errors; the outcome is stored with the next one then.
    package func add(_ outcome: MaintenanceOutcome, to table: TableIdentifier) async throws {
        var outcome = outcome
        outcome.locations = Array(outcome.locations.prefix(Self.locationsMax))
        unstored[table] = Array(((unstored[table] ?? []) + [outcome]).suffix(Self.outcomesMax))
        var list = try await load(table)
        for outcome in unstored[table] ?? [] {
            if outcome.state == .nothing, let index = list.lastIndex(where: { $0.action == outcome.action }),
                list[index].state == .nothing
            {
                list.remove(at: index)
            }
            list.append(outcome)
        }
        list.removeFirst(max(0, list.count - Self.outcomesMax))
        try await objects.put(Self.key(table), bytes: Array(try JSONEncoder().encode(list)), ifAbsent: false)
        known[table] = list
        unstored[table] = nil
    }

    private func load(_ table: TableIdentifier) async throws -> [MaintenanceOutcome] {
        if let list = known[table] { return list }
        var list: [MaintenanceOutcome] = []
        do {
            let bytes = try await objects.get(Self.key(table), bytesMax: Self.bytesMax)
            // A list of another version is begun anew: it is for people, and nothing depends on it.
            list = (try? JSONDecoder().decode([MaintenanceOutcome].self, from: Data(bytes))) ?? []
        } catch let error as ObjectStoreError where error.code == "object-missing" {
        }
        known[table] = list
        return list
    }
}
