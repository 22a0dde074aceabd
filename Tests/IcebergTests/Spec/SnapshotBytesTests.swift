import LakeModel
import Testing

@testable import Iceberg

@Suite struct SnapshotBytesTests {
    private func table(_ ids: [Int64], version: Int = 2) -> TableMetadata {
        var metadata = TableMetadata.new(
            uuid: "u", location: "file:///t", schema: Schema(id: 0, fields: []), nowMilliseconds: 1)
        metadata.formatVersion = version
        metadata.snapshots = ids.map {
            Snapshot(
                id: $0, parentID: nil, sequenceNumber: $0, timestampMilliseconds: $0, manifestList: "file:///t/\($0)",
                operation: "append", summary: ["a": "b"], schemaID: 0)
        }
        metadata.snapshotLog = ids.map { .init(timestampMilliseconds: $0, snapshotID: $0) }
        metadata.lastSequenceNumber = ids.max() ?? 0
        metadata.lastUpdatedMilliseconds = ids.max() ?? 0
        return metadata
    }

    @Test func `a file written with the bytes of an earlier one is the same as one written anew`() throws {
        var written = SnapshotBytes()
        let states: [([Int64], Int)] = [
            ([], 2), ([1], 2), ([1, 2, 3], 2), ([1, 2, 3], 1), ([1, 2, 3, 4], 2), ([2, 3, 4], 2), ([2], 2),
            ([2, 5], 2),
            ([], 2), ([7], 2),
        ]
        for (ids, version) in states {
            let metadata = table(ids, version: version)
            let bytes = metadata.json(reusing: &written)
            #expect(bytes == metadata.json(), "\(ids)")
            #expect(try TableMetadata.parse(bytes).snapshots.map(\.id) == ids)
        }
    }
}
