import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// Finds the stored rows of contested keys, and tells which of them hold other values.
///
/// Steps: leave out files by partition and by the bounds of the key in the manifests, row groups by those in the footers;
/// read the key columns of the rest, each once; where a key is contested and its row not deleted, read the other columns
/// and compare. Nothing of what is read is kept but a few bytes for each row that was found.
struct KeyLocator: Sendable {
    /// The stored rows of contested keys in one row group.
    struct Found: Sendable {
        /// Index of the file.
        let file: Int
        /// Position in the file of the row group's first row.
        let firstRow: Int64
        let runs: [ContestedRows.Run]
        /// Of the rows of ``runs`` one behind the other; empty when values are not compared.
        var equality: [ContestedRows.Equality] = []

        /// Rows with values that no row of the declared types has are equal to none.
        mutating func forget(_ unfit: Bitmap) {
            var index = 0
            for run in runs {
                for offset in 0..<run.count {
                    if unfit[Int(run.stored) + Int(offset)] { equality[index] = [] }
                    index += 1
                }
            }
        }
    }

    let shape: KeyShape
    let context: TableContext
    let deletes: DeleteReader

    private struct Job: Sendable {
        let file: Int32
        let group: Int
        let reader: StoredFileReader
        let deleted: PositionSet?
        let own: Bitmap?
    }

    /// - Parameters:
    ///   - contested: the keys.
    ///   - files: where to look.
    ///   - deleted: rows that the running load has deleted itself, by location.
    ///   - comparesValues: `false` when it only matters whether a row is there.
    /// - Returns: every stored row of each key; several when another engine doubled it.
    func locate(
        _ contested: ContestedRows, in files: [StoredFile], deleted: [String: Bitmap], comparesValues: Bool
    ) async throws -> [Found] {
        let pruning = KeyPruning(contested, shape: shape, context: context)
        return try await withThrowingTaskGroup(of: Found.self) { tasks in
            var found: [Found] = []
            var running = 0
            for (index, file) in files.enumerated() where pruning.mayHold(file.dataFile) {
                let reader = try await StoredFileReader.open(file.dataFile, context: context)
                let groups = (0..<reader.rowGroupCount).filter { pruning.mayHold(reader, $0) }
                if groups.isEmpty { continue }
                let committed =
                    file.deleteFiles.isEmpty
                    ? nil : try await deletes.positions(of: file.dataFile.location, in: file.deleteFiles)
                for group in groups {
                    let job = Job(
                        file: Int32(index), group: group, reader: reader, deleted: committed,
                        own: deleted[file.dataFile.location])
                    if running == Self.rowGroupsAtOnce, let rows = try await tasks.next() {
                        found.append(rows)
                        running -= 1
                    }
                    running += 1
                    tasks.addTask(executorPreference: context.crew) {
                        try matches(contested, job, comparesValues: comparesValues)
                    }
                }
            }
            while let rows = try await tasks.next() { found.append(rows) }
            return found.filter { !$0.runs.isEmpty }
        }
    }

    /// Row groups that are read at the same time.
    private static let rowGroupsAtOnce = 2

    private func matches(_ contested: ContestedRows, _ job: Job, comparesValues: Bool) throws -> Found {
        try context.stages.measure(.keys) {
            let keyShape = shape.overKeyColumns
            // A key that does not fit comes as null, and is no row's.
            let keys = try job.reader.read(job.group, shape.columns.map { context.declaredFields[$0] }).batch
            let firstRow = job.reader.firstRow(job.group)
            var isLive: ((Int) -> Bool)?
            if job.own != nil || job.deleted?.isEmpty == false || keys.columns.contains(where: { $0.validity != nil }) {
                isLive = { row in
                    let position = firstRow + Int64(row)
                    return job.own?[Int(position)] != true && job.deleted?.contains(position) != true
                        && !keyShape.isKeyless(keys, row: row)
                }
            }
            let runs = contested.runs(keyShape.codes(keys), keys, isLive: isLive)
            var found = Found(file: Int(job.file), firstRow: firstRow, runs: runs)
            guard comparesValues, !runs.isEmpty else { return found }
            let others = context.declaredFields.indices.filter { !shape.columns.contains($0) }
            let values = try job.reader.read(job.group, others.map { context.declaredFields[$0] })
            found.equality = contested.compare(runs, columns: others, to: values.batch)
            if let unfit = values.unfit { found.forget(unfit) }
            return found
        }
    }
}

/// Where contested keys cannot lie.
struct KeyPruning: Sendable {
    /// The least and greatest integer key.
    let range: ClosedRange<Int64>?
    /// The least and greatest text key.
    private let texts: ClosedRange<ByteKey>?
    /// Partitions of the rows, when the key decides about the partition and so all rows of a key lie in one.
    private let partitions: Set<PartitionKey>?
    private let field: SchemaField?

    private struct ByteKey: Comparable, Sendable {
        let bytes: [UInt8]
        static func < (left: ByteKey, right: ByteKey) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
    }

    init(_ contested: ContestedRows, shape: KeyShape, context: TableContext) {
        range = shape.isInteger ? contested.integerRange : nil
        texts = contested.textRange.map { ByteKey(bytes: $0.lower)...ByteKey(bytes: $0.upper) }
        partitions = contested.partitions
        field = shape.columns.count == 1 ? context.declaredFields[shape.columns[0]] : nil
    }

    func mayHold(_ file: DataFile) -> Bool {
        if let partitions, let any = partitions.first, any.specID == file.specID,
            !partitions.contains(file.partitionKey)
        {
            return false
        }
        guard let field, let type = field.type.primitive, let lower = file.lowerBounds?[field.id],
            let upper = file.upperBounds?[field.id]
        else { return true }
        return mayHold(BoundsCodec.decode(lower, type), BoundsCodec.decode(upper, type))
    }

    func mayHold(_ reader: StoredFileReader, _ group: Int) -> Bool {
        guard let field, range != nil || texts != nil else { return true }
        let (lower, upper) = reader.bounds(group, field)
        return mayHold(lower, upper)
    }

    private func mayHold(_ lower: Datum?, _ upper: Datum?) -> Bool {
        if let range, let least = Self.integer(lower), let greatest = Self.integer(upper) {
            return least <= range.upperBound && greatest >= range.lowerBound
        }
        if let texts, case .string(let least)? = lower, case .string(let greatest)? = upper {
            return ByteKey(bytes: Array(least.utf8)) <= texts.upperBound
                && ByteKey(bytes: Array(greatest.utf8)) >= texts.lowerBound
        }
        return true
    }

    private static func integer(_ bound: Datum?) -> Int64? {
        switch bound {
        case .int(let value): Int64(value)
        case .long(let value): value
        default: nil
        }
    }
}
