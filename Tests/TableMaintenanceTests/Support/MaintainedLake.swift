import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import ObjectStorage
import ParquetFormat
import Synchronization

@testable import TableMaintenance

/// A table in memory that a writer of another process changes: rows of an id, a partition and a name.
final class MaintainedLake: Sendable {
    struct Row: Hashable, Sendable {
        var id: Int64
        var part: Int32
        var name: String?
    }

    static let schema = Schema(
        id: 0,
        fields: [
            SchemaField(id: 1, name: "id", type: .long, required: true),
            SchemaField(id: 2, name: "part", type: .int, required: true),
            SchemaField(id: 3, name: "name", type: .string, required: false),
        ])
    static let spec = PartitionSpec(
        id: 0, fields: [PartitionField(sourceID: 2, fieldID: 1000, name: "part", transform: .identity)])
    static let start: Int64 = 1_700_000_000_000

    let store = MemoryCatalogStore()
    let memory = MemoryObjectStore()
    let faults = FaultPlan()
    let objects: any ObjectStore
    let turns = WriterTurns()
    let table = TableIdentifier(namespace: "silver", name: "items")
    let catalog: LakehouseCatalog

    init(properties: [String: String] = [:]) async throws {
        objects = FaultyObjects(store: memory, plan: faults)
        let clock = Clock()
        self.time = clock
        catalog = LakehouseCatalog(
            store: store, io: ObjectStoreFileIO(objects),
            locations: LocationPolicy(warehouse: "\(memory.locationPrefix)/warehouse"),
            nowMilliseconds: { clock.now })
        store.hooks.setBefore { [faults] call in try faults.point("before \(call)") }
        store.hooks.setAfter { [faults] call in
            do { try faults.point("after \(call)") } catch {
                throw CatalogError(code: "commit-state-unknown", message: "the answer is lost", cause: error)
            }
        }
        try await store.createNamespace("silver", properties: [:])
        _ = try await catalog.createTable(
            table,
            TableRequest(
                schema: Self.schema, partitionSpec: Self.spec, sortOrder: nil,
                location: "\(memory.locationPrefix)/warehouse/silver/items", properties: properties), ticket: nil)
    }

    /// Milliseconds since 1970, moved by hand.
    final class Clock: Sendable {
        private let milliseconds = Mutex(MaintainedLake.start)
        var now: Int64 { milliseconds.withLock { $0 } }
        func advance(_ by: Int64) { milliseconds.withLock { $0 += by } }
    }

    let time: Clock

    func room(owned: Bool = true) -> MaintenanceRoom {
        MaintenanceRoom(
            catalog: catalog, objects: objects, turns: turns, owns: { _ in owned },
            nowMilliseconds: { [time] in time.now })
    }

    var pool: BlockingPool { .shared }

    func metadata() async throws -> TableMetadata { try await catalog.currentMetadata(table) }

    func compact(_ policy: MaintenancePolicy = .thorough, dry: Bool = false) async throws -> MaintenanceOutcome {
        try await Compaction(room: room(), policy: policy, pool: pool).run(table, isDryRun: dry)
    }

    func expire(
        _ policy: MaintenancePolicy = .thorough, owned: Bool = true, wish: SnapshotExpiry.Wish = .init(),
        dry: Bool = false
    ) async throws -> MaintenanceOutcome {
        try await SnapshotExpiry(room: room(owned: owned), policy: policy).run(table, wish: wish, isDryRun: dry)
    }

    /// Keys of the objects below the table's folder.
    func files() async throws -> Set<String> {
        Set(try await memory.list(prefix: "warehouse/", after: nil, limit: .max).map(\.key))
    }
}

// MARK: The other writer

extension MaintainedLake {
    private var io: ObjectStoreFileIO { ObjectStoreFileIO(memory) }

    func append(_ rows: [Row], summary: [String: String] = [:]) async throws {
        try await change(.append, adding: rows, deleting: { _ in false }, summary: summary)
    }

    /// Deletes rows by position and adds others, as an upsert does.
    func upsert(_ rows: [Row], summary: [String: String] = [:]) async throws {
        let ids = Set(rows.map(\.id))
        try await change(.overwrite, adding: rows, deleting: { ids.contains($0.id) }, summary: summary)
    }

    func delete(_ ids: Set<Int64>) async throws {
        try await change(.delete, adding: [], deleting: { ids.contains($0.id) })
    }

    /// Replaces the whole table.
    func overwrite(_ rows: [Row]) async throws {
        try await change(.overwrite, adding: rows, deleting: { _ in false }, replacesAll: true)
    }

    private func change(
        _ operation: SnapshotProducer.Operation, adding rows: [Row], deleting: (Row) -> Bool,
        replacesAll: Bool = false, summary: [String: String] = [:]
    ) async throws {
        time.advance(1_000)
        let base = try await metadata()
        var producer = SnapshotProducer(
            base: base, io: io, snapshotID: SnapshotID.random(avoiding: base), nowMilliseconds: time.now,
            operation: operation)
        producer.summary = summary
        producer.replacesAll = replacesAll
        for (part, rows) in Dictionary(grouping: rows, by: \.part).sorted(by: { $0.key < $1.key }) {
            producer.addedDataFiles.append(try await write(rows, part, base))
        }
        var positions: [PartitionKey: [String: [Int64]]] = [:]
        if !replacesAll {
            for stored in try await stored(base) where deleting(stored.row) {
                positions[stored.file.partitionKey, default: [:]][stored.file.location, default: []].append(
                    stored.position)
            }
        }
        for (key, files) in positions {
            guard let rows = PositionDeletes.rows(files) else { continue }
            let (location, summary) = try await writeFile(rows.batch, PositionDeletes.schema, base)
            producer.addedDeleteFiles.append(
                DataFile.positionDeletes(
                    rows, summary: summary, location: location, specID: key.specID, partition: key.values))
        }
        let produced = try await producer.produce()
        _ = try await catalog.commit(
            TableChange(table: table, requirements: produced.requirements, updates: produced.updates), ticket: nil)
    }

