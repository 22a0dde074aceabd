import Foundation
import Iceberg
import LakeModel
import ParquetFormat
import Testing

/// Writes tables with rows, updates and deletes for other people's engines to read (see IntegrationTests/iceberg).
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DIPPER_FIXTURE_DIR"] != nil))
struct ScanFixtureTests {
    let folder = ProcessInfo.processInfo.environment["DIPPER_FIXTURE_DIR"] ?? ""

    struct ArraySink: ByteSink {
        var bytes: [UInt8] = []

        mutating func write(_ bytes: RawSpan) throws {
            for index in 0..<bytes.byteCount {
                self.bytes.append(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
        }
    }

    /// Writes rows as Parquet.
    private func parquet(_ batch: ColumnBatch, _ schema: Schema, isTable: Bool) throws -> (ParquetFileSummary, [UInt8])
    {
        var options = ParquetWriterOptions()
        if isTable { options.keyValueMetadata = ["iceberg.schema": SchemaJSON.text(schema)] }
        var writer = try ParquetFileWriter(schema: schema, options: options, sink: ArraySink())
        try writer.write(batch)
        let finished = try writer.finish()
        let summary = finished.summary
        return (summary, finished.takeSink().bytes)
    }

    private func data(
        _ table: TestTable, _ name: String, year: Int32?, rows: [(Int64, String?)]
    ) async throws -> DataFile {
        var names = ByteVector()
        var validity = Bitmap()
        for row in rows {
            names.append(Array((row.1 ?? "").utf8))
            validity.append(row.1 != nil)
        }
        let batch = ColumnBatch(
            columns: [
                ColumnVector(type: .long, storage: .int64(rows.map(\.0))),
                ColumnVector(type: .string, storage: .bytes(names), validity: validity),
                ColumnVector(
                    type: .int, storage: .int32(rows.map { _ in year ?? 0 }),
                    validity: Bitmap(repeating: year != nil, count: rows.count)),
            ], rowCount: rows.count)
        let (summary, bytes) = try parquet(batch, TestTable.schema, isTable: true)
        let location = "\(table.metadata.location)/data/\(name).parquet"
        try await table.io.write(location, bytes)
        return DataFile(
            summary: summary, location: location, partition: [year.map { .int($0) }],
            spec: table.metadata.partitionSpec, schema: TestTable.schema)
    }

    private func deletes(_ table: TestTable, _ name: String, _ positions: [(DataFile, [Int64])]) async throws
        -> DataFile
    {
        let rows = try #require(
            PositionDeletes.rows(Dictionary(uniqueKeysWithValues: positions.map { ($0.0.location, $0.1) })))
        let (summary, bytes) = try parquet(rows.batch, PositionDeletes.schema, isTable: false)
        let location = "\(table.metadata.location)/data/\(name).parquet"
        try await table.io.write(location, bytes)
        return .positionDeletes(
            rows, summary: summary, location: location, specID: positions[0].0.specID,
            partition: positions[0].0.partition)
    }

    @Test func `rows that were updated and deleted`() async throws {
        var table = try await TestTable(io: LocalFileIO(), location: "file://\(folder)/scan")
        let first = try await data(
            table, "first", year: 2021, rows: (1...1000).map { ($0, $0 % 7 == 0 ? nil : "name \($0)") })
        let nulls = try await data(table, "nulls", year: nil, rows: (1001...1010).map { ($0, "n") })
        try await table.append([first, nulls])
        // Rows 10 and 20 change, row 30 goes, row 1001 moves to another partition.
        let changed = try await data(table, "changed", year: 2021, rows: [(10, "ten"), (20, "twenty")])
        let moved = try await data(table, "moved", year: 2022, rows: [(1001, "moved")])
        try await table.rowDelta(
            [changed, moved],
            deletes: [
                try await deletes(table, "d1", [(first, [9, 19, 29])]), try await deletes(table, "d2", [(nulls, [0])]),
            ])
        // Row 10 changes again: its newest version lies in `changed`.
        let again = try await data(table, "again", year: 2021, rows: [(10, "ten again")])
        try await table.rowDelta([again], deletes: [try await deletes(table, "d3", [(changed, [0]), (first, [999])])])
        #expect(try await TableInvariants.check(table.metadata, io: table.io) == [])
        let metadata = try #require(table.metadata.metadataLocation)
        try metadata.write(toFile: "\(folder)/scan.location", atomically: true, encoding: .utf8)
    }
}
