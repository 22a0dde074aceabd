import CatalogService
import Iceberg
import Ingestion
import LakeModel
import ObjectStorage
import ParquetFormat

/// What another engine's commit does to a table's rows.
enum ForeignChange: Sendable {
    case append([SimulatedRow])
    case delete([SimulatedRow])
    /// The same rows in other files, or less history.
    case none
    case rollback(snapshotID: Int64)
}

/// Another engine on the silver tables: it appends, deletes, rewrites files, expires snapshots and rolls back, between and
/// during our commits.
struct ForeignEngine {
    let world: SimulationWorld
    let fleet: Fleet

    func work(operations count: Int) async {
        for _ in 0..<count {
            for _ in 0..<world.below(40) { await world.turn() }
            guard fleet.isOpen else { return }
            let process = SimulatedProcess(name: "foreign")
            world.start(process)
            do {
                try await operate(fleet.tables[world.below(fleet.tables.count)], process)
            } catch {
                world.count("foreign-failed")
            }
            world.kill(process)
        }
    }

    private func operate(_ declaration: TableDeclaration, _ process: SimulatedProcess) async throws {
        let objects = SimulatedObjectStore(world: world, process: process)
        let catalog = SimulatedCatalog(world: world, process: process)
        let lake = LakeTables(catalog: catalog, objects: objects)
        let identifier = LakeTables.silver(declaration)
        guard let base = try await lake.metadata(identifier) else { return }
        let job = ForeignJob(
            world: world, declaration: declaration, base: base, lake: lake, catalog: catalog, identifier: identifier)
        switch fleet.isSliced ? [3, 8][world.below(2)] : world.below(10) {
        case 0...2: try await job.append()
        case 3...5: try await job.rewrite()
        case 6, 7: try await job.delete()
        case 8: try await job.expire()
        default: try await job.rollBack()
        }
    }
}

/// One operation of another engine.
struct ForeignJob {
    let world: SimulationWorld
    let declaration: TableDeclaration
    let base: TableMetadata
    let lake: LakeTables
    let catalog: SimulatedCatalog
    let identifier: TableIdentifier

    private static let idsFirst: Int64 = 1_000_000_000

    func append() async throws {
        // Mostly keys of its own, at times one that is stored: then the key stands twice.
        let rows = (0...world.below(3)).map { _ in
            SimulatedRow(
                id: world.chance(3) ? Int64(world.below(12)) : Self.idsFirst + Int64(world.below(1_000_000)),
                name: "foreign", day: 18_700)
        }
        var producer = producer(.append)
        producer.addedDataFiles = [try await write(rows)]
        try await commit(&producer, .append(rows))
    }

    /// Writes the live rows of some files of one partition into one new file.
    func rewrite() async throws {
        let tasks = try await TableScan(metadata: base, io: lake.io).plan().tasks
        guard !tasks.isEmpty else { return }
        let partition = tasks[world.below(tasks.count)].dataFile.partition
        let chosen = tasks.filter { $0.dataFile.partition == partition }
        var rows: [SimulatedRow] = []
        for task in chosen { rows += try await SilverReader(lake: lake, base).rows(task) }
        var producer = producer(.replace)
        producer.removedFiles = Set(chosen.map(\.dataFile.location))
        if !rows.isEmpty { producer.addedDataFiles = [try await write(rows)] }
        producer.addedDataSequenceNumber = rows.isEmpty ? nil : base.lastSequenceNumber
        try await commit(&producer, .none)
    }

    /// Copies a file without some of its rows.
    func delete() async throws {
        let tasks = try await TableScan(metadata: base, io: lake.io).plan().tasks
        guard !tasks.isEmpty else { return }
        let task = tasks[world.below(tasks.count)]
        var rows = try await SilverReader(lake: lake, base).rows(task)
        guard !rows.isEmpty else { return }
        let gone = rows.remove(at: world.below(rows.count))
        var producer = producer(.overwrite)
        producer.removedFiles = [task.dataFile.location]
        if !rows.isEmpty { producer.addedDataFiles = [try await write(rows)] }
        producer.addedDataSequenceNumber = rows.isEmpty ? nil : base.lastSequenceNumber
        try await commit(&producer, .delete([gone]))
    }

