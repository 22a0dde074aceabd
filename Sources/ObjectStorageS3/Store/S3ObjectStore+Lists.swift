import Foundation
import LakeModel
import Logging
package import ObjectStorage
import S3Protocol
import Synchronization

extension S3ObjectStore {
    /// Keys of a page of S3's.
    private static let pageKeysMax = 1_000

    package func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        guard limit > 0 else { return [] }
        return try await pool.run { [self] in
            do {
                return try isListInOrder()
                    ? try orderedList(prefix, after, limit) : try unorderedList(prefix, after, limit)
            } catch let failure as StoreFailure {
                throw bucketError(failure)
            }
        }
    }

    private func orderedList(_ prefix: String, _ after: String?, _ limit: Int) throws -> [ObjectInfo] {
        var found: [ObjectInfo] = []
        var page = ListPage()
        repeat {
            page = try listPage(prefix, after: page.token == nil ? after : nil, token: page.token, keys: limit)
            for info in page.objects where found.count < limit { found.append(info) }
        } while page.token != nil && found.count < limit
        return found
    }

    /// What an unordered list found behind the page that it gave.
    struct ListRest: Sendable {
        var prefix: String
        var after: String
        var objects: ArraySlice<ObjectInfo>
        var seconds: Int64
    }

    /// Keys of a rest that is kept, and how long it is.
    private static let restKeysMax = 100_000
    private static let restSecondsMax: Int64 = 10

    /// The same of a store that lists by folders or in no order: everything is looked at, and put in order. What is behind the
    /// page is kept for whoever asks for the next one.
    /// - Complexity: O(n) requests for n objects with the prefix, however few are asked for.
    private func unorderedList(_ prefix: String, _ after: String?, _ limit: Int) throws -> [ObjectInfo] {
        let now = client.nowSeconds
        let kept = listRest.withLock { rest -> ArraySlice<ObjectInfo>? in
            guard let found = rest, found.prefix == prefix, found.after == after,
                now - found.seconds <= Self.restSecondsMax
            else { return nil }
            rest = nil
            return found.objects
        }
        let found = try kept ?? collect(prefix, after, limit)[...]
        let page = found.prefix(limit)
        if let last = page.last, found.count > page.count {
            let rest = ListRest(prefix: prefix, after: last.key, objects: found.dropFirst(limit), seconds: now)
            listRest.withLock { $0 = rest }
        }
        return Array(page)
    }

    /// All objects behind `after` in order, or the first ones of very many: `limit` of them at least.
    private func collect(_ prefix: String, _ after: String?, _ limit: Int) throws -> [ObjectInfo] {
        let keep = max(limit, Self.restKeysMax)
        var found: [ObjectInfo] = []
        var isCut = false
        var page = ListPage()
        repeat {
            page = try listPage(prefix, after: nil, token: page.token, keys: Self.pageKeysMax)
            found += page.objects.filter { info in after.map { ObjectKey.precedes($0, info.key) } ?? true }
            if found.count / 2 > keep {
                found.sort { ObjectKey.precedes($0.key, $1.key) }
                found.removeLast(found.count - keep)
                isCut = true
            }
        } while page.token != nil
        found.sort { ObjectKey.precedes($0.key, $1.key) }
        // Of a list that was cut, more pages than this one would end too early.
        return isCut ? Array(found.prefix(limit)) : found
    }

    struct ListPage {
        var objects: [ObjectInfo] = []
        var token: String?
    }

    /// - Parameter showsReserved: whether keys under `.tmp/` are among the objects.
    func listPage(
        _ prefix: String, after: String?, token: String?, keys: Int, showsReserved: Bool = false
    ) throws -> ListPage {
        var request = StoreRequest("GET", nil)
        let whole = configuration.prefix.isEmpty ? prefix : "\(configuration.prefix)/\(prefix)"
        request.query = [
            (name: "encoding-type", value: "url"), (name: "list-type", value: "2"),
            (name: "max-keys", value: "\(min(max(keys, 1), Self.pageKeysMax))"), (name: "prefix", value: whole),
        ]
        if let after { request.query.append((name: "start-after", value: configuration.fullKey(after))) }
        if let token { request.query.append((name: "continuation-token", value: token)) }
        let answer = try client.send(request)
        guard let tree = try? XMLTree(answer.body), tree.name == "ListBucketResult" else {
            throw StoreFailure(damaged: "the answer to a list is no list")
        }
        let isEncoded = tree.child("EncodingType")?.text == "url"
        var page = ListPage()
        for entry in tree.children("Contents") {
            guard let text = entry.child("Key")?.text, let size = entry.child("Size").flatMap({ Int($0.text) })
            else { continue }
            let bytes = isEncoded ? URICoding.decode(text, plusIsSpace: true) : Array(text.utf8)
            guard let bytes, let full = String(validating: bytes, as: UTF8.self),
                let key = configuration.key(ofFull: full)
            else { continue }
            let isReserved = key == ObjectKey.reservedPart || key.hasPrefix(ObjectKey.reservedPart + "/")
            // Others' keys that no call here could name are passed over, such as folders' own.
            guard isReserved ? showsReserved : isNameable(key) else { continue }
            page.objects.append(
                ObjectInfo(
                    key: key, byteCount: size,
                    modifiedMicroseconds: entry.child("LastModified")
                        .flatMap { SigningTime.microseconds(iso: $0.text) } ?? 0))
        }
        if tree.child("IsTruncated")?.text == "true" { page.token = tree.child("NextContinuationToken")?.text }
        return page
    }

    private func isNameable(_ key: String) -> Bool {
        do {
            try ObjectKey.validate(key)
            return true
        } catch {
            return false
        }
    }

    /// Whether the store lists by the bytes of keys, found out by two objects: some list by folders.
    private func isListInOrder() throws -> Bool {
        if let known = listsInOrder.withLock({ $0 }) { return known }
        let folder = "\(ObjectKey.reservedPart)/order-\(UUID().uuidString.lowercased())/"
        // A hyphen is smaller than a slash.
        let keys = ["a-", "a/b"].map { folder + $0 }
        for key in keys { _ = try putNow(configuration.fullKey(key), [1], .any, shownAs: key) }
        let found = try listPage(folder, after: nil, token: nil, keys: 10, showsReserved: true).objects.map(\.key)
        for key in keys { try deleteNow(configuration.fullKey(key), shownAs: key) }
        let isInOrder = found == keys
        listsInOrder.withLock { $0 = isInOrder }
        if !isInOrder {
            logger.info("the object store does not list by the order of keys; lists read whole folders")
        }
        return isInOrder
    }

    // MARK: Many at once

    /// Keys that one request may delete.
    private static let deletesMax = 1_000

    /// Removes objects; those that are not there are no error.
    package func delete(all keys: [String]) async throws {
        let full = try keys.map { try checked($0) }
        try await pool.run { [self] in try deleteNow(all: full) }
    }

    func deleteNow(all full: [String]) throws {
        for start in stride(from: 0, to: full.count, by: Self.deletesMax) {
            let batch = full[start..<min(start + Self.deletesMax, full.count)]
            var xml = XMLWriter()
            xml.element("Delete", isRoot: true) { xml in
                for key in batch { xml.element("Object") { $0.text("Key", key) } }
                xml.flag("Quiet", true)
            }
            var request = StoreRequest("POST", nil)
            request.query = [(name: "delete", value: "")]
            request.headers = [(name: "content-type", value: "application/xml"), Integrity(xml.bytes).header]
            request.body = xml.bytes
            do {
                let answer = try client.send(request)
                let errors = (try? XMLTree(answer.body))?.children("Error") ?? []
                if let first = errors.first(where: { $0.child("Code")?.text != "NoSuchKey" }) {
                    throw ObjectStoreError(
                        code: "storage-failed",
                        message: "\(errors.count) of \(batch.count) objects were not deleted: "
                            + "\(first.child("Code")?.text ?? "") \(first.child("Message")?.text ?? "")",
                        remedy: "see what the object store says", isRetryable: true)
                }
            } catch let failure as StoreFailure {
                throw bucketError(failure)
            }
        }
    }
}
