import CatalogService
import Iceberg
import ObjectStorage

/// The files of the Iceberg catalog: those of the warehouse, and of further folders that the operator allows.
///
/// Clients spell a local location `file:/a` or `file:///a`; both are the same file.
struct CatalogFileIO: FileIO {
    private let stores: [ObjectStoreFileIO]

    /// - Parameter further: paths of folders beside the warehouse.
    init(_ objects: any ObjectStore, further: [String]) throws {
        stores = [ObjectStoreFileIO(objects)] + (try further.map { ObjectStoreFileIO(try LocalObjectStore(root: $0)) })
    }

    private func find(_ location: String) -> (ObjectStoreFileIO, String) {
        let canonical = LocationPolicy.canonical(location)
        let store = stores.first { canonical.hasPrefix($0.objects.locationPrefix + "/") }
        // The warehouse's own store refuses what lies elsewhere.
        return (store ?? stores[0], canonical)
    }

    func read(_ location: String) async throws -> [UInt8] {
        let (store, canonical) = find(location)
        return try await store.read(canonical)
    }

    func write(_ location: String, _ bytes: [UInt8]) async throws {
        let (store, canonical) = find(location)
        try await store.write(canonical, bytes)
    }

    func delete(_ location: String) async throws {
        let (store, canonical) = find(location)
        try await store.delete(canonical)
    }

    func exists(_ location: String) async throws -> Bool {
        let (store, canonical) = find(location)
        return try await store.exists(canonical)
    }
}
