#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
package import LakeModel
import Synchronization

/// Objects as files below one directory.
///
/// An object is written to a temporary file of the same file system, synced, then linked or renamed to its name, and
/// the directory is synced: so it is whole or absent, and there after a power loss once the call has returned. Calls
/// that touch the disk run on ``BlockingPool``.
package final class LocalObjectStore: ObjectStore {
    /// How many directories are remembered as durable; past it the memory starts anew, which only costs fsyncs.
    static let durableDirectoriesMax = 16_384

    /// Absolute, without a trailing slash.
    package let root: String
    package let locationPrefix: String
    let disk: DiskCalls
    let pool: BlockingPool
    let scratch: ScratchFolder
    /// Directories whose whole chain of entries up to the root is known to be on disk.
    private let durableDirectories = Mutex<Set<String>>([])

    /// Opens the directory, which is made if new, and sweeps away what crashed processes left unfinished.
    /// - Parameter root: an absolute path, or one relative to the working directory. Only letters, digits and
    ///   `/ - . _ ~ + = @ ,` are allowed, so that `file://` locations never need percent-encoding, about which readers
    ///   disagree.
    /// - Throws: `root-invalid`, `access-denied`, `disk-full`, `storage-failed`.
    /// - Parameter locationPrefix: what locations begin with in place of `file://` and the root, for example `s3://lake`.
    package convenience init(root: String, locationPrefix: String? = nil, pool: BlockingPool = .shared) throws {
        try self.init(root: root, locationPrefix: locationPrefix, pool: pool, hook: nil)
    }

    /// The same with a view on every disk call, for tests.
    package init(
        root: String, locationPrefix: String? = nil, pool: BlockingPool = .shared, hook: DiskHook?
    ) throws {
        self.root = try LocalPath.absolute(root)
        self.pool = pool
        disk = DiskCalls(hook: hook)
        self.locationPrefix = locationPrefix ?? "file://" + self.root
        try Self.createRoot(self.root, disk)
        scratch = try ScratchFolder(below: self.root + "/" + ObjectKey.reservedPart, disk: disk)
    }

    package func put(_ key: String, bytes: [UInt8], ifAbsent: Bool) async throws {
        let path = try localPath(forKey: key)
        let isOurs = try await pool.run { [self] in
            let temporary = scratch.freshPath()
            do {
                let descriptor = try disk.createFile(temporary)
                defer { close(descriptor) }
                try unsafe disk.write(bytes.span.bytes, to: descriptor, at: 0, place: key)
                try disk.syncFile(descriptor, place: key)
                return try publish(temporary, as: path, ifAbsent: ifAbsent)
            } catch {
                unsafe unlink(temporary)
                throw error
            }
        }
        if !isOurs { throw ObjectStoreError.exists(key) }
    }

    package func makeWriter(_ key: String) async throws -> any ObjectWriter {
        _ = try localPath(forKey: key)
        return try await pool.run { [self] in try LocalObjectWriter(store: self, key: key) }
    }

    /// The same with what only a local store's objects have.
    package func makeLocalWriter(_ key: String) async throws -> LocalObjectWriter {
        _ = try localPath(forKey: key)
        return try await pool.run { [self] in try LocalObjectWriter(store: self, key: key) }
    }

    package func openLocal(_ key: String) async throws -> LocalObjectSource {
        let path = try localPath(forKey: key)
        return try await pool.run { try LocalObjectSource(path: path, key: key) }
    }

    /// Removes an empty folder; one that is not empty, or not there, stays as it is.
    package func removeFolder(_ key: String) async throws {
        let path = try localPath(forKey: key)
        durableDirectories.withLock { _ = $0.remove(path) }
        try await pool.run { _ = unsafe rmdir(path) }
    }

    package func get(_ key: String, bytesMax: Int) async throws -> [UInt8] {
        let path = try localPath(forKey: key)
        return try await pool.run {
            let source = try LocalObjectSource(path: path, key: key)
            guard source.byteCount <= bytesMax else {
                throw ObjectStoreError.tooLarge(key, byteCount: source.byteCount, bytesMax: bytesMax)
            }
            return try source.read(offset: 0, count: source.byteCount)
        }
    }

    package func open(_ key: String) async throws -> any RandomAccessSource {
        let path = try localPath(forKey: key)
        return try await pool.run { try LocalObjectSource(path: path, key: key) }
    }

    package func info(_ key: String) async throws -> ObjectInfo? {
        let path = try localPath(forKey: key)
        return try await pool.run {
            guard let status = FileStatus(path: path), status.isRegular else { return nil }
            return ObjectInfo(
                key: key, byteCount: status.byteCount, modifiedMicroseconds: status.modifiedMicroseconds)
        }
    }

    /// Removes an object. The removal itself is not synced: after a power loss the object may be there again, which
    /// costs space and nothing else, for nothing refers to it.
    package func delete(_ key: String) async throws {
        let path = try localPath(forKey: key)
        try await pool.run {
            if unsafe unlink(path) != 0, errno != ENOENT, errno != ENOTDIR, errno != EISDIR {
                throw DiskCalls.failure(errno, doing: "deleting", place: key)
            }
        }
    }

    package func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        try await pool.run { [root] in
            var walk = LocalListing(prefix: prefix, after: after, limit: limit)
            try walk.visit(root, keyPrefix: "")
            return walk.found
        }
    }

    /// Where the object of this key lies or would lie, for readers on this host (DuckDB).
    /// - Throws: `key-invalid`.
    package func localPath(forKey key: String) throws -> String {
        try ObjectKey.validate(key)
        return root + "/" + key
    }

    /// The key of a location below this store: its own prefix, `file:///…`, `file:/…` or a plain absolute path; `nil` for any
    /// other.
    package func key(forLocation location: String) -> String? {
        let key: String
        if location.hasPrefix(locationPrefix + "/") {
            key = String(location.dropFirst(locationPrefix.count + 1))
        } else if let path = FileLocation.path(location), path.hasPrefix(root + "/") {
            key = String(path.dropFirst(root.count + 1))
        } else {
            return nil
        }
        do {
            try ObjectKey.validate(key)
            return key
        } catch {
            return nil
        }
    }

    /// Where the object of a location lies; `nil` for one that is not below this store.
    package func localPath(forLocation location: String) -> String? {
        key(forLocation: location).map { root + "/" + $0 }
    }

    /// Gives a synced temporary file its name and makes the name durable.
    /// - Returns: `false` when `ifAbsent` and the name was taken; the temporary file is gone then.
    func publish(_ temporary: String, as path: String, ifAbsent: Bool) throws -> Bool {
        let isOurs = try makeName(temporary, path, ifAbsent: ifAbsent)
        if !isOurs { unsafe unlink(temporary) }
        // An object of someone else under the same name is promised durable as well, so it is synced in both cases.
        try disk.syncDirectory(LocalPath.parent(path))
        return isOurs
    }

    /// Gives a temporary file its name, in a folder that is durable by then.
    /// - Returns: `false` when `ifAbsent` and the name was taken.
    func makeName(_ temporary: String, _ path: String, ifAbsent: Bool) throws -> Bool {
        let directory = LocalPath.parent(path)
        try makeDurable(directory)
        do {
            return try disk.publish(temporary, as: path, exclusive: ifAbsent)
        } catch let error as ObjectStoreError where error.code == "object-missing" {
            // Someone removed the directory by hand since it was made: make it anew, once.
            durableDirectories.withLock { $0.removeAll() }
            try makeDurable(directory)
            return try disk.publish(temporary, as: path, exclusive: ifAbsent)
        }
    }

    /// Makes a directory below the root with its parents, and their entries durable. A directory that exists may have
    /// been made by a process that crashed before its fsync, so each is synced once a process, whoever made it.
    private func makeDurable(_ directory: String) throws {
        if directory == root || durableDirectories.withLock({ $0.contains(directory) }) { return }
        let parent = LocalPath.parent(directory)
        try makeDurable(parent)
        try disk.createDirectory(directory)
        try disk.syncDirectory(parent)
        durableDirectories.withLock { known in
            if known.count >= Self.durableDirectoriesMax { known.removeAll() }
            known.insert(directory)
        }
    }

    private static func createRoot(_ root: String, _ disk: DiskCalls) throws {
        if let status = FileStatus(path: root) {
            guard status.isDirectory else {
                throw ObjectStoreError(
                    code: "root-invalid", message: "the data folder's path is a file", remedy: "name a folder",
                    place: Place(source: root))
            }
            return
        }
        let parent = LocalPath.parent(root)
        try createRoot(parent, disk)
        try disk.createDirectory(root)
        try disk.syncDirectory(parent)
    }
}
