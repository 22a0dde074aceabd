#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import Foundation
import Synchronization

/// The place of one store's unfinished files: a folder of its own below `.tmp`, with a locked file in it.
///
/// The lock tells the folders of running stores from those that a crash left: the latter's can be taken, so they are
/// removed when a store opens. That holds across processes and for two stores of one process alike.
final class ScratchFolder: Sendable {
    private static let lockName = ".lock"

    private let path: String
    private let lockDescriptor: Int32
    private let counter = Atomic<UInt64>(0)

    init(below parent: String, disk: DiskCalls) throws {
        try disk.createDirectory(parent)
        Self.sweep(parent)
        let name = String(UInt64.random(in: .min ... .max), radix: 16)
        path = "\(parent)/\(getpid())-\(name)"
        // The lock is taken before the folder gets its name, lest a sweep in between removes it.
        let draft = "\(parent)/draft-\(name)"
        try disk.createDirectory(draft)
        lockDescriptor = try disk.createFile(draft + "/" + Self.lockName)
        guard flock(lockDescriptor, LOCK_EX | LOCK_NB) == 0, unsafe rename(draft, path) == 0 else {
            let code = errno
            close(lockDescriptor)
            throw DiskCalls.failure(code, doing: "making a folder for unfinished objects", place: path)
        }
    }

    deinit {
        unsafe unlink(path + "/" + Self.lockName)
        // Fails while a writer still has a file there; the next store to open sweeps it.
        unsafe rmdir(path)
        close(lockDescriptor)
    }

    /// A name that no other file has.
    func freshPath() -> String {
        "\(path)/\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    /// Removes the folders that no running store holds. What cannot be removed now is tried again at the next opening.
    private static func sweep(_ parent: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
            let folder = parent + "/" + name
            let descriptor = unsafe open(folder + "/" + lockName, O_RDWR | O_CLOEXEC)
            if descriptor >= 0 {
                defer { close(descriptor) }
                guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
                try? FileManager.default.removeItem(atPath: folder)
            } else if !name.hasPrefix("draft-") || isOld(folder) {
                try? FileManager.default.removeItem(atPath: folder)
            }
        }
    }

    /// Whether a draft without a lock is older than the moment that making one takes.
    private static func isOld(_ folder: String) -> Bool {
        let draftSecondsMax: Int64 = 60
        guard let status = FileStatus(path: folder) else { return false }
        return Int64(Date().timeIntervalSince1970) - status.modifiedMicroseconds / 1_000_000 > draftSecondsMax
    }
}
