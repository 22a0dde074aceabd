import CatalogService
import Iceberg
import LakeModel
import ObjectStorage
import LakeTesting

/// The planted defect ``Plant/replayedDeletes``: a commit that lost a race is put upon what won it, with the files and
/// position deletes that were resolved against the former table.
struct Rebase {
    let world: SimulationWorld

    /// - Returns: the commit upon the tables as they are now; `nil` when that is not what was wrong with it.
    func rebased(_ commit: CatalogCommit) async throws -> CatalogCommit? {
        var rebased = commit
        let process = SimulatedProcess(name: "defect")
        let io = ObjectStoreFileIO(SimulatedObjectStore(world: world, process: process))
        for (index, swap) in commit.swaps.enumerated() {
            guard let pointer = try await world.catalog.pointer(swap.table),
                pointer.metadataLocation != swap.expectedMetadataLocation
            else { continue }
            let lost = try await MetadataFile.read(swap.newMetadataLocation, io: io)
            var base = try await MetadataFile.read(pointer.metadataLocation, io: io)
            base.metadataLocation = pointer.metadataLocation
            guard let snapshot = lost.currentSnapshot else { return nil }
            var producer = SnapshotProducer(
                base: base, io: io, snapshotID: snapshot.id, nowMilliseconds: world.nowMicroseconds / 1_000,
                operation: .overwrite)
            for manifest in try await snapshot.manifestFiles(io: io) where manifest.addedSnapshotID == snapshot.id {
                for entry in try await ManifestReader.read(manifest, metadata: lost, io: io)
                where entry.status == .added {
                    if entry.dataFile.content == .data {
                        producer.addedDataFiles.append(entry.dataFile)
                    } else {
                        producer.addedDeleteFiles.append(entry.dataFile)
                    }
                }
            }
            producer.properties = lost.properties.filter { $0.key.hasPrefix("dipper.log.") }
            var metadata = try await producer.produce().metadata
            let location = try await MetadataFile.write(&metadata, io: io)
            rebased.swaps[index] = CatalogCommit.Swap(
                table: swap.table, expectedMetadataLocation: pointer.metadataLocation, newMetadataLocation: location)
        }
        return rebased.swaps == commit.swaps ? nil : rebased
    }
}
