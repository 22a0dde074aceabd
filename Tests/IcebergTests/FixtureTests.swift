import Foundation
import Iceberg
import LakeModel
import Testing

/// Writes tables for the readers of other people, into the folder that `DIPPER_FIXTURE_DIR` names
/// (see IntegrationTests/iceberg).
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DIPPER_FIXTURE_DIR"] != nil))
struct FixtureTests {
    let folder = ProcessInfo.processInfo.environment["DIPPER_FIXTURE_DIR"] ?? ""

    private func location(_ name: String) -> String { "file://\(folder)/\(name)" }

    /// Notes where a table's metadata lies, for the scripts.
    private func publish(_ name: String, _ table: TestTable) throws {
        let metadata = try #require(table.metadata.metadataLocation)
        try metadata.write(toFile: "\(folder)/\(name).location", atomically: true, encoding: .utf8)
    }

    @Test func `every kind of commit`() async throws {
        var table = try await TestTable(io: LocalFileIO(), location: location("commits"))
        let files = [try await table.file(year: 2021), try await table.file(year: nil, ids: 11...20)]
        try await table.append(files)
        let new = try await table.file(year: 2021, ids: 3...3)
        try await table.rowDelta([new], deletes: [try await table.deletes([(files[0], [2])])])
        var removal = table.producer(.delete)
        removal.removedFiles = [files[1].location]
        try await table.commit(removal)
        var overwrite = table.producer(.overwrite)
        overwrite.replacesAll = true
        overwrite.addedDataFiles = [try await table.file(year: 2022, ids: 100...104)]
        overwrite.summary = ["dipper.log.jobs.0": "3"]
        overwrite.properties = ["dipper.log.jobs.0": "3"]
        try await table.commit(overwrite)
        try publish("commits", table)
    }

    @Test func `many commits, merged`() async throws {
        var table = try await TestTable(
            io: LocalFileIO(), location: location("merged"),
            properties: [SnapshotProducer.minCountToMergeKey: "4"])
        for year in 0..<10 { try await table.append([try await table.file(year: 2000 + Int32(year))]) }
        try publish("merged", table)
    }

    @Test func `a partition of each type`() async throws {
        let types: [(PrimitiveType, Datum)] = [
            (.boolean, .boolean(true)), (.int, .int(-7)), (.long, .long(1 << 40)), (.float, .float(1.5)),
            (.double, .double(-2.5)), (.decimal(precision: 9, scale: 2), .decimal(-12_345)),
            (.decimal(precision: 38, scale: 3), .decimal(Int128(1) << 100)), (.date, .int(19_000)),
            (.time, .long(3_600_000_000)), (.timestamp, .long(1_700_000_000_000_001)),
            (.timestamptz, .long(-1)), (.string, .string("naïve 😀")), (.uuid, .bytes(Array(0..<16))),
            (.fixed(length: 3), .bytes([1, 2, 255])), (.binary, .bytes([0, 128])),
        ]
        let schema = Schema(
            id: 0,
            fields: types.enumerated().map { index, type in
                SchemaField(id: index + 1, name: "c \(index)", type: type.0, required: false)
            })
        var table = try await TestTable(
            io: LocalFileIO(), location: location("types"), schema: schema,
            partition: schema.fields.map(\.name))
        var file = DataFile(
            location: "\(location("types"))/data/f.parquet", partition: types.map(\.1), recordCount: 1, byteCount: 100)
        let entries = types.enumerated().map { index, type in
            FieldMap.Entry(id: index + 1, value: BoundsCodec.encode(type.1, type.0))
        }
        file.lowerBounds = FieldMap(entries)
        file.upperBounds = FieldMap(entries)
        var nulls = file
        nulls.location = "\(location("types"))/data/nulls.parquet"
        nulls.partition = types.map { _ in nil }
        nulls.lowerBounds = nil
        nulls.upperBounds = nil
        try await table.append([file, nulls])
        try publish("types", table)
    }
}
