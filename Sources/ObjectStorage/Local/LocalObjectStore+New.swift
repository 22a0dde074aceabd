#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension LocalObjectStore {
    /// The file gets its name first and is synced then: in a file system with a journal the sync of a new file brings its name to disk
    /// with it, so that the folder's sync, which is asked for all the same, finds nothing left to write.
    package func putNew(_ key: String, bytes: [UInt8]) async throws {
        let path = try localPath(forKey: key)
        try await pool.run { [self] in
            let temporary = scratch.freshPath()
            var name = temporary
            do {
                let descriptor = try disk.createFile(temporary)
                defer { close(descriptor) }
                try unsafe disk.write(bytes.span.bytes, to: descriptor, at: 0, place: key)
                guard try makeName(temporary, path, ifAbsent: true) else { throw ObjectStoreError.exists(key) }
                name = path
                try disk.syncFile(descriptor, place: key)
                try disk.syncDirectory(LocalPath.parent(path))
            } catch {
                unsafe unlink(name)
                throw error
            }
        }
    }
}
