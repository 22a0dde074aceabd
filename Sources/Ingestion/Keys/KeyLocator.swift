import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// Finds the stored rows of keys, by reading the key columns of the files that may hold them.
///
/// Steps: leave out files and row groups by the bounds of an integer key; read the key columns of the rest; where a key
/// is wanted and its row not deleted, read the row group's other columns and keep the row.
struct KeyLocator: Sendable {
    let shape: KeyShape
    /// The declared columns of the table, as the silver schema has them.
    let fields: [SchemaField]
    let tables: LakeTables
    let crew: ThreadExecutor

    private var keyFields: [SchemaField] { shape.columns.map { fields[$0] } }

    /// - Parameters:
    ///   - wanted: the keys.
    ///   - files: where to look.
    ///   - deleted: rows that the running load has deleted itself, by location.
    /// - Returns: every stored row of each key; several when another engine doubled it.
    func locate(
        _ wanted: Set<RowKey>, in files: [StoredFile], deleted: [String: Bitmap]
    ) async throws -> [RowKey: [StoredRow]] {
        let range = integerRange(wanted)
        let candidates = files.filter { mayHold($0.dataFile, range) }
        let reader = DeleteReader(tables: tables)
        return try await withThrowingTaskGroup(of: [(RowKey, StoredRow)].self) { group in
            var found: [RowKey: [StoredRow]] = [:]
            var next = 0
            func start() {
                guard next < candidates.count else { return }
                let file = candidates[next]
                next += 1
                let own = deleted[file.dataFile.location]
                group.addTask(executorPreference: crew) {
                    let committed = try await reader.positions(of: file.dataFile.location, in: file.deleteFiles)
                    return try await rows(wanted, range, in: file) { position in
                        own?[Int(position)] == true || committed.contains(position)
                    }
                }
            }
            for _ in 0..<Self.filesAtOnce { start() }
            while let rows = try await group.next() {
                for (key, row) in rows { found[key, default: []].append(row) }
                start()
            }
            return found
        }
    }

    /// Files that are read at the same time.
    private static let filesAtOnce = 2

    private func rows(
        _ wanted: Set<RowKey>, _ range: ClosedRange<Int64>?, in file: StoredFile,
        isDeleted: (Int64) -> Bool
    ) async throws -> [(RowKey, StoredRow)] {
        let source = try await tables.objects.open(tables.io.key(file.dataFile.location))
        let reader = try ParquetFileReader(source)
        var found: [(RowKey, StoredRow)] = []
        var firstRow: Int64 = 0
        for (index, group) in reader.metadata.rowGroups.enumerated() {
            defer { firstRow += Int64(group.rowCount) }
            let keys = try reader.read(rowGroup: index, fields: keyFields)
            var matches: [(row: Int32, key: RowKey)] = []
            collect(keys, wanted, range, into: &matches)
            matches.removeAll { isDeleted(firstRow + Int64($0.row)) }
            if matches.isEmpty { continue }
            let values = try reader.read(rowGroup: index, fields: fields).gather(matches.map(\.row))
            for (offset, match) in matches.enumerated() {
                found.append(
                    (
                        match.key,
                        StoredRow(
                            location: file.dataFile.location, position: firstRow + Int64(match.row), batch: values,
                            row: offset, isPending: file.isPending)
                    ))
            }
        }
        return found
    }

    private func collect(
        _ keys: ColumnBatch, _ wanted: Set<RowKey>, _ range: ClosedRange<Int64>?,
        into matches: inout [(row: Int32, key: RowKey)]
    ) {
        let shape = shape.overKeyColumns
        if let range, case .integer = shape {
            let values = shape.integers(keys, 0)
            for row in values.indices where range.contains(values[row]) {
                let key = RowKey.integer(values[row])
                if wanted.contains(key) { matches.append((Int32(row), key)) }
            }
            return
        }
        for row in 0..<keys.rowCount {
            let key = shape.key(keys, row: row)
            if wanted.contains(key) { matches.append((Int32(row), key)) }
        }
    }

    /// The least and greatest integer key that is wanted.
    private func integerRange(_ wanted: Set<RowKey>) -> ClosedRange<Int64>? {
        guard case .integer = shape else { return nil }
        var least = Int64.max
        var greatest = Int64.min
        for case .integer(let value) in wanted {
            least = min(least, value)
            greatest = max(greatest, value)
        }
        return least <= greatest ? least...greatest : nil
    }

    private func mayHold(_ file: DataFile, _ range: ClosedRange<Int64>?) -> Bool {
        guard let range, let field = keyFields.first, let type = field.type.primitive,
            let lower = file.lowerBounds?[field.id], let upper = file.upperBounds?[field.id],
            let least = Self.integer(lower, type), let greatest = Self.integer(upper, type)
        else { return true }
        return least <= range.upperBound && greatest >= range.lowerBound
    }

    private static func integer(_ bound: [UInt8], _ type: PrimitiveType) -> Int64? {
        switch BoundsCodec.decode(bound, type) {
        case .int(let value): Int64(value)
        case .long(let value): value
        default: nil
        }
    }
}
