#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import LakeModel
import ObjectStorage
import Synchronization

/// A part of an object while it grows: its end in memory, what came before in a file without a name, which is gone when the
/// process is.
///
/// Not safe for use by several threads at once; whoever holds it guards it.
struct SpilledBytes: ~Copyable {
    /// Bytes in memory before they go to the file. Parts of small objects never see one.
    static let memoryBytes = 1 << 20
    private static let fileNumber = Atomic<UInt64>(0)

    private let folder: String
    private var memory: [UInt8] = []
    private var descriptor: Int32?
    private var fileBytes = 0

    init(folder: String) { self.folder = folder }

    deinit {
        if let descriptor { close(descriptor) }
    }

    var count: Int { fileBytes + memory.count }

    /// - Throws: `disk-full`, `storage-failed`.
    mutating func append(_ bytes: RawSpan) throws {
        if memory.isEmpty { memory.reserveCapacity(min(Self.memoryBytes, max(bytes.byteCount, 4_096))) }
        unsafe bytes.withUnsafeBytes { unsafe memory.append(contentsOf: $0) }
        if memory.count >= Self.memoryBytes { try spill() }
    }

    private mutating func spill() throws {
        let file = try descriptor ?? Self.makeFile(in: folder)
        descriptor = file
        // The pointer does not leave the closure, and the range handed on lies inside the buffer.
        let failure: Int32 = unsafe memory.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count, let base = buffer.baseAddress {
                let written = unsafe pwrite(file, base + done, buffer.count - done, off_t(fileBytes + done))
                if written > 0 { done += written } else if written == 0 || errno != EINTR { return errno }
            }
            return 0
        }
        if failure != 0 { throw Self.failure(failure, folder) }
        fileBytes += memory.count
        memory.removeAll(keepingCapacity: true)
    }

    /// All of the bytes.
    func read() throws -> [UInt8] {
        guard let descriptor else { return memory }
        var all = [UInt8](repeating: 0, count: count)
        let fileBytes = fileBytes
        // The pointer does not leave the closure, and the range handed on lies inside the buffer.
        let failure: Int32 = unsafe all.withUnsafeMutableBytes { buffer in
            var done = 0
            while done < fileBytes, let base = buffer.baseAddress {
                let got = unsafe pread(descriptor, base + done, fileBytes - done, off_t(done))
                if got > 0 { done += got } else if got == 0 || errno != EINTR { return got == 0 ? EIO : errno }
            }
            return 0
        }
        if failure != 0 { throw Self.failure(failure, folder) }
        all.replaceSubrange(fileBytes..., with: memory)
        return all
    }

    private static func makeFile(in folder: String) throws -> Int32 {
        let number = fileNumber.wrappingAdd(1, ordering: .relaxed).newValue
        let path = "\(folder)/part-\(getpid())-\(number)"
        let file = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file < 0 { throw failure(errno, folder) }
        unsafe unlink(path)
        return file
    }

    private static func failure(_ code: Int32, _ folder: String) -> ObjectStoreError {
        let isFull = code == ENOSPC || code == EDQUOT
        let text = unsafe String(cString: strerror(code))
        return ObjectStoreError(
            code: isFull ? "disk-full" : "storage-failed", message: "keeping a part on this machine failed: \(text)",
            remedy: isFull ? "make room on the disk of the data folder" : "check the disk and the rights on it",
            place: Place(source: folder), isRetryable: isFull)
    }
}
