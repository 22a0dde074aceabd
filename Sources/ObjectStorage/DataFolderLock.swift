#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import LakeModel
import Synchronization

/// One process at a time on a data folder: an exclusive `flock` on `dipper.lock`, which holds the owner's process id.
///
/// The kernel drops the lock when the process ends in whatever way, so a stale file never keeps anyone out. The lock
/// is not handed on to child processes that are started with exec.
package final class DataFolderLock: Sendable {
    package static let fileName = "dipper.lock"

    private let descriptor: Mutex<Int32?>

    /// Takes the lock; the folder must exist.
    /// - Throws: `data-folder-in-use` when another process, or another part of this one, has it.
    package init(folder: String) throws {
        let path = folder + "/" + Self.fileName
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw DiskCalls.failure(errno, doing: "opening the lock file", place: path) }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            defer { close(descriptor) }
            guard code == EWOULDBLOCK else {
                throw DiskCalls.failure(code, doing: "locking the data folder", place: path)
            }
            throw Self.inUse(folder: folder, owner: Self.owner(descriptor))
        }
        let text = "\(getpid())\n"
        ftruncate(descriptor, 0)
        do {
            try unsafe DiskCalls().write(Array(text.utf8).span.bytes, to: descriptor, at: 0, place: path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Gives the folder free; further calls do nothing.
    package func release() {
        descriptor.withLock { held in
            if let held { close(held) }
            held = nil
        }
    }

    private static func owner(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        let digits = bytes.prefix(max(0, count)).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }

    private static func inUse(folder: String, owner: String?) -> ObjectStoreError {
        ObjectStoreError(
            code: "data-folder-in-use",
            message: "the data folder is in use by \(owner.map { "process \($0)" } ?? "another process")",
            remedy: "stop that process, send the work to its server, or name another folder",
            place: Place(source: folder))
    }
}
