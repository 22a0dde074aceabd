import Iceberg
import LakeModel
import Testing

@testable import TableMaintenance

struct SnapshotRetentionTests {
    private static let day: Int64 = 24 * 60 * 60 * 1_000

    /// A line of snapshots, one a day, ids from 1; now is a moment after the last.
    private func table(_ count: Int64) -> TableMetadata {
        var metadata = TableMetadata.new(
            uuid: "u", location: "memory://t", schema: Schema(id: 0, fields: []), nowMilliseconds: 0)
        for id in 1...count {
            metadata.snapshots.append(
                Snapshot(
                    id: id, parentID: id == 1 ? nil : id - 1, sequenceNumber: id, timestampMilliseconds: id * Self.day,
                    manifestList: "l\(id)", operation: "append", summary: [:], schemaID: 0))
        }
        metadata.refs["main"] = SnapshotReference(snapshotID: count)
        metadata.currentSnapshotID = count
        return metadata
    }

    private func expired(
        _ metadata: TableMetadata, protecting: Set<Int64> = [], _ change: (inout SnapshotRetention) -> Void = { _ in }
    ) -> SnapshotRetention.Plan {
        var retention = SnapshotRetention(metadata)
        change(&retention)
        let now = (metadata.snapshots.last?.timestampMilliseconds ?? 0) + 1
        return retention.plan(metadata, protecting: protecting, nowMilliseconds: now)
    }

    @Test func `snapshots older than five days go, the current one never`() {
        #expect(expired(table(10)).snapshots == [1, 2, 3, 4, 5])
        var old = table(3)
        old.properties[SnapshotRetention.maxSnapshotAgeKey] = "0"
        #expect(expired(old).snapshots == [1, 2])
    }

    @Test func `a least number of snapshots stays whatever their age`() {
        var metadata = table(10)
        metadata.properties[SnapshotRetention.maxSnapshotAgeKey] = "0"
        metadata.properties[SnapshotRetention.minSnapshotsToKeepKey] = "4"
        #expect(expired(metadata).snapshots == [1, 2, 3, 4, 5, 6])
        // A branch's own settings come first.
        metadata.refs["main"]?.minSnapshotsToKeep = 2
        metadata.refs["main"]?.maxSnapshotAgeMilliseconds = 3 * Self.day
        #expect(expired(metadata).snapshots == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test func `tags keep their snapshot and branches their line`() {
        var metadata = table(10)
        metadata.properties[SnapshotRetention.maxSnapshotAgeKey] = "0"
        metadata.refs["release"] = SnapshotReference(snapshotID: 2, kind: .tag)
        metadata.refs["work"] = SnapshotReference(snapshotID: 5)
        metadata.refs["work"]?.minSnapshotsToKeep = 2
        #expect(expired(metadata).snapshots == [1, 3, 6, 7, 8, 9])
        #expect(expired(metadata).references.isEmpty)
    }

    @Test func `references past their age go with what only they kept, main never`() {
        var metadata = table(10)
        metadata.properties[SnapshotRetention.maxSnapshotAgeKey] = "0"
        metadata.properties[SnapshotRetention.maxRefAgeKey] = "\(3 * Self.day)"
        metadata.refs["old"] = SnapshotReference(snapshotID: 2, kind: .tag)
        metadata.refs["kept"] = SnapshotReference(snapshotID: 3, kind: .tag)
        metadata.refs["kept"]?.maxRefAgeMilliseconds = .max
        metadata.refs["young"] = SnapshotReference(snapshotID: 8, kind: .tag)
        let plan = expired(metadata)
        #expect(plan.references == ["old"])
        #expect(plan.snapshots == [1, 2, 4, 5, 6, 7, 9])
        metadata.properties[SnapshotRetention.maxRefAgeKey] = "0"
        #expect(!expired(metadata).references.contains("main"))
    }

    @Test func `too many snapshots of main go unless they are read`() {
        let metadata = table(5)
        #expect(expired(metadata) { $0.snapshotsMax = 2 }.snapshots == [1, 2, 3])
        // Snapshot 3 was current until a day ago, snapshot 2 until two days ago.
        let grace = expired(metadata) {
            $0.snapshotsMax = 2
            $0.readerGraceMilliseconds = Self.day + 10
        }
        #expect(grace.snapshots == [1, 2])
    }

    @Test func `a snapshot that no reference leads to goes by its age`() {
        var metadata = table(10)
        for (id, days) in [(20, Int64(1)), (21, Int64(9))] {
            metadata.snapshots.append(
                Snapshot(
                    id: Int64(id), parentID: nil, sequenceNumber: Int64(id), timestampMilliseconds: days * Self.day,
                    manifestList: "x\(id)", operation: "append", summary: [:], schemaID: 0))
        }
        metadata.snapshots.append(metadata.snapshots.remove(at: 9))
        #expect(expired(metadata).snapshots == [1, 2, 3, 4, 5, 20])
    }

    @Test func `the line from the key index and the newest watermark are protected`() {
        var metadata = table(10)
        metadata.snapshots[3].summary["dipper.log.items.0"] = "a:7"
        #expect(ProtectedSnapshots.find(metadata, indexed: 8) == [4, 8, 9, 10])
        #expect(ProtectedSnapshots.find(metadata, indexed: 99) == [4])
        let plan = expired(metadata, protecting: [4, 8]) { $0.maxSnapshotAgeMilliseconds = 0 }
        #expect(plan.snapshots == [1, 2, 3, 5, 6, 7, 9])
    }

    @Test func `ages that pass 64 bits keep everything`() {
        var metadata = table(3)
        metadata.properties[SnapshotRetention.maxSnapshotAgeKey] = "\(Int64.max)"
        #expect(expired(metadata).isEmpty)
    }
}
