import AvroFormat
import Foundation
import Iceberg
import LakeModel
import Testing

/// Reads, and adds to, the table that IntegrationTests/iceberg/make_tables.py wrote into `DIPPER_FOREIGN_DIR`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DIPPER_FOREIGN_DIR"] != nil))
struct ForeignTableTests {
    let io = LocalFileIO()
    let expected: JSONValue

    init() throws {
        let folder = ProcessInfo.processInfo.environment["DIPPER_FOREIGN_DIR"] ?? ""
        expected = try JSONValue.parse(Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/foreign.json"))))
    }

    private func metadata() async throws -> TableMetadata {
        try await MetadataFile.read(try #require(expected["metadata"]?.text), io: io)
    }

    private func texts(_ key: String) -> [String]? { expected[key]?.array?.compactMap(\.text) }

    @Test func `another writer's files are read as it sees them`() async throws {
        let metadata = try await metadata()
        #expect(metadata.snapshots.map(\.id) == expected["snapshots"]?.array?.compactMap(\.integer))
        let plan = try await TableScan(metadata: metadata, io: io).plan()
        let files = plan.tasks.map(\.dataFile).sorted { $0.location < $1.location }
        let wanted = try #require(expected["files"]?.array)
        #expect(files.count == wanted.count)
        for (file, wanted) in zip(files, wanted) {
            #expect(file.location == wanted["location"]?.text)
            #expect(file.recordCount == wanted["records"]?.integer && file.byteCount == wanted["bytes"]?.integer)
            #expect(Int64(file.specID) == wanted["spec"]?.integer)
            let partition = file.partition.map { value -> JSONValue in
                switch value {
                case .int(let value)?: .string(String(value))
                case .string(let value)?: .string(value)
                default: .null
                }
            }
            #expect(JSONValue.array(partition) == wanted["partition"])
            for member in wanted["lower"]?.object?.members ?? [] {
                let bytes = file.lowerBounds?[Int(member.key) ?? 0] ?? []
                let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                #expect(hex == member.value.text)
            }
            for member in wanted["values"]?.object?.members ?? [] {
                #expect(file.valueCounts?[Int(member.key) ?? 0] == member.value.integer)
            }
        }
    }

    @Test func `its invariants hold`() async throws {
        let violations = try await TableInvariants.check(try await metadata(), io: io)
        #expect(violations == [])
    }

    @Test func `filters leave out no file that the other engine keeps`() async throws {
        let metadata = try await metadata()
        let filters: [(String, Iceberg.Expression)] = [
            ("byID", .equal("id", .long(7))),
            ("byTime", .compare(column: "at", .greaterOrEqual, .long(3 * 86_400_000_000))),
            ("byName", .compare(column: "name", .greaterOrEqual, .string("b"))),
        ]
        for (key, filter) in filters {
            let plan = try await TableScan(metadata: metadata, io: io, filter: filter).plan()
            #expect(plan.tasks.map(\.dataFile.location).sorted() == texts(key), "\(key)")
            #expect(plan.prunedFileCount > 0)
        }
    }

    @Test func `a commit on top keeps what is there`() async throws {
        let base = try await metadata()
        let before = try await TableScan(metadata: base, io: io).plan().tasks.map(\.dataFile)
        let victim = try #require(before.first { $0.specID == 0 })
        var producer = SnapshotProducer(
            base: base, io: io, snapshotID: SnapshotID.random(avoiding: base),
            nowMilliseconds: base.lastUpdatedMilliseconds, operation: .delete)
        producer.removedFiles = [victim.location]
        let produced = try await producer.produce()
        let after = try await TableScan(metadata: produced.metadata, io: io).plan().tasks.map(\.dataFile)
        #expect(Set(after) == Set(before).subtracting([victim]))
        let violations = try await TableInvariants.check(produced.metadata, io: io)
        #expect(violations == [])
        let total = try #require(expected["totalRecords"]?.text.flatMap { Int64($0) })
        #expect(produced.snapshot.summary["total-records"] == String(total - victim.recordCount))
    }
}
