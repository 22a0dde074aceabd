import Iceberg
import LakeModel

/// Iceberg's files in an object store: a location is the store's prefix, `/`, and the key. A file on this machine may be
/// spelled in any of the ways of ``FileLocation``.
package struct ObjectStoreFileIO: FileIO {
    package let objects: any ObjectStore

    /// Bytes of a metadata file, manifest or manifest list: 1 GiB.
    package static let metadataBytesMax = 1 << 30

    package init(_ objects: any ObjectStore) { self.objects = objects }

    /// The key of a location.
    /// - Throws: ``ObjectStoreError`` `location-outside` for one that lies elsewhere.
    package func key(_ location: String) throws -> String {
        let prefix = objects.locationPrefix + "/"
        let spelled =
            location.hasPrefix(prefix) ? location : FileLocation.path(location).map { "file://" + $0 } ?? location
        guard spelled.hasPrefix(prefix) else {
            throw ObjectStoreError(
                code: "location-outside", message: "\(location) lies outside \(prefix)",
                remedy: "tables of this warehouse keep their files below it")
        }
        return String(spelled.dropFirst(prefix.count))
    }

    package func read(_ location: String) async throws -> [UInt8] {
        try await objects.get(key(location), bytesMax: Self.metadataBytesMax)
    }

    /// Names of metadata files, manifests and lists have a random part.
    package func write(_ location: String, _ bytes: [UInt8]) async throws {
        try await objects.putNew(key(location), bytes: bytes)
    }

    package func delete(_ location: String) async throws { try await objects.delete(key(location)) }

    package func exists(_ location: String) async throws -> Bool { try await objects.info(key(location)) != nil }
}
