import CDuckDBLoader
import Foundation

/// Which files the worker process may open at all, whatever the engine would let it: the kernel sees to that, where it has
/// Landlock.
struct Confinement {
    /// The data folders.
    var readable: [String]
    /// What is spilled; and an attached SQLite database, whose readers write to the file that they share with its writer.
    var writable: [String]
    /// Whether what it reads lies on other machines.
    var needsNetwork: Bool

    init(_ setup: WorkerSetup) {
        readable = setup.dataFolders + ["/dev/urandom", "/dev/null"]
        writable = [setup.temporaryFolder]
        needsNetwork = setup.dataFolders.contains { $0.contains("://") }
        switch setup.attachment?.kind {
        case .sqlite?:
            for ending in ["", "-wal", "-shm"] { writable.append((setup.attachment?.address ?? "") + ending) }
        case .postgres?: needsNetwork = true
        case nil: break
        }
    }

    /// - Returns: whether the process is confined now. What it reads over the network takes files of the system (name
    ///   lookup, certificates), so that one is not.
    /// - Throws: ``WireError`` `engine-missing` when the kernel has Landlock and refuses.
    func apply() throws -> Bool {
        if needsNetwork { return false }
        let readable = unsafe readable.map { unsafe strdup($0) } + [nil]
        let writable = unsafe writable.map { unsafe strdup($0) } + [nil]
        defer { unsafe (readable + writable).forEach { unsafe free($0) } }
        // Safe: the lists end with null and outlive the call.
        let status = unsafe dipper_confine(readable, writable, false)
        switch status {
        case 0: return true
        case ENOSYS, EOPNOTSUPP: return false
        default:
            throw WireError(
                code: "engine-missing",
                message: "the worker process cannot be confined: \(unsafe String(cString: strerror(status)))")
        }
    }
}
