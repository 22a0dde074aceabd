import Access
import ObjectStorage

/// The objects of the door: read at any place, written whole or not at all.
struct DoorObjects: Sendable {
    let folder: FencedFolder
    let locks = KeyLocks()

    /// - Throws: ``S3Error`` `NoSuchKey` and others.
    func open(_ key: String) async throws -> LocalObjectSource {
        // A key that ends with a slash is the mark of a folder in other stores; here folders need none.
        guard !key.hasSuffix("/") else { throw S3Error.noSuchKey }
        return try await folder.open(key)
    }

    /// Makes what was written the object, if the conditions hold at that moment.
    func publish(
        _ writer: LocalObjectWriter, as key: String, _ conditions: WriteConditions, rights: KeyRights
    ) async throws {
        try await locks.with(key) {
            if let wanted = conditions.entityTag {
                guard try await folder.open(key).entityTag == wanted || wanted == "*" else {
                    throw S3Error.preconditionFailed
                }
            }
            let isOurs = try await writer.finish(as: nil, ifAbsent: conditions.isAbsent || rights.isProtected(key))
            guard isOurs else { throw conditions.isAbsent ? S3Error.preconditionFailed : S3Error.accessDenied }
        }
    }

    func delete(_ key: String, rights: KeyRights) async throws {
        try rights.require(.write, key)
        guard !rights.isProtected(key) else { throw S3Error.accessDenied }
        guard !key.hasSuffix("/") else { return }
        try await locks.with(key) { try await folder.delete(key) }
    }
}