    /// Forgets all snapshots but the current one, then removes the files that only those named.
    func expire() async throws {
        guard let current = base.currentSnapshotID, base.snapshots.count > 1 else { return }
        let old = base.snapshots.map(\.id).filter { $0 != current }
        let next = try base.applying([.removeSnapshots(old)], nowMilliseconds: world.nowMicroseconds / 1_000)
        let kept = try await named(next)
        let garbage = try await named(base).subtracting(kept)
        try await commit(next, .none)
        for location in garbage.sorted() { try await lake.io.delete(location) }
    }

    func rollBack() async throws {
        guard base.snapshots.count > 1, let target = base.snapshots.dropLast().last?.id else { return }
        let next = try base.applying(
            [.setSnapshotRef(name: SnapshotReference.mainBranch, SnapshotReference(snapshotID: target))],
            nowMilliseconds: world.nowMicroseconds / 1_000)
        try await commit(next, .rollback(snapshotID: target))
    }

    // MARK: Parts

    /// Every data, delete, manifest and list file that snapshots of `metadata` name.
    private func named(_ metadata: TableMetadata) async throws -> Set<String> {
        var locations: Set<String> = []
        for snapshot in metadata.snapshots {
            if let list = snapshot.manifestList { locations.insert(list) }
            for manifest in try await snapshot.manifestFiles(io: lake.io) {
                locations.insert(manifest.location)
                let entries = try await ManifestReader.read(manifest, metadata: metadata, io: lake.io)
                locations.formUnion(entries.filter(\.isLive).map(\.dataFile.location))
            }
        }
        return locations
    }

    private func producer(_ operation: SnapshotProducer.Operation) -> SnapshotProducer {
        SnapshotProducer(
            base: base, io: lake.io, snapshotID: SnapshotID.random(avoiding: base),
            nowMilliseconds: world.nowMicroseconds / 1_000, operation: operation)
    }

    private func commit(_ producer: inout SnapshotProducer, _ change: ForeignChange) async throws {
        try await commit(producer.produce().metadata, change)
    }

    private func commit(_ metadata: TableMetadata, _ change: ForeignChange) async throws {
        var metadata = metadata
        var commit = CatalogCommit()
        let location = try await MetadataFile.write(&metadata, io: lake.io)
        commit.swaps = [
            CatalogCommit.Swap(
                table: identifier, expectedMetadataLocation: base.metadataLocation, newMetadataLocation: location)
        ]
        try await catalog.commit(commit, change: change)
    }

    /// Writes rows of one partition.
    private func write(_ rows: [SimulatedRow]) async throws -> DataFile {
        var texts = ByteVector()
        for row in rows { texts.append(row.name.utf8) }
        var columns = [
            ColumnVector(type: .long, storage: .int64(rows.map(\.id))),
            ColumnVector(type: .string, storage: .bytes(texts)),
            Self.integers(rows.map(\.day), .date),
        ]
        let years = rows.map { row in row.day.map { Int32(CivilDate(daysSinceEpoch: Int($0)).year) } }
        if !declaration.derived.isEmpty { columns.append(Self.integers(years, .int)) }
        let location = "\(base.location)/data/foreign-\(RandomUUID.text()).parquet"
        let object = try await lake.objects.makeWriter(lake.io.key(location))
        var writer = try ParquetFileWriter(schema: base.schema, sink: ObjectSinkOfWriter(writer: object))
        try writer.write(ColumnBatch(columns: columns, rowCount: rows.count))
        let summary = try writer.finish().summary
        try await object.finish(as: nil, ifAbsent: true)
        let partition: [Datum?] = declaration.partition.isEmpty ? [] : [years.first.flatMap { $0 }.map { .int($0) }]
        return DataFile(
            summary: summary, location: location, partition: partition, spec: base.partitionSpec, schema: base.schema)
    }

    private static func integers(_ values: [Int32?], _ type: PrimitiveType) -> ColumnVector {
        var validity = Bitmap()
        for value in values { validity.append(value != nil) }
        return ColumnVector(type: type, storage: .int32(values.map { $0 ?? 0 }), validity: validity)
    }
}

/// Hands a Parquet writer's bytes to an object.
struct ObjectSinkOfWriter: ByteSink {
    let writer: any ObjectWriter

    mutating func write(_ bytes: RawSpan) throws { try writer.write(bytes) }
}
