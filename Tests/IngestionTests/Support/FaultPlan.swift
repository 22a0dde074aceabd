import CatalogService
import EventLog
import LakeModel
import ObjectStorage
import OperationalStore
import Synchronization

/// What an injected fault throws.
struct InjectedFault: Error { let call: String }

/// Counts the calls to all stores and makes some fail: each has a point before it does anything and one after it has done
/// its work, where the answer gets lost.
final class FaultPlan: Sendable {
    private struct State {
        var points = 0
        var failing: Range<Int> = 0..<0
        var fired: [String] = []
    }

    private let state = Mutex(State())

    /// Makes `count` points fail, the first of them after `first` others from now on.
    func arm(first: Int, count: Int) {
        state.withLock { $0 = State(points: 0, failing: first..<first + count, fired: []) }
    }

    func disarm() { state.withLock { $0.failing = 0..<0 } }

    /// The calls that failed.
    var fired: [String] { state.withLock { $0.fired } }

    private func point(_ call: String) throws {
        try state.withLock { state in
            defer { state.points += 1 }
            guard state.failing.contains(state.points) else { return }
            state.fired.append(call)
            throw InjectedFault(call: call)
        }
    }

    func around<Answer>(_ call: String, _ body: () async throws -> Answer) async throws -> Answer {
        try point("before \(call)")
        let answer = try await body()
        try point("after \(call)")
        return answer
    }

    func stores(_ stores: TestStores) -> TestStores {
        TestStores(
            objects: FaultyObjects(store: stores.objects, plan: self), log: FaultyLog(log: stores.log, plan: self),
            catalog: FaultyCatalog(store: stores.catalog, plan: self),
            operational: FaultyOperational(store: stores.operational, plan: self))
    }
}

private struct FaultyObjects: ObjectStore {
    let store: any ObjectStore
    let plan: FaultPlan

    var locationPrefix: String { store.locationPrefix }

    func put(_ key: String, bytes: [UInt8], ifAbsent: Bool) async throws {
        try await plan.around("put \(key)") { try await store.put(key, bytes: bytes, ifAbsent: ifAbsent) }
    }

    func makeWriter(_ key: String) async throws -> any ObjectWriter {
        try await plan.around("makeWriter \(key)") {
            FaultyWriter(writer: try await store.makeWriter(key), key: key, plan: plan)
        }
    }

    func get(_ key: String, bytesMax: Int) async throws -> [UInt8] {
        try await plan.around("get \(key)") { try await store.get(key, bytesMax: bytesMax) }
    }

    func open(_ key: String) async throws -> any RandomAccessSource {
        try await plan.around("open \(key)") { try await store.open(key) }
    }

    func info(_ key: String) async throws -> ObjectInfo? {
        try await plan.around("info \(key)") { try await store.info(key) }
    }

    func delete(_ key: String) async throws {
        try await plan.around("delete \(key)") { try await store.delete(key) }
    }

    func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        try await plan.around("list") { try await store.list(prefix: prefix, after: after, limit: limit) }
    }
}

private final class FaultyWriter: ObjectWriter {
    let writer: any ObjectWriter
    let key: String
    let plan: FaultPlan

    init(writer: any ObjectWriter, key: String, plan: FaultPlan) {
        self.writer = writer
        self.key = key
        self.plan = plan
    }

    func write(_ bytes: RawSpan) throws { try writer.write(bytes) }

    func finish(as name: String?, ifAbsent: Bool) async throws -> Bool {
        try await plan.around("finish \(name ?? key)") { try await writer.finish(as: name, ifAbsent: ifAbsent) }
    }

    func abort() async { await writer.abort() }
}

private struct FaultyLog: EventLog {
    let log: any EventLog
    let plan: FaultPlan

    var incarnation: String { log.incarnation }

    func append(
        _ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?
    ) async throws -> AppendOutcome {
        try await plan.around("append") { try await log.append(records, to: topic, idempotency: idempotency) }
    }

    func read(
        topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int
    ) async throws -> [StoredRecord] {
        try await plan.around("read log") {
            try await log.read(
                topic: topic, partition: partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax)
        }
    }

    func endOffset(topic: String, partition: Int) async throws -> Int64 {
        try await plan.around("end offset") { try await log.endOffset(topic: topic, partition: partition) }
    }

    func heads(topic: String, partition: Int, from offset: Int64, recordsMax: Int) async throws -> [RecordHead] {
        try await plan.around("heads") {
            try await log.heads(topic: topic, partition: partition, from: offset, recordsMax: recordsMax)
        }
    }

