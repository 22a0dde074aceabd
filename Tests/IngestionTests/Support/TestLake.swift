import CatalogService
import EventLog
import Iceberg
import LakeModel
import LakeTesting
import Logging
import ObjectStorage
import OperationalStore
import Testing

@testable import Ingestion

/// The stores that an engine works on; they outlive it.
struct TestStores {
    var objects: any ObjectStore
    var log: any EventLog
    var catalog: any CatalogStore
    var operational: any OperationalStore

    static func memory() -> TestStores {
        TestStores(
            objects: MemoryObjectStore(), log: MemoryEventLog(), catalog: MemoryCatalogStore(),
            operational: MemoryOperationalStore())
    }

    static func embedded(in folder: TemporaryFolder) throws -> TestStores {
        TestStores(
            objects: try LocalObjectStore(root: folder.file("lake")),
            log: try SQLiteEventLog(path: folder.file("log.db")),
            catalog: try SQLiteCatalogStore(path: folder.file("catalog.db")),
            operational: try SQLiteOperationalStore(path: folder.file("operational.db")))
    }
}

/// Ingestion over stores of a test, worked by ``drain()``.
final class TestLake {
    let model: LakeDeclaration
    var stores: TestStores
    var limits: IngestionLimits
    private(set) var engine: LakeEngine

    init(
        _ tables: TableDeclaration..., stores: TestStores = .memory(), limits: IngestionLimits = IngestionLimits()
    ) async throws {
        model = LakeDeclaration(tables: tables)
        self.stores = stores
        self.limits = limits
        engine = try await Self.engine(model, stores, limits)
    }

    var ingestion: DipperIngestion { engine.ingestion }
    var tables: LakeTables { engine.tables }

    /// What a new process does: nothing but the stores is kept.
    func restart() async throws { engine = try await Self.engine(model, stores, limits) }

    private static func engine(
        _ model: LakeDeclaration, _ stores: TestStores, _ limits: IngestionLimits
    ) async throws -> LakeEngine {
        let ingestion = DipperIngestion(
            model: model, log: stores.log, objects: stores.objects, catalog: stores.catalog, limits: limits)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try await LakeEngine(
            ingestion: ingestion, tables: LakeTables(catalog: stores.catalog, objects: stores.objects),
            operational: stores.operational, threads: 1, logger: logger)
    }

    func drain() async throws { try await engine.drain(operational: true) }

    /// Works one unit of a table: a file, a slice of one, or batches.
    @discardableResult func step(_ table: String) async throws -> Bool {
        guard let index = model.tables.firstIndex(where: { $0.name == table }) else { return false }
        return try await engine.processors[index].workOnce(isPaced: false)
    }

    /// Slices that this engine has committed, those that ended a file left out.
    var sliceCount: Int { engine.processors.reduce(0) { $0 + $1.sliceCount } }

    // MARK: Writes

    @discardableResult func upload(
        _ table: String, _ bytes: [UInt8], mode: UploadRequest.Mode = .upsert,
        onError: UploadRequest.OnError = .quarantine, key: String? = nil
    ) async throws -> JobReceipt {
        var request = UploadRequest(table: table)
        request.fileName = "test.csv"
        request.mode = mode
        request.onError = onError
        request.idempotencyKey = key
        let session = try await ingestion.beginUpload(request)
        try await session.write(bytes)
        return try await session.finish()
    }

    @discardableResult func upload(
        _ table: String, _ text: String, mode: UploadRequest.Mode = .upsert,
        onError: UploadRequest.OnError = .quarantine, key: String? = nil
    ) async throws -> JobReceipt {
        try await upload(table, Array(text.utf8), mode: mode, onError: onError, key: key)
    }

    @discardableResult func batch(
        _ table: String, _ json: String, atomic: Bool = false, key: String? = nil
    ) async throws -> JobReceipt {
        var request = BatchRequest(table: table)
        request.atomic = atomic
        request.idempotencyKey = key
        return try await ingestion.submitBatch(request, body: Array(json.utf8))
    }

    /// Uploads, drains, checks the lake and returns the final receipt.
    func load(
        _ table: String, _ text: String, mode: UploadRequest.Mode = .upsert,
        onError: UploadRequest.OnError = .quarantine
    ) async throws -> JobReceipt {
        let receipt = try await upload(table, text, mode: mode, onError: onError)
        try await drain()
        try await check()
        return try await self.receipt(receipt.id)
    }

    // MARK: Looks

    func receipt(_ id: String) async throws -> JobReceipt { try #require(try await ingestion.job(id: id)) }

    func declaration(_ table: String) throws -> TableDeclaration { try #require(model.table(named: table)) }

    func silver(_ table: String) async throws -> TableMetadata {
        try #require(try await tables.metadata(LakeTables.silver(declaration(table))))
    }

    func snapshotID(_ table: String) async throws -> Int64? { try await silver(table).currentSnapshotID }

    /// The silver table's rows as a sorted multiset, the declared columns as text between bars.
    func rows(_ table: String) async throws -> [String] {
        let declaration = try declaration(table)
        return try await SilverRows(tables).read(declaration).map { SilverRows.text($0, declaration) }.sorted()
    }

    func rejects(_ table: String) async throws -> [StoredReject] {
        var rejects: [StoredReject] = []
        for try await reject in try await QuarantineReader(declaration(table), tables: tables).rejects(
            QuarantineQuery())
        {
            rejects.append(reject)
        }
        return rejects.sorted { ($0.line, $0.code) < ($1.line, $1.code) }
    }
}
