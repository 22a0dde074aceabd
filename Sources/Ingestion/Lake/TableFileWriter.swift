internal import Foundation
import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// Writes the rows of one load into data files, one open file a partition.
///
/// Rows wait in their partition's buffer until they make a row group; when all buffers together pass their bound, the
/// fullest goes. Row groups are encoded on the crew's threads while the next rows come in, and appended in order. Rows of a
/// table with a sort order are sorted within their row group; a file of one row group follows that order, the files of a
/// long load are put in order when they are compacted.
///
/// `@unchecked Sendable`: the load that made it is its only user.
final class TableFileWriter: @unchecked Sendable {
    private struct Partition {
        var waiting: [ColumnBatch] = []
        var byteCount = 0
        var rowCount = 0
        var file: OpenDataFile?
    }

    private struct Encoding {
        let partition: [Datum?]
        let group: Task<EncodedRowGroup, any Error>
    }

    private let metadata: TableMetadata
    private let objects: any ObjectStore
    private let io: ObjectStoreFileIO
    private let encoders: EncoderPool
    private let options: ParquetWriterOptions
    /// `nil` for a table without a sort order, or with one that can't be computed here.
    private let order: RowOrder?
    private let crew: ThreadExecutor
    private let limits: IngestionLimits
    private let stages: StageClock?
    private var partitions: [[Datum?]: Partition] = [:]
    private var bufferedBytes = 0
    private var encodings: [Encoding] = []
    private var closed: [DataFile] = []
    /// Whether the columns' codecs are chosen.
    private var hasCodecs = false
    /// Every file begun, for cleaning up after a load that is known to have failed.
    private(set) var locations: [String] = []

    /// Row groups that are encoded while others are parsed.
    private static let encodingsMax = 3

    init(
        metadata: TableMetadata, tables: LakeTables, crew: ThreadExecutor, limits: IngestionLimits, stages: StageClock?
    ) {
        self.stages = stages
        self.metadata = metadata
        objects = tables.objects
        io = tables.io
        self.crew = crew
        self.limits = limits
        options = LakeParquet.options(metadata)
        order = RowOrder(metadata.sortOrder, fields: metadata.schema.fields)
        encoders = EncoderPool(schema: metadata.schema, options: options, stages: stages)
    }

    func add(_ parts: [PartitionScatter.Part]) async throws {
        for part in parts {
            let byteCount = part.batch.byteCount
            partitions[part.values, default: Partition()].waiting.append(part.batch)
            partitions[part.values]?.byteCount += byteCount
            partitions[part.values]?.rowCount += part.batch.rowCount
            bufferedBytes += byteCount
            if let partition = partitions[part.values],
                partition.byteCount >= limits.rowGroupBytes || partition.rowCount >= options.rowGroupRowsMax
            {
                try await encode(part.values)
            }
        }
        while bufferedBytes > limits.bufferedBytesMax,
            let fullest = partitions.max(by: { $0.value.byteCount < $1.value.byteCount }), fullest.value.byteCount > 0
        {
            try await encode(fullest.key)
        }
    }

    /// Starts encoding what waits for a partition.
    private func encode(_ key: [Datum?]) async throws {
        guard var partition = partitions[key], !partition.waiting.isEmpty else { return }
        let batches = partition.waiting
        bufferedBytes -= partition.byteCount
        partition.waiting = []
        partition.byteCount = 0
        partition.rowCount = 0
        partitions[key] = partition
        let encoders = encoders
        if !hasCodecs {
            hasCodecs = true
            try await Task(executorPreference: crew) { try encoders.chooseCodecs(by: batches) }.value
        }
        let order = order
        encodings.append(
            Encoding(
                partition: key,
                group: Task(executorPreference: crew) {
                    let sorted = order.flatMap { order in ColumnBatch.concatenate(batches).map(order.sorted) }
                    return try encoders.encode(sorted.map { [$0] } ?? batches)
                }))
        while encodings.count > Self.encodingsMax { try await appendOldest() }
    }

    private func appendOldest() async throws {
        let encoding = encodings.removeFirst()
        let group = try await encoding.group.value
        let file: OpenDataFile
        if let open = partitions[encoding.partition]?.file {
            file = open
        } else {
            file = try await open(encoding.partition)
            partitions[encoding.partition]?.file = file
        }
        try stages.measure(.write) { try file.append(group) }
        if file.byteCount >= limits.dataFileBytes {
            partitions[encoding.partition]?.file = nil
            try await close(file)
        }
    }

    private func open(_ partition: [Datum?]) async throws -> OpenDataFile {
        let folder = zip(metadata.partitionSpec.fields, partition).map { field, value in
            "\(field.name)=\(PartitionPath.text(value))/"
        }
        let location = "\(metadata.location)/data/\(folder.joined())\(RandomUUID.text()).parquet"
        locations.append(location)
        return try await OpenDataFile(
            location: location, key: io.key(location), partition: partition, schema: metadata.schema, options: options,
            objects: objects)
    }

    private func close(_ file: OpenDataFile) async throws {
        closed.append(try await Self.close(file, metadata, order))
    }

    private static func close(
        _ file: OpenDataFile, _ metadata: TableMetadata, _ order: RowOrder?
    ) async throws -> DataFile {
        DataFile(
            summary: try await file.close(), location: file.location, partition: file.partition,
            spec: metadata.partitionSpec, schema: metadata.schema,
            sortOrderID: file.rowGroupCount == 1 ? order?.id : nil)
    }

    /// Writes out all rows and closes all files; a file whose rows are written becomes durable while the rows of others
    /// are encoded.
    /// - Returns: the files closed since the last flush.
    func flush() async throws -> [DataFile] {
        let metadata = metadata
        let order = order
        let files = try await withThrowingTaskGroup(of: DataFile.self) { group in
            var open = Array(partitions.keys)
            func closeWritten() {
                open.removeAll { key in
                    if partitions[key]?.rowCount != 0 || encodings.contains(where: { $0.partition == key }) {
                        return false
                    }
                    guard let file = partitions[key]?.file else { return true }
                    partitions[key]?.file = nil
                    group.addTask { try await Self.close(file, metadata, order) }
                    return true
                }
            }
            for key in Array(partitions.keys) {
                try await encode(key)
                closeWritten()
            }
            while !encodings.isEmpty {
                try await appendOldest()
                closeWritten()
            }
            closeWritten()
            var files: [DataFile] = []
            for try await file in group { files.append(file) }
            return files
        }
        defer { closed = [] }
        return closed + files
    }

    /// Drops open files; closed ones are the caller's to delete (``locations``).
    func abort() async {
        for encoding in encodings {
            encoding.group.cancel()
            _ = await encoding.group.result
        }
        encodings = []
        for partition in partitions.values { await partition.file?.abort() }
        partitions = [:]
    }
}

/// Partition values in folder names. Nothing reads them back; they are for people.
enum PartitionPath {
    static func text(_ value: Datum?) -> String {
        let text: String =
            switch value {
            case nil: "null"
            case .boolean(let flag): "\(flag)"
            case .int(let number): "\(number)"
            case .long(let number): "\(number)"
            case .float(let number): "\(number)"
            case .double(let number): "\(number)"
            case .decimal(let number): "\(number)"
            case .string(let text): text
            case .bytes(let bytes): bytes.map { String($0, radix: 16) }.joined()
            }
        let plain = text.utf8.prefix(64).map { byte -> Character in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D || byte == 0x5F
            return isPlain ? Character(UnicodeScalar(byte)) : "_"
        }
        return plain.isEmpty ? "empty" : String(plain)
    }
}