    func update(_ updates: [TableUpdate]) async throws {
        _ = try await catalog.commit(TableChange(table: table, requirements: [], updates: updates), ticket: nil)
    }

    private func write(_ rows: [Row], _ part: Int32, _ metadata: TableMetadata) async throws -> DataFile {
        var names = ByteVector()
        var validity = Bitmap()
        for row in rows {
            names.append(Array((row.name ?? "").utf8))
            validity.append(row.name != nil)
        }
        let batch = ColumnBatch(
            columns: [
                ColumnVector(type: .long, storage: .int64(rows.map(\.id))),
                ColumnVector(type: .int, storage: .int32(rows.map(\.part))),
                ColumnVector(type: .string, storage: .bytes(names), validity: validity),
            ], rowCount: rows.count)
        let (location, summary) = try await writeFile(batch, metadata.schema, metadata)
        return DataFile(
            summary: summary, location: location, partition: [.int(part)], spec: metadata.partitionSpec,
            schema: metadata.schema)
    }

    private func writeFile(
        _ batch: ColumnBatch, _ schema: Schema, _ metadata: TableMetadata
    ) async throws -> (String, ParquetFileSummary) {
        let location = "\(metadata.location)/data/\(RandomUUID.text()).parquet"
        var options = ParquetWriterOptions()
        options.rowGroupRowsMax = 7
        let object = try await memory.makeWriter(io.key(location))
        var writer = try ParquetFileWriter(schema: schema, options: options, sink: Sink(object: object))
        try writer.write(batch)
        let summary = try writer.finish().summary
        try await object.finish(as: nil, ifAbsent: true)
        return (location, summary)
    }

    private struct Sink: ByteSink {
        let object: any ObjectWriter
        mutating func write(_ bytes: RawSpan) throws { try object.write(bytes) }
    }
}

// MARK: The plain reader

extension MaintainedLake {
    struct Stored: Sendable {
        var row: Row
        var file: DataFile
        var position: Int64
    }

    /// The rows of a snapshot as a multiset, the current one's unless another is named.
    func rows(at snapshotID: Int64? = nil) async throws -> [Row: Int] {
        let stored = try await stored(try await metadata(), at: snapshotID)
        return Dictionary(stored.map { ($0.row, 1) }, uniquingKeysWith: +)
    }

    /// Reads deletes as the specification says, with none of the code that maintenance uses.
    func stored(_ metadata: TableMetadata, at snapshotID: Int64? = nil) async throws -> [Stored] {
        var stored: [Stored] = []
        var deletes: [String: [String: Set<Int64>]] = [:]
        for task in try await TableScan(metadata: metadata, io: io, snapshotID: snapshotID).plan().tasks {
            var deleted: Set<Int64> = []
            for file in task.deleteFiles {
                if deletes[file.location] == nil { deletes[file.location] = try await readDeletes(file) }
                deleted.formUnion(deletes[file.location]?[task.dataFile.location] ?? [])
            }
            var position: Int64 = 0
            let reader = try ParquetFileReader(try await memory.open(io.key(task.dataFile.location)))
            for group in reader.metadata.rowGroups.indices {
                let batch = try reader.read(rowGroup: group, fields: metadata.schema.fields)
                for row in 0..<batch.rowCount {
                    defer { position += 1 }
                    guard !deleted.contains(position), case .long(let id)? = batch.columns[0].datum(row),
                        case .int(let part)? = batch.columns[1].datum(row)
                    else { continue }
                    var name: String?
                    if case .string(let text)? = batch.columns[2].datum(row) { name = text }
                    stored.append(
                        Stored(row: Row(id: id, part: part, name: name), file: task.dataFile, position: position))
                }
            }
        }
        return stored
    }

    private func readDeletes(_ file: DataFile) async throws -> [String: Set<Int64>] {
        let reader = try ParquetFileReader(try await memory.open(io.key(file.location)))
        var found: [String: Set<Int64>] = [:]
        for group in reader.metadata.rowGroups.indices {
            let batch = try reader.read(rowGroup: group, fields: PositionDeletes.schema.fields)
            for row in 0..<batch.rowCount {
                guard case .string(let path)? = batch.columns[0].datum(row),
                    case .long(let position)? = batch.columns[1].datum(row)
                else { continue }
                found[path, default: []].insert(position)
            }
        }
        return found
    }

    /// What does not hold of any snapshot, files that are missing among it.
    func violations() async throws -> [TableInvariants.Violation] {
        let metadata = try await metadata()
        var found: [TableInvariants.Violation] = []
        for snapshot in metadata.snapshots {
            found += try await TableInvariants.check(metadata, io: io, snapshotID: snapshot.id)
        }
        return found
    }

    /// Named, but not always there.
    var optionalKeys: Set<String> { ["warehouse/silver/items/metadata/version-hint.text"] }

    /// Keys of all files that the table names.
    func named() async throws -> Set<String> {
        var files = ReferencedFiles()
        var known: Set<String> = []
        try await files.add(try await metadata(), known: &known, io: io)
        return Set(files.locations.compactMap { try? io.key($0) })
    }
}
