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

        /// Whether rows with missing values are refused, so that each of them must be known.
        var refuses: Bool { reference.action == .reject }
    }

    /// Rows of a batch whose value is not there.
    struct MissingRows: Sendable {
        var count = 0
        var first: Int32?
        /// All of them when they are refused, else none.
        var rows: [Int32] = []
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
    /// - Complexity: O(rows), a test of a bit each unless integers are large.
    func missingRows(_ batch: ColumnBatch) -> [MissingRows] {
        targets.map { target in
            let column = batch.columns[target.column]
            return switch column.storage {
            case .int32(let values): target.missing(values.span, column.validity)
            case .int64(let values): target.missing(values.span, column.validity)
            default: target.missing(column)
            }
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
    /// Takes 64 rows at a time: a bit each for values that are not there, nulls masked out.
    fileprivate func missing<Number: FixedWidthInteger & SignedInteger>(
        _ values: Span<Number>, _ validity: Bitmap?
    ) -> References.MissingRows {
        var missing = References.MissingRows()
        let known = small.words.span
        let smallMax = UInt64(small.count)
        var start = 0
        while start < values.count {
            let end = min(start + 64, values.count)
            var absent: UInt64 = 0
            var large: UInt64 = 0
            for row in start..<end {
                let value = UInt64(bitPattern: Int64(values[row]))
                let bit = UInt64(row - start)
                if value < smallMax {
                    absent |= (~(known[Int(value >> 6)] >> (value & 63)) & 1) << bit
                } else {
                    large |= 1 << bit
                }
            }
            let valid = validity.map { $0.words[start >> 6] } ?? .max
            large &= valid
            while large != 0 {
                let bit = large.trailingZeroBitCount
                if !keys.contains(.long(Int64(values[start + bit]))) { absent |= 1 << UInt64(bit) }
                large &= large &- 1
            }
            missing.take(absent & valid, from: start, keepsRows: refuses)
            start = end
        }
        return missing
    }

    fileprivate func missing(_ column: ColumnVector) -> References.MissingRows {
        var missing = References.MissingRows()
        for row in 0..<column.count {
            if let value = column.datum(row), !keys.contains(value) {
                missing.take(1, from: row, keepsRows: refuses)
            }
        }
        return missing
    }
}

extension References.MissingRows {
    /// Takes in rows from `start` on, a bit each.
    fileprivate mutating func take(_ bits: UInt64, from start: Int, keepsRows: Bool) {
        if bits == 0 { return }
        if first == nil { first = Int32(start + bits.trailingZeroBitCount) }
        count += bits.nonzeroBitCount
        guard keepsRows else { return }
        var rest = bits
        while rest != 0 {
            rows.append(Int32(start + rest.trailingZeroBitCount))
            rest &= rest &- 1
        }
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
        let written = try metadata.written(as: table.silverSchema, partition: table.partition, name: table.name)
        var keys: Set<Datum> = []
        let deletes = DeleteReader(tables: tables)
        for task in try await TableScan(metadata: metadata, io: tables.io).plan().tasks {
            let deleted = try await deletes.positions(of: task.dataFile.location, in: task.deleteFiles)
            let reader = try ParquetFileReader(try await tables.objects.open(tables.io.key(task.dataFile.location)))
            var position: Int64 = 0
            for group in reader.metadata.rowGroups.indices {
                let batch = try NarrowedColumns(
                    reader, rowGroup: group, fields: [written.schema.fields[column]]
                ).batch
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
