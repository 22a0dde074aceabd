import ObjectStorage
import Iceberg
import LakeModel
import ParquetFormat

/// Reads position delete files, each once.
actor DeleteReader {
    private let tables: LakeTables
    private var read: [String: [String: Set<Int64>]] = [:]

    init(tables: LakeTables) { self.tables = tables }

    /// The deleted positions of one data file.
    /// - Throws: ``IngestionError`` `deletes-unsupported` for equality deletes.
    func positions(of location: String, in files: [DataFile]) async throws -> Set<Int64> {
        var positions: Set<Int64> = []
        for file in files { positions.formUnion(try await deletes(file)[location] ?? []) }
        return positions
    }

    private func deletes(_ file: DataFile) async throws -> [String: Set<Int64>] {
        if let known = read[file.location] { return known }
        guard file.content == .positionDeletes, file.format.uppercased() == "PARQUET" else {
            throw IngestionError(
                code: "deletes-unsupported",
                message:
                    "\(file.location) holds deletes of a kind that Dipper does not apply (\(file.content), \(file.format))",
                remedy: "rewrite the table's files with the engine that wrote them, then send the data again")
        }
        let reader = try ParquetFileReader(try await tables.objects.open(tables.io.key(file.location)))
        var deletes: [String: Set<Int64>] = [:]
        for group in reader.metadata.rowGroups.indices {
            let batch = try reader.read(rowGroup: group, fields: PositionDeletes.schema.fields)
            guard case .bytes(let paths) = batch.columns[0].storage, case .int64(let rows) = batch.columns[1].storage
            else { continue }
            for row in rows.indices {
                deletes[String(decoding: paths[row], as: UTF8.self), default: []].insert(rows[row])
            }
        }
        read[file.location] = deletes
        return deletes
    }
}
