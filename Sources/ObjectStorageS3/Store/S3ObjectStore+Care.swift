import Foundation
import LakeModel
import ObjectStorage
import S3Protocol

extension S3ObjectStore {
    /// Finds out whether the bucket is there, may be written, and keeps the promises that Dipper builds on.
    /// - Throws: `bucket-missing`, `access-denied`, `conditional-writes-missing`, `storage-unavailable` and others.
    package func verify() async throws {
        try await pool.run { [self] in
            do {
                _ = try client.send(StoreRequest("HEAD", nil))
            } catch let failure as StoreFailure {
                throw bucketError(failure)
            }
            let key = "\(ObjectKey.reservedPart)/check-\(UUID().uuidString.lowercased())"
            let full = configuration.fullKey(key)
            _ = try putNow(full, [1], .absent, shownAs: key)
            let isKept = try !putNow(full, [2], .absent, shownAs: key)
            try deleteNow(full, shownAs: key)
            guard isKept else {
                throw ObjectStoreError(
                    code: "conditional-writes-missing",
                    message: "the object store replaces objects although `If-None-Match: *` forbids it",
                    remedy: "use a store with conditional writes, such as Amazon S3, MinIO or SeaweedFS",
                    place: Place(source: locationPrefix))
            }
        }
    }

    /// What was cleared away.
    package struct Swept: Sendable, Hashable {
        package var uploads = 0
        package var objects = 0

        package init() {}
    }

    /// Ends uploads, and removes drafts, that are older than any that could still go on: processes that crashed left them.
    package func sweep() async throws -> Swept {
        try await pool.run { [self] in
            let oldest = (client.nowSeconds - configuration.limits.staleUploadSeconds) * 1_000_000
            var swept = Swept()
            do {
                for upload in try openUploads() where upload.startedMicroseconds < oldest {
                    endUpload(upload.id, upload.key)
                    swept.uploads += 1
                }
                var page = ListPage()
                repeat {
                    page = try listPage(
                        "\(ObjectKey.reservedPart)/", after: nil, token: page.token, keys: 1_000, showsReserved: true)
                    let old = page.objects.filter { $0.modifiedMicroseconds < oldest }
                    try deleteNow(all: old.map { configuration.fullKey($0.key) })
                    swept.objects += old.count
                } while page.token != nil
            } catch let failure as StoreFailure {
                throw bucketError(failure)
            }
            return swept
        }
    }

    struct OpenUpload: Sendable {
        var key: String
        var id: String
        var startedMicroseconds: Int64
    }

    /// The uploads below the prefix that are neither complete nor ended.
    func openUploads() throws -> [OpenUpload] {
        var uploads: [OpenUpload] = []
        var marker: (key: String, id: String)?
        while true {
            var request = StoreRequest("GET", nil)
            request.query = [(name: "prefix", value: configuration.prefix.isEmpty ? "" : configuration.prefix + "/")]
            if let marker {
                request.query.append((name: "key-marker", value: marker.key))
                request.query.append((name: "upload-id-marker", value: marker.id))
            }
            request.query.append((name: "uploads", value: ""))
            guard let tree = try? XMLTree(try client.send(request).body) else { return uploads }
            let page: [OpenUpload] = tree.children("Upload").compactMap { entry in
                guard let key = entry.child("Key")?.text, let id = entry.child("UploadId")?.text,
                    let started = entry.child("Initiated").flatMap({ SigningTime.microseconds(iso: $0.text) })
                else { return nil }
                return OpenUpload(key: key, id: id, startedMicroseconds: started)
            }
            uploads += page
            guard tree.child("IsTruncated")?.text == "true", let last = page.last, uploads.count < Self.openUploadsMax
            else { return uploads }
            marker = (last.key, last.id)
        }
    }

    /// Uploads that one sweep looks at; the next one takes the others.
    private static let openUploadsMax = 100_000
}
