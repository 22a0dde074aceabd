import Crypto
import Foundation
package import LakeModel
package import Logging
package import ObjectStorage
import S3Protocol
import Synchronization

/// Objects in a bucket of an S3-compatible store.
///
/// Requests block threads of the store's own, never those of Swift's cooperative pool. An object of one part is put in one
/// request; a larger one goes in parts, which wait on the local disk until they are sent. Conditional writes (`If-None-Match: *`)
/// keep what is there. Nothing but whole objects is ever visible: unfinished ones are uploads that the store hides, or lie
/// under `.tmp/` for the moment that their copying to the final name takes.
package final class S3ObjectStore: ObjectStore {
    package let locationPrefix: String
    package let configuration: S3StoreConfiguration
    let client: S3Client
    let pool: BlockingPool
    /// Sends parts: as many threads as parts may be in memory.
    let sending: BlockingPool
    let logger: Logger
    /// Whether lists come in the order of the keys' bytes; `nil`: not known yet.
    let listsInOrder = Mutex<Bool?>(nil)
    /// Behind the last page of a list that the store gave out of order.
    let listRest = Mutex<ListRest?>(nil)

    /// Parts that a copy inside the store is made of; S3 takes up to 5 GiB.
    static let copyPartBytes = 256 << 20
    /// A copy inside the store moves the bytes of a whole part.
    static let copyTimeoutMilliseconds = 600_000

    /// - Parameter transport: how requests are sent; others than the default are for tests.
    package init(
        _ configuration: S3StoreConfiguration, credentials: CredentialCache,
        transport: any S3Transport = HTTPTransport(), clock: S3Clock = .system, logger: Logger
    ) throws {
        self.configuration = configuration
        locationPrefix = configuration.location
        client = S3Client(configuration, credentials: credentials, transport: transport, clock: clock)
        pool = BlockingPool(threadCount: configuration.limits.requestsMax)
        sending = BlockingPool(threadCount: configuration.limits.sendingPartsMax)
        self.logger = logger
        do {
            try FileManager.default.createDirectory(
                atPath: configuration.scratchFolder, withIntermediateDirectories: true)
        } catch {
            throw ObjectStoreError(
                code: "storage-failed", message: "the folder for waiting parts cannot be made",
                remedy: "check the rights on the data folder", place: Place(source: configuration.scratchFolder),
                cause: error)
        }
    }

    // MARK: One object

    package func put(_ key: String, bytes: [UInt8], ifAbsent: Bool) async throws {
        let full = try checked(key)
        let isOurs = try await pool.run { [self] in
            try putNow(full, bytes, ifAbsent ? .absent : .any, shownAs: key)
        }
        if !isOurs { throw ObjectStoreError.exists(key) }
    }

    /// Replaces an object that has not changed since its tag was told.
    /// - Throws: `object-changed`, also when it is gone.
    package func replace(_ key: String, bytes: [UInt8], ifTag tag: String) async throws {
        let full = try checked(key)
        try await pool.run { [self] in _ = try putNow(full, bytes, .tag(tag), shownAs: key) }
    }

    package func get(_ key: String, bytesMax: Int) async throws -> [UInt8] {
        let full = try checked(key)
        return try await pool.run { [self] in
            var request = StoreRequest("GET", full)
            request.headers = [(name: "x-amz-checksum-mode", value: "ENABLED")]
            // A refusal's document may be longer than the object that is asked for.
            request.answerBytesMax = max(bytesMax, Self.refusalBytesMax)
            request.answerBytesExpected = min(bytesMax, 1 << 30)
            do {
                let bytes = try client.send(request, check: Integrity.check).body
                guard bytes.count <= bytesMax else {
                    throw ObjectStoreError.tooLarge(key, byteCount: bytes.count, bytesMax: bytesMax)
                }
                return bytes
            } catch let failure as StoreFailure {
                if failure.name == "AnswerTooLong", let size = try head(full, shownAs: key)?.byteCount {
                    throw ObjectStoreError.tooLarge(key, byteCount: size, bytesMax: bytesMax)
                }
                throw failure.error(key)
            }
        }
    }

    private static let refusalBytesMax = 64 << 10

    package func open(_ key: String) async throws -> any RandomAccessSource {
        let full = try checked(key)
        return try await pool.run { [self] in try S3ObjectSource.open(client, full, shownAs: key) }
    }

    package func info(_ key: String) async throws -> ObjectInfo? {
        let full = try checked(key)
        return try await pool.run { [self] in
            try head(full, shownAs: key).map {
                ObjectInfo(key: key, byteCount: $0.byteCount, modifiedMicroseconds: $0.modifiedMicroseconds)
            }
        }
    }

    /// What identifies the object's content at the moment; `nil` when there is none.
    package func tag(_ key: String) async throws -> String? {
        let full = try checked(key)
        return try await pool.run { [self] in try head(full, shownAs: key)?.tag }
    }

    package func delete(_ key: String) async throws {
        let full = try checked(key)
        try await pool.run { [self] in try deleteNow(full, shownAs: key) }
    }

    package func makeWriter(_ key: String) async throws -> any ObjectWriter {
        S3ObjectWriter(store: self, key: key, draftKey: nil, fullKey: try checked(key))
    }

    package func makeDraft(_ key: String) async throws -> any ObjectWriter {
        let full = try checked(key)
        let draft = configuration.fullKey("\(Self.draftFolder)\(UUID().uuidString.lowercased())")
        return S3ObjectWriter(store: self, key: key, draftKey: draft, fullKey: full)
    }

    /// Below it lie objects that are about to get their name.
    static let draftFolder = "\(ObjectKey.reservedPart)/drafts/"

    /// Asks for the bucket, once and without repeats.
    /// - Throws: what keeps the store from being used now.
    package func ping() async throws {
        try await pool.run { [self] in
            var request = StoreRequest("HEAD", nil)
            request.timeoutMilliseconds = Self.pingMilliseconds
            do {
                _ = try client.send(request, policy: .once)
            } catch let failure as StoreFailure {
                throw bucketError(failure)
            }
        }
    }

    private static let pingMilliseconds = 3_000

    // MARK: Calls that block

    /// The key in the bucket.
    /// - Throws: `key-invalid`.
    func checked(_ key: String) throws -> String {
        try ObjectKey.validate(key)
        let full = configuration.fullKey(key)
        guard full.utf8.count <= ObjectKey.keyBytesMax else {
            throw ObjectStoreError(
                code: "key-invalid", message: "the key has \(full.utf8.count) bytes with the store's prefix",
                remedy: "use keys of \(ObjectKey.keyBytesMax) bytes at most", place: Place(source: key))
        }
        return full
    }

    enum WriteCondition: Sendable {
        case any, absent
        case tag(String)

        var headers: [(name: String, value: String)] {
            switch self {
            case .any: []
            case .absent: [(name: "if-none-match", value: "*")]
            case .tag(let tag): [(name: "if-match", value: tag)]
            }
        }
    }

    /// Puts an object in one request.
    /// - Returns: `false` when one was to be absent and is not.
    func putNow(_ full: String, _ bytes: [UInt8], _ condition: WriteCondition, shownAs key: String) throws -> Bool {
        let mark = UUID().uuidString.lowercased()
        var request = StoreRequest("PUT", full)
        let checksums = Integrity(bytes)
        request.headers =
            condition.headers + [
                checksums.header, checksums.ownHeader, (name: Self.markHeader, value: mark),
            ]
        request.bodyHash = checksums.hash
        request.body = bytes
        do {
            _ = try client.send(request)
            return true
        } catch let failure as StoreFailure where failure.status == 412 || failure.isMissing {
            // An earlier attempt whose answer was lost may have put the very object that is in the way now.
            if failure.mayHaveBeenDone, try head(full, shownAs: key)?.mark == mark { return true }
            if case .absent = condition, failure.status == 412 { return false }
            var failure = failure
            failure.status = 412
            throw failure.error(key)
        } catch let failure as StoreFailure {
            throw failure.error(key)
        }
    }

    /// Names the write that made an object, in its metadata: so a writer knows its own after a lost answer.
    static let markHeader = "x-amz-meta-dipper-write"

    struct Head {
        var byteCount: Int
        var modifiedMicroseconds: Int64
        var tag: String?
        var mark: String?
    }

    func head(_ full: String, shownAs key: String) throws -> Head? {
        do {
            let answer = try client.send(StoreRequest("HEAD", full))
            return Head(
                byteCount: answer.header("content-length").flatMap { Int($0) } ?? 0,
                modifiedMicroseconds: (answer.header("last-modified").flatMap { SigningTime.seconds(http: $0) } ?? 0)
                    * 1_000_000,
                tag: answer.header("etag"), mark: answer.header(Self.markHeader))
        } catch let failure as StoreFailure {
            if failure.isMissing { return nil }
            throw failure.error(key)
        }
    }

    func deleteNow(_ full: String, shownAs key: String) throws {
        do {
            _ = try client.send(StoreRequest("DELETE", full))
        } catch let failure as StoreFailure where !failure.isMissing {
            throw failure.error(key)
        } catch is StoreFailure {}
    }

    func bucketError(_ failure: StoreFailure) -> ObjectStoreError {
        var failure = failure
        if failure.status == 404 { failure.name = "NoSuchBucket" }
        return failure.error(locationPrefix)
    }
}

