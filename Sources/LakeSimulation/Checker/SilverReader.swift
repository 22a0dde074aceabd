import Iceberg
import Ingestion
import LakeModel
import ParquetFormat
import ObjectStorage

/// Reads rows of a silver table through its scan plan, deletes applied, by none of the pipeline's own code.
struct SilverReader {
    let lake: LakeTables
    let metadata: TableMetadata

    init(lake: LakeTables, _ metadata: TableMetadata) {
        self.lake = lake
        self.metadata = metadata
    }

    func rows() async throws -> [SimulatedRow] {
        var rows: [SimulatedRow] = []
        let plan = try await TableScan(metadata: metadata, io: lake.io).plan()
        for task in plan.tasks { rows += try await self.rows(task) }
        return rows
    }

    func rows(_ task: FileScanTask) async throws -> [SimulatedRow] {
        var deleted: Set<Int64> = []
        for file in task.deleteFiles {
            for row in try await data(file, PositionDeletes.schema.fields) {
                if row[0] == .string(task.dataFile.location), case .long(let position) = row[1] {
                    deleted.insert(position)
                }
            }
        }
        return try await data(task.dataFile, metadata.schema.fields).enumerated().compactMap { index, row in
            deleted.contains(Int64(index)) ? nil : SimulatedRow(row)
        }
    }

    private func data(_ file: DataFile, _ fields: [SchemaField]) async throws -> [[Datum?]] {
        let reader = try ParquetFileReader(try await lake.objects.open(lake.io.key(file.location)))
        var rows: [[Datum?]] = []
        for group in reader.metadata.rowGroups.indices {
            let batch = try reader.read(rowGroup: group, fields: fields)
            for row in 0..<batch.rowCount { rows.append(batch.columns.map { $0.datum(row) }) }
        }
        return rows
    }
}