    func extent(topic: String, partition: Int) async throws -> LogExtent {
        try await plan.around("extent") { try await log.extent(topic: topic, partition: partition) }
    }

    func offset(topic: String, partition: Int, appendedSince microseconds: Int64) async throws -> Int64 {
        try await plan.around("offset since") {
            try await log.offset(topic: topic, partition: partition, appendedSince: microseconds)
        }
    }

    func trim(topic: String, partition: Int, before offset: Int64) async throws -> Int {
        try await plan.around("trim") { try await log.trim(topic: topic, partition: partition, before: offset) }
    }

    func record(id: String) async throws -> StoredRecord? {
        try await plan.around("record") { try await log.record(id: id) }
    }

    func appends() -> AsyncStream<Void> { log.appends() }
}

private struct FaultyCatalog: CatalogStore {
    let store: any CatalogStore
    let plan: FaultPlan

    func namespaces() async throws -> [String] {
        try await plan.around("namespaces") { try await store.namespaces() }
    }

    func createNamespace(_ name: String, properties: [String: String]) async throws {
        try await plan.around("create namespace") { try await store.createNamespace(name, properties: properties) }
    }

    func tables(in namespace: String) async throws -> [TableIdentifier] {
        try await plan.around("tables") { try await store.tables(in: namespace) }
    }

    func pointer(_ table: TableIdentifier) async throws -> TablePointer? {
        try await plan.around("pointer") { try await store.pointer(table) }
    }

    func namespaceProperties(_ name: String) async throws -> [String: String]? {
        try await plan.around("namespace properties") { try await store.namespaceProperties(name) }
    }

    func namespaces(below parent: String?, after: String?, limit: Int) async throws -> [String] {
        try await plan.around("namespaces") { try await store.namespaces(below: parent, after: after, limit: limit) }
    }

    func names(
        of kind: RelationKind, in namespace: String, after: String?, limit: Int
    ) async throws -> [String] {
        try await plan.around("names") { try await store.names(of: kind, in: namespace, after: after, limit: limit) }
    }

    func viewPointer(_ view: TableIdentifier) async throws -> TablePointer? {
        try await plan.around("view pointer") { try await store.viewPointer(view) }
    }

    func idempotentAnswer(key: String) async throws -> IdempotentAnswer? {
        try await plan.around("idempotent answer") { try await store.idempotentAnswer(key: key) }
    }

    func commit(_ commit: CatalogCommit) async throws {
        try await plan.around("commit") { try await store.commit(commit) }
    }

    func watermark(topic: String, partition: Int) async throws -> CatalogWatermark? {
        try await plan.around("watermark") { try await store.watermark(topic: topic, partition: partition) }
    }

    func watermarks() async throws -> [CatalogWatermark] {
        try await plan.around("watermarks") { try await store.watermarks() }
    }

    func receipt(id: String) async throws -> ReceiptRow? {
        try await plan.around("receipt") { try await store.receipt(id: id) }
    }

    func receipts(table: String?, before: String?, limit: Int) async throws -> [ReceiptRow] {
        try await plan.around("receipts") { try await store.receipts(table: table, before: before, limit: limit) }
    }

    func receiptCount(table: String?) async throws -> Int {
        try await plan.around("receipt count") { try await store.receiptCount(table: table) }
    }

    func keyIndex(_ table: TableIdentifier) async throws -> [KeyIndexPiece] {
        try await plan.around("key index") { try await store.keyIndex(table) }
    }

    func acquireFence(role: String) async throws -> Int64 {
        try await plan.around("fence") { try await store.acquireFence(role: role) }
    }
}

private struct FaultyOperational: OperationalStore {
    let store: any OperationalStore
    let plan: FaultPlan

    func prepare(_ tables: [OperationalTable]) async throws {
        try await plan.around("prepare") { try await store.prepare(tables) }
    }

    func watermark(topic: String, partition: Int) async throws -> OperationalWatermark? {
        try await plan.around("operational watermark") {
            try await store.watermark(topic: topic, partition: partition)
        }
    }

    func apply(_ change: OperationalChange) async throws -> Bool {
        try await plan.around("apply") { try await store.apply(change) }
    }

    func row(table: String, key: [Datum]) async throws -> [Datum?]? {
        try await plan.around("row") { try await store.row(table: table, key: key) }
    }

    func rowCount(table: String) async throws -> Int {
        try await plan.around("row count") { try await store.rowCount(table: table) }
    }
}
