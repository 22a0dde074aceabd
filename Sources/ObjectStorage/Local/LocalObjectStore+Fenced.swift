import LakeModel

/// One folder of a local store as strangers may see it: nothing outside of it is reachable, and no symbolic link inside leads
/// out of it.
///
/// Links are looked for before a file is opened. Nobody can make one through the store, so that who could slip one in between
/// has the folder itself already.
package struct FencedFolder: Sendable {
    package let store: LocalObjectStore
    /// What every key begins with, with a `/` at its end.
    package let keyPrefix: String

    /// - Parameter folder: a key of the store, without a `/` at its end. It may be a link itself.
    package init(_ store: LocalObjectStore, folder: String) {
        self.store = store
        keyPrefix = folder + "/"
    }

    private var path: String { store.root + "/" + String(keyPrefix.dropLast()) }

    /// Refuses keys outside the folder, and those that a link lies on the way to.
    /// - Throws: `key-invalid`, `access-denied`.
    package func check(_ key: String) throws {
        try ObjectKey.validate(key)
        guard key.utf8.starts(with: keyPrefix.utf8) else { throw outside(key) }
        var path = path
        for part in key.dropFirst(keyPrefix.count).split(separator: "/") {
            path += "/" + part
            guard let status = FileStatus(path: path, followsLinks: false) else { return }
            if status.isLink { throw outside(key) }
        }
    }

    private func outside(_ key: String) -> ObjectStoreError {
        ObjectStoreError(
            code: "access-denied", message: "the key does not lie in the folder \(keyPrefix)",
            remedy: "use keys below \(keyPrefix)", place: Place(source: key))
    }

    /// - Throws: `object-missing`, `key-invalid`, `access-denied`.
    package func open(_ key: String) async throws -> LocalObjectSource {
        try await store.pool.run {
            try check(key)
            return try LocalObjectSource(path: try store.localPath(forKey: key), key: key)
        }
    }

    /// - Throws: `key-invalid`, `access-denied`.
    package func makeWriter(_ key: String) async throws -> LocalObjectWriter {
        try await store.pool.run { try check(key) }
        return try await store.makeLocalWriter(key)
    }

    package func delete(_ key: String) async throws {
        try await store.pool.run { try check(key) }
        try await store.delete(key)
    }

    /// Objects whose key starts with `prefix`, in the order of their bytes.
    /// - Parameters:
    ///   - after: bytes that all keys come after.
    ///   - groupsFolders: whether what lies in a folder behind the prefix is told as the folder alone.
    package func list(
        prefix: String, after: [UInt8]?, limit: Int, groupsFolders: Bool
    ) async throws -> [(entry: ListedEntry, entityTag: String)] {
        try await store.pool.run {
            var walk = LocalListing(prefix: prefix, afterBytes: after, limit: limit)
            walk.followsLinks = false
            walk.groupsFolders = groupsFolders
            let own = Array(keyPrefix.utf8)
            if groupsFolders, prefix.utf8.count < own.count, own.starts(with: prefix.utf8) {
                let isSeen = try isEmpty(after: after) == false
                return isSeen ? [(.folder(keyPrefix), "")] : []
            }
            try walk.visit(path, keyPrefix: keyPrefix)
            return walk.entries.map { entry in
                guard case .object(let info) = entry else { return (entry, "") }
                let tag =
                    EntityTag.of(path: store.root + "/" + info.key)
                    ?? EntityTag.made(byteCount: info.byteCount, modifiedMicroseconds: info.modifiedMicroseconds)
                return (entry, tag)
            }
        }
    }

    private func isEmpty(after: [UInt8]?) throws -> Bool {
        var walk = LocalListing(prefix: keyPrefix, afterBytes: after, limit: 1)
        walk.followsLinks = false
        try walk.visit(path, keyPrefix: keyPrefix)
        return walk.entries.isEmpty
    }
}
