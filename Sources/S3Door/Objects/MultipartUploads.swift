import Access
import Crypto
import Foundation
import LakeModel
import ObjectStorage
import Synchronization

/// Objects that come in parts. Parts lie in a store of their own, where no reader looks; they become an object when the upload is
/// completed.
struct MultipartUploads: Sendable {
    struct Upload: Codable, Sendable {
        var key: String
        /// Seconds since 1970 UTC.
        var startedSeconds: Int64
    }

    struct Part: Sendable {
        var number: Int
        var byteCount: Int
        var entityTag: String
        var modifiedMicroseconds: Int64
    }

    /// The file of an upload that says which object it is to become.
    private static let headName = "upload"
    private static let copyBytes = 1 << 20

    let parts: LocalObjectStore
    let objects: DoorObjects
    let limits: S3DoorLimits
    /// Seconds since 1970 UTC.
    let now: @Sendable () -> Int64
    private let locks = KeyLocks()
    private let known = OpenUploads()

    init(
        parts: LocalObjectStore, objects: DoorObjects, limits: S3DoorLimits, now: @escaping @Sendable () -> Int64
    ) {
        self.parts = parts
        self.objects = objects
        self.limits = limits
        self.now = now
    }

    // MARK: Uploads

    /// - Returns: the upload's id.
    func create(_ key: String) async throws -> String {
        try objects.folder.check(key)
        let open = try await all()
        guard open.count < limits.uploadsMax else {
            throw S3Error("SlowDown", 503, "Too many multipart uploads are open.", isRetryable: true)
        }
        var generator = SystemRandomNumberGenerator()
        let id = Hex.text((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
        let upload = Upload(key: key, startedSeconds: now())
        let head = try JSONEncoder().encode(upload)
        try await parts.put("\(id)/\(Self.headName)", bytes: Array(head), ifAbsent: true)
        known.add(id, upload)
        return id
    }

    /// The uploads that are open, by id. Those that are too old are dropped on the way.
    func all() async throws -> [String: Upload] {
        var open = try await opened()
        for (id, upload) in open where now() - upload.startedSeconds > limits.uploadSecondsMax {
            try await locks.with(id) { try await drop(id) }
            open[id] = nil
        }
        return open
    }

    /// What is open, read from the disk once. Parts without a head are of uploads that were ended while one of them came.
    private func opened() async throws -> [String: Upload] {
        if let open = known.all { return open }
        return try await locks.with("") {
            if let open = known.all { return open }
            var open: [String: Upload] = [:]
            var ids: Set<String> = []
            var after: String?
            let page = 10_000
            while true {
                let infos = try await parts.list(prefix: "", after: after, limit: page)
                for info in infos {
                    let id = String(info.key.prefix { $0 != "/" })
                    ids.insert(id)
                    if info.key == "\(id)/\(Self.headName)" { open[id] = try await head(id) }
                }
                guard infos.count == page else { break }
                after = infos.last?.key
            }
            for id in ids where open[id] == nil { try await drop(id) }
            known.set(open)
            return open
        }
    }

    private func head(_ id: String) async throws -> Upload {
        let bytes = try await parts.get("\(id)/\(Self.headName)", bytesMax: 64 << 10)
        return try JSONDecoder().decode(Upload.self, from: Data(bytes))
    }

    /// - Throws: ``S3Error`` `NoSuchUpload`, also for an upload of another key.
    func require(_ id: String, of key: String) async throws {
        guard let upload = try await opened()[id], upload.key == key else { throw S3Error.noSuchUpload }
    }

    func abort(_ id: String, of key: String) async throws {
        try await locks.with(id) {
            try await require(id, of: key)
            try await drop(id)
        }
    }

    /// The head goes first: parts without it belong to no upload.
    private func drop(_ id: String) async throws {
        try await parts.delete("\(id)/\(Self.headName)")
        known.remove(id)
        for info in try await parts.list(prefix: "\(id)/", after: nil, limit: 2 * limits.partsMax) {
            try await parts.delete(info.key)
        }
        try await parts.removeFolder(id)
    }

    // MARK: Parts

    /// A part's object: its name holds the hash, so that no attribute of the file is needed to know it again.
    private static func name(_ id: String, _ number: Int, _ entityTag: String) -> String {
        let digits = String(number)
        return "\(id)/\(String(repeating: "0", count: max(0, 5 - digits.utf8.count)))\(digits)-\(entityTag)"
    }

    func makeWriter(_ id: String, _ number: Int) async throws -> LocalObjectWriter {
        try await parts.makeLocalWriter(Self.name(id, number, "new"))
    }

    /// Keeps what was written as the part, in the place of what had its number before.
    func keep(_ writer: LocalObjectWriter, _ id: String, _ number: Int, entityTag: String, key: String) async throws {
        try await locks.with(id) {
            try await require(id, of: key)
            let before = try await list(id).filter { $0.number == number && $0.entityTag != entityTag }
            try await writer.finish(as: Self.name(id, number, entityTag), ifAbsent: false)
            for part in before { try await parts.delete(Self.name(id, number, part.entityTag)) }
        }
    }

    /// The parts in the order of their numbers.
    func list(_ id: String) async throws -> [Part] {
        var found: [Int: Part] = [:]
        for info in try await parts.list(prefix: "\(id)/", after: nil, limit: 2 * limits.partsMax) {
            let words = info.key.dropFirst(id.utf8.count + 1).split(separator: "-")
            guard words.count == 2, let number = Int(words[0]) else { continue }
            // Two of one number are there when the server ended before it had removed the older one.
            if let other = found[number], other.modifiedMicroseconds > info.modifiedMicroseconds { continue }
            found[number] = Part(
                number: number, byteCount: info.byteCount, entityTag: String(words[1]),
                modifiedMicroseconds: info.modifiedMicroseconds)
        }
        return found.values.sorted { $0.number < $1.number }
    }

    /// Puts the parts together. A second completion of the same parts after a lost answer gets the first one's tag.
    /// - Parameter wanted: numbers and entity tags, as the client lists them.
    /// - Returns: the object's entity tag.
    func complete(
        _ id: String, of key: String, _ wanted: [(number: Int, entityTag: String)], _ conditions: WriteConditions,
        rights: KeyRights
    ) async throws -> String {
        let tag = try Self.entityTag(wanted.map(\.entityTag))
        return try await locks.with(id) {
            do {
                try await require(id, of: key)
            } catch let error as S3Error where error.name == "NoSuchUpload" {
                let isDone = (try? await objects.open(key).entityTag) == tag
                guard isDone else { throw error }
                return tag
            }
            let known = Dictionary(try await list(id).map { ($0.number, $0) }) { first, _ in first }
            for (index, part) in wanted.enumerated() {
                guard let found = known[part.number], found.entityTag == part.entityTag else {
                    throw S3Error("InvalidPart", 400, "One or more of the specified parts could not be found.")
                }
                guard index == wanted.count - 1 || found.byteCount >= limits.partBytesMin else {
                    throw S3Error(
                        "EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size")
                }
            }
            let writer = try await objects.folder.makeWriter(key)
            writer.setEntityTag(tag)
            do {
                for part in wanted {
                    try await copy(Self.name(id, part.number, part.entityTag), tag: part.entityTag, to: writer)
                }
                try await objects.publish(writer, as: key, conditions, rights: rights)
            } catch {
                await writer.abort()
                throw error
            }
            try await drop(id)
            return tag
        }
    }

    /// Copies a part and holds it against its tag: what the disk has lost meanwhile must not get into the object.
    private func copy(_ name: String, tag: String, to writer: LocalObjectWriter) async throws {
        let source = try await parts.openLocal(name)
        try await BlockingPool.shared.run {
            var md5 = Insecure.MD5()
            var offset = 0
            while offset < source.byteCount {
                let bytes = try source.read(offset: offset, count: min(Self.copyBytes, source.byteCount - offset))
                md5.update(data: bytes)
                try unsafe writer.write(bytes.span.bytes)
                offset += bytes.count
            }
            guard Hex.text(md5.finalize()) == tag else {
                throw S3Error("InvalidPart", 400, "A part is damaged; upload it again.")
            }
        }
    }

    /// The tag of an object of several parts: the hash of their hashes, and their number.
    static func entityTag(_ parts: [String]) throws -> String {
        var md5 = Insecure.MD5()
        for part in parts {
            guard let bytes = Hex.bytes(part), bytes.count == Insecure.MD5.byteCount else {
                throw S3Error("InvalidPart", 400, "One or more of the specified parts could not be found.")
            }
            md5.update(data: bytes)
        }
        return "\(Hex.text(md5.finalize()))-\(parts.count)"
    }
}

/// The uploads that are open, as far as they have been looked for on the disk.
private final class OpenUploads: Sendable {
    private let uploads = Mutex<[String: MultipartUploads.Upload]?>(nil)

    /// `nil` before the first look.
    var all: [String: MultipartUploads.Upload]? { uploads.withLock { $0 } }

    func set(_ found: [String: MultipartUploads.Upload]) { uploads.withLock { $0 = found } }

    func add(_ id: String, _ upload: MultipartUploads.Upload) { uploads.withLock { $0?[id] = upload } }

    func remove(_ id: String) { uploads.withLock { $0?[id] = nil } }
}