/// The checksums that go along with an object's bytes.
struct Integrity {
    private static let ownName = "x-amz-meta-dipper-sha256"

    /// SHA-256 in base 64, which the store holds against what comes.
    let header: (name: String, value: String)
    /// SHA-256 in hexadecimal digits.
    let hash: String

    /// Written along with an object of one part, for stores that keep no checksums of their own.
    var ownHeader: (name: String, value: String) { (name: Self.ownName, value: hash) }

    init(_ bytes: [UInt8]) {
        let digest = SHA256.hash(data: bytes)
        header = (name: BodyChecksum.Algorithm.sha256.header, value: Data(digest).base64EncodedString())
        hash = SignatureV4.hex(digest)
    }

    /// Compares a whole object with the checksum that came with it, if any did.
    static func check(_ answer: TransportResponse) throws(StoreFailure) {
        guard answer.status == 200 else { return }
        for algorithm in BodyChecksum.Algorithm.allCases {
            // That of an object in parts is made of the parts' own, and says so by a hyphen.
            guard let wanted = answer.header(algorithm.header), !wanted.contains("-") else { continue }
            var checksum = BodyChecksum(algorithm)
            checksum.update(answer.body[...])
            guard checksum.value == wanted else {
                throw StoreFailure(damaged: "the bytes that came have another \(algorithm.rawValue) checksum")
            }
            return
        }
        guard let wanted = answer.header(ownName) else { return }
        guard SignatureV4.hash(answer.body) == wanted else {
            throw StoreFailure(damaged: "the bytes that came have another SHA-256 checksum than was written")
        }
    }
}
