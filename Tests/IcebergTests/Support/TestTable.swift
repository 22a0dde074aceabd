import Iceberg
import LakeModel

/// A table that tests commit to, with a clock that only moves when told.
struct TestTable {
    static let schema = Schema(
        id: 0,
        fields: [
            SchemaField(id: 1, name: "id", type: .long, required: true),
            SchemaField(id: 2, name: "name", type: .string, required: false),
            SchemaField(id: 3, name: "year", type: .int, required: false),
        ], identifierFieldIDs: [1])

    let io: any FileIO
    var metadata: TableMetadata
    var now: Int64 = 1_700_000_000_000
    private var fileCount = 0
    private var snapshotCount: Int64 = 0

    init(
        io: any FileIO = MemoryFileIO(), location: String = "memory://lake/t", schema: Schema = schema,
        partition: [String] = ["year"], properties: [String: String] = [:]
    ) async throws {
        self.io = io
        metadata = TableMetadata.new(
            uuid: RandomUUID.text(), location: location, schema: schema,
            partitionSpec: try .identity(partition, in: schema), properties: properties, nowMilliseconds: now)
        try await MetadataFile.write(&metadata, io: io)
    }

    /// A data file of `year` with ids in `ids`; the file itself is not written unless `stored`.
    mutating func file(year: Int32?, ids: ClosedRange<Int64> = 1...10, stored: Bool = true) async throws -> DataFile {
        fileCount += 1
        var file = DataFile(
            location: "\(metadata.location)/data/f\(fileCount).parquet", specID: metadata.defaultSpecID,
            partition: metadata.partitionSpec.fields.isEmpty ? [] : [year.map { .int($0) }],
            recordCount: Int64(ids.count), byteCount: 1000)
        file.columnSizes = [1: 400, 2: 500, 3: 50]
        file.valueCounts = [1: file.recordCount, 2: file.recordCount, 3: file.recordCount]
        file.nullValueCounts = [1: 0, 2: 1, 3: year == nil ? file.recordCount : 0]
        file.lowerBounds = [1: BoundsCodec.encode(.long(ids.lowerBound), .long)]
        file.upperBounds = [1: BoundsCodec.encode(.long(ids.upperBound), .long)]
        file.splitOffsets = [4]
        if stored { try await io.write(file.location, [0]) }
        return file
    }

    /// A position delete file over rows of `files`, which lie in one partition.
    mutating func deletes(_ positions: [(DataFile, [Int64])]) async throws -> DataFile {
        fileCount += 1
        guard let first = positions.first?.0,
            let rows = PositionDeletes.rows(
                Dictionary(positions.map { ($0.0.location, $0.1) }, uniquingKeysWith: { $0 + $1 }))
        else { preconditionFailure("there is something to delete") }
        let file = DataFile.positionDeletes(
            rows, location: "\(metadata.location)/data/d\(fileCount).parquet", byteCount: 300, specID: first.specID,
            partition: first.partition)
        try await io.write(file.location, [0])
        return file
    }

    mutating func producer(_ operation: SnapshotProducer.Operation = .append) -> SnapshotProducer {
        now += 1000
        snapshotCount += 1
        return SnapshotProducer(
            base: metadata, io: io, snapshotID: 1_000_000 + snapshotCount, nowMilliseconds: now, operation: operation)
    }

    /// Produces and commits.
    @discardableResult mutating func commit(_ producer: SnapshotProducer) async throws -> ProducedSnapshot {
        var producer = producer
        let produced = try await producer.produce()
        metadata = produced.metadata
        try await MetadataFile.write(&metadata, io: io)
        return produced
    }

    @discardableResult mutating func append(_ files: [DataFile]) async throws -> ProducedSnapshot {
        var producer = producer()
        producer.addedDataFiles = files
        return try await commit(producer)
    }

    /// Adds data files and position delete files.
    @discardableResult mutating func rowDelta(
        _ files: [DataFile], deletes: [DataFile]
    ) async throws -> ProducedSnapshot {
        var producer = producer(.overwrite)
        producer.addedDataFiles = files
        producer.addedDeleteFiles = deletes
        return try await commit(producer)
    }

    func plan(_ filter: Iceberg.Expression? = nil, snapshotID: Int64? = nil) async throws -> ScanPlan {
        try await TableScan(metadata: metadata, io: io, snapshotID: snapshotID, filter: filter).plan()
    }
}
