#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import LakeModel

/// A file opened for reads at any offset; safe from many threads at once, for it has no position.
package final class LocalObjectSource: RandomAccessSource {
    package let byteCount: Int
    package let modifiedMicroseconds: Int64
    private let descriptor: Int32
    private let key: String

    /// - Throws: `object-missing`, `storage-failed`.
    init(path: String, key: String) throws {
        descriptor = Self.openFile(path)
        self.key = key
        if descriptor < 0 {
            throw errno == ENOENT || errno == ENOTDIR
                ? ObjectStoreError.missing(key) : DiskCalls.failure(errno, doing: "opening a file", place: key)
        }
        guard let status = FileStatus(descriptor: descriptor), status.isRegular else {
            close(descriptor)
            throw ObjectStoreError.missing(key)
        }
        byteCount = status.byteCount
        modifiedMicroseconds = status.modifiedMicroseconds
    }

    deinit { close(descriptor) }

    private static func openFile(_ path: String) -> Int32 { unsafe open(path, O_RDONLY | O_CLOEXEC) }

    /// What identifies the object's content: the tag that it was written with, or one made of its time and size.
    package var entityTag: String {
        EntityTag.of(descriptor) ?? EntityTag.made(byteCount: byteCount, modifiedMicroseconds: modifiedMicroseconds)
    }

    package func read(offset: Int, count: Int) throws -> [UInt8] {
        guard count >= 0 else { throw ShortReadError(offset: offset, count: count, byteCount: byteCount) }
        return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            done = 0
            try unsafe read(
                offset: offset,
                into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            // All of the buffer's storage has been written by `pread`.
            done = count
        }
    }

    package func read(offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        let count = target.count
        guard offset >= 0, offset <= byteCount - count else {
            throw ShortReadError(offset: offset, count: count, byteCount: byteCount)
        }
        var done = 0
        while done < count, let base = target.baseAddress {
            let got = unsafe pread(descriptor, base + done, count - done, off_t(offset + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                // The file has shrunk since it was opened.
                throw ShortReadError(offset: offset, count: count, byteCount: offset + done)
            } else if errno != EINTR {
                throw DiskCalls.failure(errno, doing: "reading", place: key)
            }
        }
    }
}

/// What `stat` tells about a file.
struct FileStatus {
    var byteCount: Int
    var modifiedMicroseconds: Int64
    var isRegular: Bool
    var isDirectory: Bool

    var isLink: Bool

    /// - Parameter followsLinks: whether a symbolic link stands for what it names.
    init?(path: String, followsLinks: Bool = true) {
        var status = stat()
        guard unsafe (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(status)
    }

    init?(descriptor: Int32) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        byteCount = Int(status.st_size)
        #if canImport(Darwin)
            let modified = status.st_mtimespec
        #else
            let modified = status.st_mtim
        #endif
        modifiedMicroseconds = Int64(modified.tv_sec) * 1_000_000 + Int64(modified.tv_nsec) / 1000
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        isLink = status.st_mode & S_IFMT == S_IFLNK
    }
}
