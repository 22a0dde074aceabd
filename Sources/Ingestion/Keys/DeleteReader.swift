import ObjectStorage
import Iceberg
import LakeModel
import ParquetFormat

/// Reads position delete files, each once.
actor DeleteReader {
    private let tables: LakeTables
    private var read: [String: [String: PositionSet]] = [:]

    init(tables: LakeTables) { self.tables = tables }

    /// The deleted positions of one data file.
    /// - Throws: ``IngestionError`` `deletes-unsupported` for equality deletes.
    func positions(of location: String, in files: [DataFile]) async throws -> PositionSet {
        var found: [PositionSet] = []
        for file in files {
            if let rows = try await deletes(file)[location] { found.append(rows) }
        }
        if found.count == 1, let rows = found.first { return rows }
        let positions = PositionSet()
        for rows in found { positions.formUnion(rows) }
        return positions
    }

    private func deletes(_ file: DataFile) async throws -> [String: PositionSet] {
        if let known = read[file.location] { return known }
        guard file.content == .positionDeletes, file.format.uppercased() == "PARQUET" else {
            throw IngestionError(
                code: "deletes-unsupported",
                message:
                    "\(file.location) holds deletes of a kind that Dipper does not apply (\(file.content), \(file.format))",
                remedy: "rewrite the table's files with the engine that wrote them; the write is then worked by itself",
                isRetryable: true)
        }
        let reader = try ParquetFileReader(try await tables.objects.open(tables.io.key(file.location)))
        var deletes: [String: PositionSet] = [:]
        for group in reader.metadata.rowGroups.indices {
            let batch = try reader.read(rowGroup: group, fields: PositionDeletes.schema.fields)
            guard case .bytes(let paths) = batch.columns[0].storage, case .int64(let rows) = batch.columns[1].storage
            else { continue }
            Self.collect(paths, rows, into: &deletes)
        }
        read[file.location] = deletes
        return deletes
    }

    /// Rows are sorted by path, so that a path is decoded only where it changes.
    private static func collect(_ paths: ByteVector, _ rows: [Int64], into deletes: inout [String: PositionSet]) {
        let bytes = paths.bytes.span
        var previous: Range<Int>?
        var current = PositionSet()
        for row in rows.indices {
            let range = paths.range(row)
            if let previous, isEqual(bytes, previous, range) {
                current.insert(rows[row])
                continue
            }
            previous = range
            let location = String(decoding: paths[row], as: UTF8.self)
            current = deletes[location] ?? PositionSet()
            deletes[location] = current
            current.insert(rows[row])
        }
    }

    private static func isEqual(_ bytes: Span<UInt8>, _ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        // Locations of one table begin alike and end in random names.
        for offset in (0..<left.count).reversed()
        where bytes[left.lowerBound + offset] != bytes[right.lowerBound + offset] { return false }
        return true
    }
}
