#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import LakeModel

/// A step that touches the disk, shown to ``DiskHook`` before it is done.
package enum DiskCall: Sendable, Hashable {
    case createDirectory(String)
    case createFile(String)
    case write(byteCount: Int)
    case syncFile
    case syncDirectory(String)
    /// Makes the object visible, by link or rename.
    case publish(String)
}

/// Watches and fails disk calls in tests: the returned `errno` makes the call fail without being done, 0 lets it run.
package typealias DiskHook = @Sendable (DiskCall) -> Int32

/// The POSIX calls of the local store, with interrupted calls repeated and errors told as ``ObjectStoreError``.
struct DiskCalls: Sendable {
    var hook: DiskHook?

    private func check(_ call: DiskCall, _ place: String) throws {
        if let failure = hook?(call), failure != 0 { throw Self.failure(failure, doing: "\(call)", place: place) }
    }

    /// Makes one directory; one that exists is no error, a file of its name is.
    func createDirectory(_ path: String) throws {
        try check(.createDirectory(path), path)
        if unsafe mkdir(path, 0o755) == 0 { return }
        guard errno == EEXIST else { throw Self.failure(errno, doing: "creating a folder", place: path) }
        if FileStatus(path: path)?.isRegular == true { throw Self.keyConflict(path) }
    }

    /// Creates a file that must not exist.
    func createFile(_ path: String) throws -> Int32 {
        try check(.createFile(path), path)
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw Self.failure(errno, doing: "creating a file", place: path) }
        return descriptor
    }

    func write(_ bytes: RawSpan, to descriptor: Int32, at offset: Int, place: String) throws {
        try check(.write(byteCount: bytes.byteCount), place)
        // The pointer does not leave the closure, and the range handed on lies inside the buffer.
        let failure: Int32 = unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                guard let base = buffer.baseAddress else { break }
                let count = unsafe pwrite(descriptor, base + done, buffer.count - done, off_t(offset + done))
                if count > 0 { done += count } else if count == 0 || errno != EINTR { return count == 0 ? EIO : errno }
            }
            return 0
        }
        if failure != 0 { throw Self.failure(failure, doing: "writing", place: place) }
    }

    func syncFile(_ descriptor: Int32, place: String) throws {
        try check(.syncFile, place)
        while fsync(descriptor) != 0 {
            if errno != EINTR { throw Self.failure(errno, doing: "making a file durable", place: place) }
        }
    }

    func syncDirectory(_ path: String) throws {
        try check(.syncDirectory(path), path)
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw Self.failure(errno, doing: "opening a folder", place: path) }
        defer { close(descriptor) }
        while fsync(descriptor) != 0 {
            if errno != EINTR { throw Self.failure(errno, doing: "making a folder durable", place: path) }
        }
    }

    /// Gives a finished file its name.
    /// - Returns: `false` when `exclusive` and the name is taken.
    func publish(_ temporary: String, as path: String, exclusive: Bool) throws -> Bool {
        try check(.publish(path), path)
        if exclusive {
            if unsafe link(temporary, path) != 0 {
                if errno == EEXIST {
                    if FileStatus(path: path)?.isDirectory == true { throw Self.keyConflict(path) }
                    return false
                }
                throw Self.failure(errno, doing: "publishing a file", place: path)
            }
            // The second name may stay behind in a crash; opening the store sweeps it away.
            unsafe unlink(temporary)
        } else if unsafe rename(temporary, path) != 0 {
            if errno == EISDIR { throw Self.keyConflict(path) }
            throw Self.failure(errno, doing: "publishing a file", place: path)
        }
        return true
    }

    /// A directory can't hold an object `a` and objects below `a/` as a bucket can.
    private static func keyConflict(_ path: String) -> ObjectStoreError {
        ObjectStoreError(
            code: "key-conflict", message: "an object would lie below another object, or where objects lie below it",
            remedy: "choose another key", place: Place(source: path))
    }

    /// The error for an `errno`.
    static func failure(_ code: Int32, doing action: String, place: String) -> ObjectStoreError {
        let text = unsafe String(cString: strerror(code))
        let at = Place(source: place)
        switch code {
        case ENOSPC, EDQUOT:
            return ObjectStoreError(
                code: "disk-full", message: "the disk is full (\(action)); nothing of this object was kept",
                remedy: "free space or move the data folder to a larger disk, then repeat the call", place: at,
                isRetryable: true)
        case EACCES, EPERM, EROFS:
            return ObjectStoreError(
                code: "access-denied", message: "\(action) is not allowed: \(text)",
                remedy: "give the user that runs the server write access to the data folder", place: at)
        case ENOENT, ENOTDIR:
            return ObjectStoreError(
                code: "object-missing", message: "\(action) found no such file: \(text)",
                remedy: "check the key; if table metadata names it, restore it from a copy", place: at)
        case EMFILE, ENFILE:
            return ObjectStoreError(
                code: "storage-failed", message: "\(action) failed: \(text)", remedy: "raise the open file limit",
                place: at, isRetryable: true)
        default:
            return ObjectStoreError(
                code: "storage-failed", message: "\(action) failed: \(text) (errno \(code))",
                remedy: "look at the kernel log for errors of this disk", place: at)
        }
    }
}
