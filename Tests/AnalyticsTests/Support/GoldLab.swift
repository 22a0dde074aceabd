import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import ObjectStorage
import ParquetFormat
import QueryEngine
import Synchronization

@testable import Analytics

/// A lake in memory with two silver tables, and an engine that answers what it is told.
final class GoldLab: Sendable {
    static let model = """
        tables:
          - name: items
            columns: [{name: id, type: long}]
          - name: others
            columns: [{name: id, type: long}]
        gold:
          - name: totals
            sql: SELECT id, count(*) AS n FROM silver.items_cleaned GROUP BY id
        """

    let store = MemoryCatalogStore()
    let memory = MemoryObjectStore()
    let engine = ScriptedEngine()
    let catalog: LakehouseCatalog
    let items = TableIdentifier(namespace: "silver", name: "items_cleaned")
    let others = TableIdentifier(namespace: "silver", name: "others_cleaned")
    private let time = Mutex<Int64>(1_700_000_000_000)

    init() async throws {
        let memory = memory
        catalog = LakehouseCatalog(
            store: store, io: ObjectStoreFileIO(memory),
            locations: LocationPolicy(warehouse: "\(memory.locationPrefix)/warehouse"),
            nowMilliseconds: { 1_700_000_000_000 })
        try await store.createNamespace("silver", properties: [:])
        let schema = Schema(id: 0, fields: [SchemaField(id: 1, name: "id", type: .long, required: true)])
        for table in [items, others] {
            _ = try await catalog.createTable(
                table,
                TableRequest(schema: schema, partitionSpec: nil, sortOrder: nil, location: nil, properties: [:]),
                ticket: nil)
        }
        engine.answer(["id", "n"], ["BIGINT", "BIGINT"], [[.integer(1), .integer(10)], [.integer(2), .null]])
    }

    private func now() -> Int64 {
        time.withLock { time in
            time += 1_000
            return time
        }
    }

    func room(_ yaml: String = model, limits: GoldLimits = GoldLimits()) throws -> GoldRoom {
        GoldRoom(
            model: try ModelFile.parse(yaml, source: "test"), source: Source(lab: self), engine: engine,
            catalog: catalog, objects: memory, limits: limits, nowMilliseconds: { self.now() })
    }

    @discardableResult
    func refresh(
        _ name: String = "totals", _ yaml: String = model, limits: GoldLimits = GoldLimits()
    ) async throws -> GoldOutcome {
        let room = try room(yaml, limits: limits)
        guard let gold = room.book.model.gold(named: name) else { throw Missing() }
        return try await GoldRefresh(gold, room: room, pool: .shared).run()
    }

    struct Missing: Error {}

    func metadata(_ name: String = "totals") async throws -> TableMetadata {
        try await catalog.currentMetadata(GoldBook.identifier(name))
    }

    /// A snapshot of a table that an ingestion, a compaction or another engine has made.
    func commit(_ table: TableIdentifier, _ operation: SnapshotProducer.Operation = .append) async throws {
        let base = try await catalog.currentMetadata(table)
        let producer = SnapshotProducer(
            base: base, io: catalog.io, snapshotID: SnapshotID.random(avoiding: base), nowMilliseconds: now(),
            operation: operation)
        var working = producer
        let produced = try await working.produce()
        _ = try await catalog.commit(produced.updates, on: base, of: table)
    }

    /// The live rows of a gold table, by Dipper's own plan.
    func rows(_ name: String = "totals") async throws -> [[Datum?]] {
        let metadata = try await metadata(name)
        var rows: [[Datum?]] = []
        for task in try await TableScan(metadata: metadata, io: catalog.io).plan().tasks {
            let key = try ObjectStoreFileIO(memory).key(task.dataFile.location)
            let reader = try ParquetFileReader(try await memory.open(key))
            for group in reader.metadata.rowGroups.indices {
                let batch = try reader.read(rowGroup: group, fields: metadata.schema.fields)
                rows += (0..<batch.rowCount).map { row in batch.columns.map { $0.datum(row) } }
            }
        }
        return rows
    }

    func liveFiles(_ name: String = "totals") async throws -> Set<String> {
        let metadata = try await metadata(name)
        return Set(try await TableScan(metadata: metadata, io: catalog.io).plan().tasks.map(\.dataFile.location))
    }

    /// Keys of the data files below gold, those that nothing names included.
    func dataFiles() async throws -> Set<String> {
        Set(
            try await memory.list(prefix: "warehouse/gold/", after: nil, limit: .max).map(\.key)
                .filter { $0.hasSuffix(".parquet") })
    }

    func violations(_ name: String = "totals") async throws -> [TableInvariants.Violation] {
        let metadata = try await metadata(name)
        var found: [TableInvariants.Violation] = []
        for snapshot in metadata.snapshots {
            found += try await TableInvariants.check(metadata, io: catalog.io, snapshotID: snapshot.id)
        }
        return found
    }
}

private struct Source: GoldSource {
    let lab: GoldLab

    func metadata(_ table: TableIdentifier) async throws -> TableMetadata? {
        do {
            return try await lab.catalog.currentMetadata(table)
        } catch let error as CatalogError where error.code == "table-missing" {
            return nil
        }
    }

    func plan(_ tables: [TableIdentifier], for sql: String) async throws -> GoldPlan {
        var plan = GoldPlan(tables: [], snapshotIDs: [:])
        for table in tables {
            guard let metadata = try await metadata(table) else { continue }
            plan.tables.append(
                QueryTable(
                    namespace: table.namespace, name: table.name, fields: metadata.schema.fields, plainFiles: [],
                    version: "\(metadata.currentSnapshotID ?? 0)"))
            plan.snapshotIDs[table] = metadata.currentSnapshotID
        }
        return plan
    }
}

/// Answers what it was told, and keeps what it was asked.
final class ScriptedEngine: QueryEngine {
    private struct State {
        var result = QueryResult(columns: [], rows: [], isTruncated: false, elapsedMicroseconds: 1)
        var failure: (@Sendable (QueryRequest) -> QueryError?)?
        var requests: [QueryRequest] = []
        var before: (@Sendable () async throws -> Void)?
    }

    private let state = Mutex(State())

    var requests: [QueryRequest] { state.withLock { $0.requests } }

    func answer(_ names: [String], _ types: [String], _ rows: [[QueryValue]], isTruncated: Bool = false) {
        state.withLock { state in
            state.result = QueryResult(
                columns: zip(names, types).map { QueryResult.Column(name: $0, type: $1) }, rows: rows,
                isTruncated: isTruncated, elapsedMicroseconds: 1)
        }
    }

    func fail(_ error: QueryError?) { failWhen { _ in error } }

    func failWhen(_ failure: @escaping @Sendable (QueryRequest) -> QueryError?) {
        state.withLock { $0.failure = failure }
    }

    /// Runs once, in the middle of the next question.
    func during(_ body: @escaping @Sendable () async throws -> Void) { state.withLock { $0.before = body } }

    /// Plans here come from the lab, not from the text.
    func outline(of sql: String) async throws -> StatementOutline { StatementOutline() }

    func execute(_ request: QueryRequest) async throws -> QueryResult {
        let before = state.withLock { state in
            state.requests.append(request)
            defer { state.before = nil }
            return state.before
        }
        try await before?()
        return try state.withLock { state in
            if let failure = state.failure?(request) { throw failure }
            return state.result
        }
    }
}
