package import CatalogService
import Iceberg
import LakeModel
import ObjectStorage

/// Finds files below a table's location that nothing names, and deletes them.
///
/// Steps: list the folder; then read all that the table names, so that what was committed since the listing counts; take
/// the files that are old enough; look at the table again if it has changed meanwhile; delete. A file of a load that is
/// under way is younger than the load.
package struct OrphanRemoval: Sendable {
    /// Objects that one listing asks for.
    private static let listingMax = 1_000

    let room: MaintenanceRoom
    let policy: MaintenancePolicy

    package init(room: MaintenanceRoom, policy: MaintenancePolicy) {
        self.room = room
        self.policy = policy
    }

    /// - Parameters:
    ///   - ageMilliseconds: files younger than this stay; `nil`: the policy's.
    ///   - isDryRun: only says what would go.
    /// - Throws: catalog and storage errors, nothing is deleted then.
    package func run(
        _ table: TableIdentifier, ageMilliseconds: Int64? = nil, isDryRun: Bool = false
    ) async throws -> MaintenanceOutcome {
        var outcome = room.outcome(.orphans, table)
        // What a load writes that is under way is not committed yet, however long it takes.
        var cut = room.nowMilliseconds() - max(0, ageMilliseconds ?? policy.orphanAgeMilliseconds)
        if let busy = room.turns.busySince(table) { cut = min(cut, busy / 1_000 - 1) }
        let first = try await room.catalog.currentMetadata(table)
        outcome.before = TableSize(first)
        guard first.allowsDeletion else {
            outcome.reason = "the table's property gc.enabled is false"
            return finished(outcome)
        }
        if let reason = room.objection(to: first) {
            outcome.reason = reason
            return finished(outcome)
        }
        if let other = try await overlapping(first, table) {
            outcome.reason = "the table \(other) lies in the same folder"
            return finished(outcome)
        }
        let (candidates, count) = try await list(first, olderThan: cut)
        var referenced = ReferencedFiles()
        var known: Set<String> = []
        var last = try await room.catalog.currentMetadata(table)
        try await referenced.add(last, known: &known, io: room.io)
        for _ in 0..<policy.commitAttemptsMax {
            guard try await room.catalog.tableLocation(table) != last.metadataLocation else { break }
            last = try await room.catalog.currentMetadata(table)
            try await referenced.add(last, known: &known, io: room.io)
        }
        guard last.location == first.location, last.tableUUID == first.tableUUID else {
            outcome.state = .yielded
            outcome.reason = "the table was moved or made anew meanwhile"
            return finished(outcome)
        }
        let orphans = candidates.filter { !referenced.contains($0.location) }
        outcome.deletedFiles = orphans.count
        outcome.deletedBytes = orphans.reduce(0) { $0 + Int64($1.byteCount) }
        outcome.locations = orphans.prefix(MaintenanceOutcome.locationsMax).map(\.location)
        if orphans.isEmpty {
            outcome.reason = "each of \(count) files is named, or too young"
        } else if isDryRun {
            outcome.state = .dryRun
        } else {
            var removal = FileRemoval(io: room.io)
            try await removal.delete(orphans.map(\.location))
            outcome.state = .done
            outcome.deletedFiles = removal.deleted
            outcome.undeletedFiles = removal.failed
            outcome.reason = removal.failure.map { "some files stay: \($0)" }
        }
        return finished(outcome)
    }

    private struct Candidate: Sendable {
        var location: String
        var byteCount: Int
    }

    /// The files below the table's location that are old enough, and how many there are in all.
    private func list(_ table: TableMetadata, olderThan cut: Int64) async throws -> ([Candidate], Int) {
        let prefix = String(try room.key(table.location + "/x").dropLast())
        var found: [Candidate] = []
        var count = 0
        var after: String?
        while true {
            try Task.checkCancellation()
            let page = try await room.objects.list(prefix: prefix, after: after, limit: Self.listingMax)
            count += page.count
            for object in page where object.modifiedMicroseconds / 1_000 < cut {
                let location = "\(room.objects.locationPrefix)/\(object.key)"
                guard room.mayDelete(location, of: table) else { continue }
                found.append(Candidate(location: location, byteCount: object.byteCount))
            }
            guard page.count == Self.listingMax, let last = page.last else { return (found, count) }
            after = last.key
        }
    }

    /// Another table or view whose files lie in this one's folder, or whose folder this one's is in.
    private func overlapping(_ own: TableMetadata, _ table: TableIdentifier) async throws -> String? {
        let folder = LocationPolicy.canonical(own.location)
        let store = room.catalog.store
        for namespace in try await store.namespaces() {
            for other in try await store.tables(in: namespace) where other != table {
                guard let metadata = try await current(other) else { continue }
                let location = LocationPolicy.canonical(metadata.location)
                let named = [location, LocationPolicy.canonical(metadata.metadataLocation ?? location)]
                if named.contains(where: { $0 == folder || $0.hasPrefix(folder + "/") })
                    || folder.hasPrefix(location + "/")
                {
                    return other.description
                }
            }
            if let view = try await viewInside(folder, namespace) { return view }
        }
        return nil
    }

    /// `nil` for a table that was dropped meanwhile.
    private func current(_ table: TableIdentifier) async throws -> TableMetadata? {
        do {
            return try await room.catalog.currentMetadata(table)
        } catch let error as CatalogError where error.code == "table-missing" {
            return nil
        }
    }

    private func viewInside(_ folder: String, _ namespace: String) async throws -> String? {
        var after: String?
        while true {
            let page = try await room.catalog.store.names(
                of: .view, in: namespace, after: after, limit: Self.listingMax)
            for name in page {
                let view = TableIdentifier(namespace: namespace, name: name)
                guard let pointer = try await room.catalog.store.viewPointer(view) else { continue }
                if LocationPolicy.isInside(pointer.metadataLocation, folder: folder) { return view.description }
            }
            guard page.count == Self.listingMax, let last = page.last else { return nil }
            after = last
        }
    }

    private func finished(_ outcome: MaintenanceOutcome) -> MaintenanceOutcome {
        var outcome = outcome
        outcome.milliseconds = room.nowMilliseconds() - outcome.startedMilliseconds
        return outcome
    }
}
