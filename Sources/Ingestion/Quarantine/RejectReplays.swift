package import CatalogService
import LakeModel
package import ObjectStorage
internal import Synchronization

/// What a reject is known by.
package struct RejectIdentity: Sendable, Hashable {
    /// The field of a corrected row that names its reject, and the one that tells why it was refused.
    package static let field = "dipper_reject"
    package static let errorField = "dipper_error"

    package var sha256: String
    package var byteOffset: Int64
    package var code: String

    package init(sha256: String, byteOffset: Int64, code: String) {
        self.sha256 = sha256
        self.byteOffset = byteOffset
        self.code = code
    }

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 64, parts[0].utf8.allSatisfy({ Self.isHex($0) }),
            let offset = Int64(parts[1]), offset >= 0, !parts[2].isEmpty,
            parts[2].utf8.allSatisfy({ Self.isHex($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.init(sha256: String(parts[0]), byteOffset: offset, code: String(parts[2]))
    }

    private static func isHex(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }

    /// `sha:offset:code`.
    package var text: String { "\(sha256):\(byteOffset):\(code)" }
}

/// Which rejects have been loaded again, corrected, and by which job.
///
/// A replay leaves an object with the identities before its record goes to the log. It counts once the job's receipt says
/// that it is committed: the object of a replay that never came into the log means nothing.
package final class RejectReplays: Sendable {
    private let objects: any ObjectStore
    private let catalog: any CatalogStore
    /// By object key: nothing of it changes once the job is committed.
    private let known = Mutex<[String: [RejectIdentity]]>([:])

    private static let folder = "reject-replays"
    private static let listMax = 1_000

    package init(objects: any ObjectStore, catalog: any CatalogStore) {
        self.objects = objects
        self.catalog = catalog
    }

    static func write(
        _ identities: [RejectIdentity], by job: String, table: String, objects: any ObjectStore
    ) async throws {
        let text = identities.map(\.text).joined(separator: "\n")
        try await objects.put("\(folder)/\(table)/\(job)", bytes: Array(text.utf8), ifAbsent: true)
    }

    /// The latest job of each reject of a table that was replayed.
    package func jobs(of table: String) async throws -> [RejectIdentity: String] {
        var jobs: [RejectIdentity: String] = [:]
        var after: String?
        while true {
            let page = try await objects.list(prefix: "\(Self.folder)/\(table)/", after: after, limit: Self.listMax)
            for item in page {
                let job = String(item.key[item.key.index(after: item.key.lastIndex(of: "/") ?? item.key.startIndex)...])
                // Ids rise with time, and so do keys.
                for identity in try await identities(item.key, job) { jobs[identity] = job }
            }
            guard page.count == Self.listMax, let last = page.last else { return jobs }
            after = last.key
        }
    }

    private func identities(_ key: String, _ job: String) async throws -> [RejectIdentity] {
        if let found = known.withLock({ $0[key] }) { return found }
        guard try await catalog.receipt(id: job)?.state == JobReceipt.State.committed.rawValue else { return [] }
        let text = String(decoding: try await objects.get(key, bytesMax: .max), as: UTF8.self)
        let found = text.split(separator: "\n").compactMap { RejectIdentity($0) }
        known.withLock { $0[key] = found }
        return found
    }
}
