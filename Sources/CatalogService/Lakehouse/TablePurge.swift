import AvroFormat
import Iceberg

/// Deletes the files of a table that is out of the catalog.
///
/// Only what lies below the table's own location, itself below the warehouse, is deleted: a manifest can name any file.
/// What can't be read or deleted stays and is found by orphan removal, since nothing refers to it any more. Data goes
/// first and metadata last, the metadata file at the very end, so that a purge that broke off can be looked at.
struct TablePurge: Sendable {
    /// Deletes at once.
    private static let concurrencyMax = 8

    let metadata: TableMetadata
    let io: any FileIO
    let locations: LocationPolicy

    func run() async {
        guard locations.allows(metadata.location) else { return }
        var manifests: Set<String> = []
        var lists: Set<String> = []
        let deletesData = metadata.properties["gc.enabled"]?.lowercased() != "false"
        for snapshot in metadata.snapshots {
            if let list = snapshot.manifestList { lists.insert(list) }
            guard let files = try? await snapshot.manifestFiles(io: io) else { continue }
            for file in files where manifests.insert(file.location).inserted && deletesData {
                guard let entries = try? await ManifestReader.read(file, metadata: metadata, io: io) else { continue }
                await delete(entries.map(\.dataFile.location))
            }
        }
        await delete(Array(manifests))
        await delete(Array(lists))
        await delete(
            (metadata.statistics + metadata.partitionStatistics).compactMap { $0["statistics-path"]?.text })
        await delete(metadata.metadataLog.map(\.location))
        await delete([metadata.metadataLocation].compactMap { $0 })
    }

    private func delete(_ files: [String]) async {
        let folder = metadata.location
        let metadataFolder = LakehouseCatalog.metadataFolder(location: folder, properties: metadata.properties)
        let own = files.filter { file in
            locations.allows(file)
                && (LocationPolicy.isInside(file, folder: folder)
                    || LocationPolicy.isInside(file, folder: metadataFolder))
        }
        await withTaskGroup(of: Void.self) { group in
            for (index, file) in own.enumerated() {
                if index >= Self.concurrencyMax { await group.next() }
                group.addTask { [io] in try? await io.delete(file) }
            }
        }
    }
}
