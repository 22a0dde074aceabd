import Foundation
import LakeModel
import LakeTesting
import OperationalStore
import PostgreSQLSupport
import Testing

@testable import OperationalStorePostgres

/// Rows a second beside a plain COPY of the same rows into a table with the same key: run with `DIPPER_MEASURE=1` and an
/// optimised build.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["DIPPER_MEASURE"] != nil))
struct UpsertRateTests {
    private static let rowCount = 2_000_000
    private static let sliceRows = 100_000

    private let table = OperationalTable(
        name: "hires",
        columns: [
            SchemaField(id: 1, name: "id", type: PrimitiveType.long, required: true),
            SchemaField(id: 2, name: "name", type: PrimitiveType.string, required: true),
            SchemaField(id: 3, name: "hire_datetime", type: PrimitiveType.timestamptz, required: true),
            SchemaField(id: 4, name: "department_id", type: PrimitiveType.int, required: false),
            SchemaField(id: 5, name: "job_id", type: PrimitiveType.int, required: false),
        ], keyColumns: [0])

    private func slices(_ ids: [Int64], _ word: String) -> [ColumnBatch] {
        stride(from: 0, to: ids.count, by: Self.sliceRows).map { start in
            let ids = Array(ids[start..<min(ids.count, start + Self.sliceRows)])
            var names = ByteVector()
            for id in ids { names.append("\(word) Surname \(id)".utf8) }
            return ColumnBatch(
                columns: [
                    ColumnVector(type: .long, storage: .int64(ids)),
                    ColumnVector(type: .string, storage: .bytes(names)),
                    ColumnVector(type: .timestamptz, storage: .int64(ids.map { 1_600_000_000_000_000 + $0 })),
                    ColumnVector(type: .int, storage: .int32(ids.map { Int32($0 % 12) })),
                    ColumnVector(type: .int, storage: .int32(ids.map { Int32($0 % 180) })),
                ], rowCount: ids.count)
        }
    }

    private func measure(_ name: String, _ body: () async throws -> Void) async throws {
        let start = ContinuousClock.now
        try await body()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print("\(name): \(Int(Double(Self.rowCount) / seconds)) rows/s")
    }

    @Test func `rows a second`() async throws {
        try await PostgreSQLSchema.with { options in
            let store = try await PostgreSQLOperationalStore(options)
            defer { store.close() }
            try await store.prepare([table])
            let ordered = Array(1...Int64(Self.rowCount))
            var random = SeededRandom(seed: 7)
            let shuffled = ordered.shuffled(using: &random)
            try await store.pool.run { _ = try $0.run("CREATE TABLE plain (LIKE hires INCLUDING ALL)") }
            for (name, ids) in [("plain COPY, keys rise", ordered), ("plain COPY, keys shuffled", shuffled)] {
                let batches = slices(ids, "First")
                try await store.pool.run { _ = try $0.run("TRUNCATE plain") }
                try await measure(name) { try await copyPlain(batches, store) }
            }
            var offset: Int64 = 0
            let runs = [
                ("new rows, keys rise", ordered, "First"), ("unchanged rows, keys rise", ordered, "First"),
                ("changed rows, keys rise", ordered, "Second"), ("changed rows, keys shuffled", shuffled, "Third"),
            ]
            for (name, ids, word) in runs {
                let batches = slices(ids, word)
                try await measure(name) {
                    for batch in batches {
                        offset += 1
                        try await store.apply(
                            OperationalChange(
                                table: "hires", topic: "hires", partition: 0,
                                watermark: OperationalWatermark(incarnation: "i", nextOffset: offset), upserts: [batch]
                            ))
                    }
                }
            }
            #expect(try await store.rowCount(table: "hires") == Self.rowCount)
        }
    }

    private func copyPlain(_ batches: [ColumnBatch], _ store: PostgreSQLOperationalStore) async throws {
        for batch in batches {
            try await store.pool.transaction { session in
                let wire = try batch.columns.map { try WireVector($0) }
                _ = try session.copyIn("COPY plain FROM STDIN (FORMAT binary)") { sink in
                    try sink.send(CopyEncoder.header)
                    var encoder = CopyEncoder()
                    let rows = (0..<UInt32(batch.rowCount)).map { $0 }
                    for start in stride(from: 0, to: rows.count, by: CopyEncoder.runRows) {
                        encoder.append(wire, rows: rows[start..<min(rows.count, start + CopyEncoder.runRows)])
                        try sink.send(encoder.bytes)
                        encoder.removeAll()
                    }
                    try sink.send(CopyEncoder.trailer)
                }
            }
        }
    }
}
