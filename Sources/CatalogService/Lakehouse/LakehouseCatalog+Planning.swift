package import AvroFormat
import Iceberg
import LakeModel

/// Tasks of a scan, and where to ask for the rest.
package struct ScanAnswer: Sendable {
    /// `nil` in the answer to a plan task.
    package var planID: String?
    /// `delete-files` and `file-scan-tasks`.
    package var members: [(String, JSONValue)]
    package var planTasks: [String]
}

/// Planning of scans for clients that leave it to the catalog.
///
/// A scan of few files is answered at once. Of a larger one the first answer holds the tasks of the first manifests, and
/// words (plan tasks) for the others. Such a word says all that is needed to find its tasks, so nothing of a scan is kept
/// here, any process can answer it, and no answer is larger than its manifests.
extension LakehouseCatalog {
    /// Data files that an answer holds, about: a manifest is never cut.
    package static let scanFilesMax = 4_000

    /// - Throws: `table-missing`; `request-invalid`, `expression-invalid`, `snapshot-missing` for what can't be planned.
    package func planScan(_ name: TableIdentifier, _ request: ScanRequest) async throws -> ScanAnswer {
        let metadata = try await currentMetadata(name)
        var answer = try await plan(metadata, request, id: RandomUUID.text())
        answer.planID = plans.add(
            .init(table: name, tableUUID: metadata.tableUUID, request: request), id: answer.planID)
        return answer
    }

    /// The result of a plan again.
    /// - Throws: `table-missing`, `plan-missing`.
    package func plannedScan(_ name: TableIdentifier, id: String) async throws -> ScanAnswer {
        let metadata = try await currentMetadata(name)
        guard let known = plans.find(id), known.tableUUID == metadata.tableUUID else { throw Self.planMissing(id) }
        return try await plan(metadata, known.request, id: id)
    }

    /// - Throws: `table-missing`, `plan-missing`.
    package func cancelScan(_ name: TableIdentifier, id: String) async throws {
        let metadata = try await currentMetadata(name)
        guard let known = plans.find(id), known.tableUUID == metadata.tableUUID, plans.cancel(id) else {
            throw Self.planMissing(id)
        }
    }

    /// The tasks that a plan task stands for.
    /// - Throws: `table-missing`, `plan-task-missing`.
    package func scanTasks(_ name: TableIdentifier, planTask: String) async throws -> ScanAnswer {
        let metadata = try await currentMetadata(name)
        guard let task = PlanTask(planTask), task.tableUUID == metadata.tableUUID, !plans.isCancelled(task.planID)
        else {
            throw Self.planTaskMissing()
        }
        do {
            let work = try ScanWork(metadata: metadata, io: io, request: task.request, schemaID: task.schemaID)
            return ScanAnswer(planID: nil, members: try await work.members(task.manifests), planTasks: [])
        } catch let error as IcebergError where error.kind == .snapshotMissing {
            // It has expired since the scan was planned.
            throw Self.planTaskMissing()
        }
    }

    private func plan(_ metadata: TableMetadata, _ request: ScanRequest, id: String) async throws -> ScanAnswer {
        var request = request
        if case .snapshot(nil) = request.range { request.range = .snapshot(metadata.currentSnapshotID) }
        let work = try ScanWork(metadata: metadata, io: io, request: request, schemaID: nil)
        let groups = try await work.groups(filesMax: Self.scanFilesMax)
        let tasks = groups.dropFirst().map { group in
            PlanTask(
                planID: id, tableUUID: metadata.tableUUID, schemaID: work.schema.id, request: request, manifests: group
            ).text
        }
        return ScanAnswer(planID: id, members: try await work.members(groups.first ?? 0..<0), planTasks: Array(tasks))
    }

    private static func planMissing(_ id: String) -> CatalogError {
        CatalogError(
            code: "plan-missing", message: "Cannot find scan plan: \(id.prefix(64))",
            remedy: "plan the scan again; plans are kept for \(ScanPlans.lifetimeSeconds / 60) minutes")
    }

