import Iceberg
import ObjectStorage

/// The files of the Iceberg catalog: those of the warehouse, and of further folders that the operator allows.
struct CatalogFileIO: FileIO {
    private let stores: [ObjectStoreFileIO]

    /// - Parameter further: paths of folders beside the warehouse.
    init(_ objects: any ObjectStore, further: [String]) throws {
        stores = [ObjectStoreFileIO(objects)] + (try further.map { ObjectStoreFileIO(try LocalObjectStore(root: $0)) })
    }

    /// The warehouse's own store refuses what lies elsewhere.
    private func store(_ location: String) -> ObjectStoreFileIO {
        stores.first { location.hasPrefix($0.objects.locationPrefix + "/") } ?? stores[0]
    }

    func read(_ location: String) async throws -> [UInt8] { try await store(location).read(location) }

    func write(_ location: String, _ bytes: [UInt8]) async throws { try await store(location).write(location, bytes) }

    func delete(_ location: String) async throws { try await store(location).delete(location) }

    func exists(_ location: String) async throws -> Bool { try await store(location).exists(location) }
}
