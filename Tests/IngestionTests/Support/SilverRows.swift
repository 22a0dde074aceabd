import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat
import Testing

@testable import Ingestion

/// Reads a silver table through its scan plan, deletes applied, by none of the pipeline's own code.
struct SilverRows {
    let tables: LakeTables

    init(_ tables: LakeTables) { self.tables = tables }

    /// All columns of all rows, in no order.
    func read(_ declaration: TableDeclaration) async throws -> [[Datum?]] {
        let metadata = try #require(try await tables.metadata(LakeTables.silver(declaration)))
        let plan = try await TableScan(metadata: metadata, io: tables.io).plan()
        var rows: [[Datum?]] = []
        for task in plan.tasks {
            let deleted = try await deletedPositions(of: task)
            let reader = try await reader(task.dataFile)
            var position: Int64 = 0
            for group in reader.metadata.rowGroups.indices {
                let batch = try reader.read(rowGroup: group, fields: metadata.schema.fields)
                for row in 0..<batch.rowCount {
                    let values = batch.columns.map { $0.datum(row) }
                    if !deleted.contains(position) {
                        rows.append(values)
                        try checkDerived(values, declaration, task.dataFile)
                    }
                    position += 1
                }
            }
            #expect(position == task.dataFile.recordCount)
            #expect(deleted.allSatisfy { $0 < position })
        }
        return rows
    }

    private func reader(_ file: DataFile) async throws -> ParquetFileReader {
        try ParquetFileReader(try await tables.objects.open(tables.io.key(file.location)))
    }

    private func deletedPositions(of task: FileScanTask) async throws -> Set<Int64> {
        var positions: Set<Int64> = []
        for file in task.deleteFiles {
            #expect(file.content == .positionDeletes)
            let reader = try await reader(file)
            for group in reader.metadata.rowGroups.indices {
                let batch = try reader.read(rowGroup: group, fields: PositionDeletes.schema.fields)
                for row in 0..<batch.rowCount where batch.columns[0].datum(row) == .string(task.dataFile.location) {
                    if case .long(let position) = batch.columns[1].datum(row) { positions.insert(position) }
                }
            }
        }
        return positions
    }

    /// Derived columns follow from their source, and rows lie in the partition that their values name.
    private func checkDerived(_ values: [Datum?], _ declaration: TableDeclaration, _ file: DataFile) throws {
        for (index, derived) in declaration.derived.enumerated() {
            let source = try #require(declaration.columns.firstIndex { $0.name == derived.source })
            guard case .int(let days) = values[source] else { continue }
            let date = CivilDate(daysSinceEpoch: Int(days))
            let expected: Int =
                switch derived.part {
                case .year: date.year
                case .quarter: (date.month + 2) / 3
                case .month: date.month
                case .day: date.day
                }
            #expect(values[declaration.columns.count + index] == .int(Int32(expected)))
        }
        let names = declaration.silverSchema.fields.map(\.name)
        #expect(
            file.partition == declaration.partition.map { name in names.firstIndex(of: name).flatMap { values[$0] } })
    }

    /// The declared columns of a row, between bars; a null is `-`.
    static func text(_ row: [Datum?], _ declaration: TableDeclaration) -> String {
        zip(row, declaration.columns).map { value, column in
            switch value {
            case nil: return "-"
            case .int(let days) where column.type == .date:
                let date = CivilDate(daysSinceEpoch: Int(days))
                return "\(date.year)-\(pad(date.month))-\(pad(date.day))"
            case .int(let number): return "\(number)"
            case .long(let number): return "\(number)"
            case .string(let text): return text
            case .boolean(let flag): return "\(flag)"
            case .float(let number): return "\(number)"
            case .double(let number): return "\(number)"
            case .decimal(let number): return "\(number)"
            case .bytes(let bytes): return "\(bytes)"
            }
        }.joined(separator: "|")
    }

    private static func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