    private static func planTaskMissing() -> CatalogError {
        CatalogError(
            code: "plan-task-missing", message: "Cannot find plan task", remedy: "plan the scan again")
    }
}

/// A scan of one table, bound to a schema.
private struct ScanWork {
    let metadata: TableMetadata
    let io: any FileIO
    let request: ScanRequest
    let schema: Schema
    private let filter: Expression?
    private let statisticsIDs: Set<Int>

    /// - Parameter schemaID: whose names the request uses; `nil`: as the request says.
    init(metadata: TableMetadata, io: any FileIO, request: ScanRequest, schemaID: Int?) throws {
        self.metadata = metadata
        self.io = io
        self.request = request
        var own: Schema?
        if request.usesSnapshotSchema {
            let id: Int64? =
                switch request.range {
                case .snapshot(let id): id
                case .appended(_, let end): end
                }
            own = id.flatMap { metadata.snapshot(id: $0) }?.schemaID.flatMap { metadata.schema(id: $0) }
        }
        let schema = schemaID.flatMap { metadata.schema(id: $0) } ?? own ?? metadata.schema
        self.schema = schema
        filter = try request.filter.map {
            try Expression.parse($0, schema: schema, isCaseSensitive: request.isCaseSensitive)
        }
        _ = try schema.fieldIDs(named: request.selected, isCaseSensitive: request.isCaseSensitive)
        statisticsIDs = try schema.fieldIDs(
            named: request.statisticsColumns, isCaseSensitive: request.isCaseSensitive)
    }

    /// The manifests in groups of about `filesMax` data files, by their positions.
    func groups(filesMax: Int) async throws -> [Range<Int>] {
        let manifests: [(position: Int, files: Int)]
        switch request.range {
        case .snapshot:
            guard let outline = try await tableScan.outline() else { return [] }
            manifests = zip(outline.dataPositions, outline.data).map { ($0, $1.liveFilesCount ?? filesMax) }
        case .appended(let start, let end):
            manifests = try await appendScan(start, end).manifests().enumerated().map {
                ($0, $1.addedFilesCount ?? filesMax)
            }
        }
        var groups: [Range<Int>] = []
        var count = filesMax
        for manifest in manifests {
            if count >= filesMax {
                groups.append(manifest.position..<manifest.position)
                count = 0
            }
            groups[groups.count - 1] = groups[groups.count - 1].lowerBound..<manifest.position + 1
            count += manifest.files
        }
        return groups
    }

    /// The tasks of the manifests at some positions.
    func members(_ positions: Range<Int>) async throws -> [(String, JSONValue)] {
        let json = ScanTasksJSON(metadata: metadata, statisticsIDs: statisticsIDs)
        switch request.range {
        case .snapshot:
            guard !positions.isEmpty, let outline = try await tableScan.outline() else { return json.members([]) }
            let chosen = zip(outline.dataPositions, outline.data).filter { positions.contains($0.0) }.map { $0.1 }
            let deletes = try await tableScan.deleteIndex(outline)
            return json.members(try await tableScan.tasks(outline, chosen, deletes).tasks)
        case .appended(let start, let end):
            let scan = try appendScan(start, end)
            let manifests = try await scan.manifests()
            let chosen = manifests[positions.clamped(to: manifests.indices)]
            return json.members(try await scan.tasks(chosen, filter: filter))
        }
    }

    private var tableScan: TableScan {
        var id: Int64?
        if case .snapshot(let wanted) = request.range { id = wanted }
        return TableScan(metadata: metadata, io: io, snapshotID: id, filter: filter, schema: schema)
    }

    private func appendScan(_ start: Int64, _ end: Int64) throws -> IncrementalAppendScan {
        try IncrementalAppendScan(metadata: metadata, io: io, after: start, through: end, schema: schema)
    }
}
