import ObjectStorage
import CatalogService
import Iceberg
import LakeModel
import ParquetFormat

/// The keys that a table's references may name, as they were when the load began.
struct References: Sendable {
    struct Target: Sendable {
        let reference: Reference
        /// The referencing column.
        let column: Int
        let keys: Set<Datum>
        /// Small non-negative integer keys, a bit each, so that most values need no look-up in the set.
        let small: Bitmap
    }

    /// Values of one reference that are not there.
    struct Missing: Sendable {
        var count = 0
        var example: Datum?
    }

    let targets: [Target]

    /// Keys below this have a bit in ``Target/small``.
    private static let smallKeysMax: Int64 = 1 << 20

    static let none = References(targets: [])

    private init(targets: [Target]) { self.targets = targets }

    init(_ declaration: TableDeclaration, model: LakeDeclaration, cache: ReferenceCache) async throws {
        var targets: [Target] = []
        for reference in declaration.references {
            guard let column = declaration.columns.firstIndex(where: { $0.name == reference.column }),
                let table = model.table(named: reference.table)
            else { continue }
            let keys = try await cache.keys(of: table)
            var small = Bitmap(repeating: false, count: Int(Self.smallKeysMax))
            for key in keys {
                if let value = Self.integer(key), (0..<Self.smallKeysMax).contains(value) {
                    small.set(Int(value), to: true)
                }
            }
            targets.append(
                Target(reference: reference, column: column, keys: Set(keys.map(Self.widened)), small: small))
        }
        self.targets = targets
    }

    /// For each target the rows of `batch` whose value is neither null nor there.
    func missingRows(_ batch: ColumnBatch) -> [[Int32]] {
        targets.map { target in
            let column = batch.columns[target.column]
            var missing: [Int32] = []
            switch column.storage {
            case .int32(let values):
                for row in values.indices where !target.hasSmall(Int64(values[row])) && !column.isNull(row) {
                    if !target.keys.contains(.long(Int64(values[row]))) { missing.append(Int32(row)) }
                }
            case .int64(let values):
                for row in values.indices where !target.hasSmall(values[row]) && !column.isNull(row) {
                    if !target.keys.contains(.long(values[row])) { missing.append(Int32(row)) }
                }
            default:
                for row in 0..<batch.rowCount {
                    if let value = column.datum(row), !target.keys.contains(value) { missing.append(Int32(row)) }
                }
            }
            return missing
        }
    }

    /// `int` and `long` compare as numbers.
    static func widened(_ datum: Datum) -> Datum { integer(datum).map(Datum.long) ?? datum }

    private static func integer(_ datum: Datum) -> Int64? {
        switch datum {
        case .int(let value): Int64(value)
        case .long(let value): value
        default: nil
        }
    }
}

extension References.Target {
    fileprivate func hasSmall(_ value: Int64) -> Bool {
        value >= 0 && value < Int64(small.count) && small[Int(value)]
    }
}

/// The keys of referenced tables, each read once a snapshot.
actor ReferenceCache {
    private let tables: LakeTables
    private var known: [TableIdentifier: (snapshotID: Int64?, keys: [Datum])] = [:]

    init(tables: LakeTables) { self.tables = tables }

    func keys(of table: TableDeclaration) async throws -> [Datum] {
        let identifier = LakeTables.silver(table)
        guard let metadata = try await tables.metadata(identifier), let column = table.keyColumns.first else {
            return []
        }
        if let cached = known[identifier], cached.snapshotID == metadata.currentSnapshotID { return cached.keys }
        var keys: Set<Datum> = []
        let deletes = DeleteReader(tables: tables)
        for task in try await TableScan(metadata: metadata, io: tables.io).plan().tasks {
            let deleted = try await deletes.positions(of: task.dataFile.location, in: task.deleteFiles)
            let reader = try ParquetFileReader(try await tables.objects.open(tables.io.key(task.dataFile.location)))
            var position: Int64 = 0
            for group in reader.metadata.rowGroups.indices {
                let batch = try reader.read(rowGroup: group, fields: [metadata.schema.fields[column]])
                for row in 0..<batch.rowCount {
                    if let key = batch.columns[0].datum(row), !deleted.contains(position) { keys.insert(key) }
                    position += 1
                }
            }
        }
        known[identifier] = (metadata.currentSnapshotID, Array(keys))
        return Array(keys)
    }
}
