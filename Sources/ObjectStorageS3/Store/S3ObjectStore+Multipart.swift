import Foundation
import LakeModel
import Logging
import ObjectStorage
import S3Protocol

/// The steps of an object in parts. Calls block.
extension S3ObjectStore {
    struct SentPart: Sendable, Hashable {
        var number: Int
        var tag: String
        /// SHA-256 in base 64, when the bytes were sent from here.
        var checksum: String?
    }

    struct Upload: Sendable, Hashable {
        var id: String
        /// The key in the bucket.
        var key: String
        var mark: String
    }

    /// - Parameter hasChecksums: whether the parts come with checksums; those that the store copies have none.
    func beginUpload(_ full: String, hasChecksums: Bool = true, shownAs key: String) throws -> Upload {
        let mark = UUID().uuidString.lowercased()
        var request = StoreRequest("POST", full)
        request.query = [(name: "uploads", value: "")]
        request.headers = [(name: Self.markHeader, value: mark)]
        if hasChecksums { request.headers.append((name: "x-amz-checksum-algorithm", value: "SHA256")) }
        do {
            let answer = try client.send(request)
            guard let id = (try? XMLTree(answer.body))?.child("UploadId")?.text, !id.isEmpty else {
                throw StoreFailure(damaged: "the answer to a new upload has no id")
            }
            return Upload(id: id, key: full, mark: mark)
        } catch let failure as StoreFailure {
            throw failure.error(key)
        }
    }

    func sendPart(_ upload: Upload, _ number: Int, _ bytes: [UInt8], shownAs key: String) throws -> SentPart {
        let checksums = Integrity(bytes)
        var request = StoreRequest("PUT", upload.key)
        request.query = [(name: "partNumber", value: "\(number)"), (name: "uploadId", value: upload.id)]
        request.headers = [checksums.header]
        request.body = bytes
        request.bodyHash = checksums.hash
        do {
            let answer = try client.send(request)
            return SentPart(number: number, tag: answer.header("etag") ?? "", checksum: checksums.header.value)
        } catch let failure as StoreFailure {
            throw failure.error(key)
        }
    }

    /// Makes the parts the object.
    /// - Returns: `false` when one was to be absent and is not; the upload has been ended then.
    func completeUpload(_ upload: Upload, _ parts: [SentPart], ifAbsent: Bool, shownAs key: String) throws -> Bool {
        // Some stores take the condition of a completion and do not hold to it.
        if ifAbsent, try head(upload.key, shownAs: key) != nil {
            endUpload(upload.id, upload.key)
            return false
        }
        var xml = XMLWriter()
        xml.element("CompleteMultipartUpload", isRoot: true) { xml in
            for part in parts.sorted(by: { $0.number < $1.number }) {
                xml.element("Part") { xml in
                    xml.text("ChecksumSHA256", part.checksum)
                    xml.text("ETag", part.tag)
                    xml.number("PartNumber", part.number)
                }
            }
        }
        var request = StoreRequest("POST", upload.key)
        request.query = [(name: "uploadId", value: upload.id)]
        request.headers = [(name: "content-type", value: "application/xml")]
        if ifAbsent { request.headers.append((name: "if-none-match", value: "*")) }
        request.body = xml.bytes
        request.timeoutMilliseconds = Self.completeTimeoutMilliseconds
        do {
            _ = try client.send(request, check: Self.checkDocument)
            return true
        } catch let failure as StoreFailure {
            // After a lost answer the upload is gone when it was completed, and the object is in the way of itself.
            if failure.mayHaveBeenDone, failure.status == 412 || failure.status == 404,
                try head(upload.key, shownAs: key)?.mark == upload.mark
            {
                return true
            }
            if failure.status == 412 {
                endUpload(upload.id, upload.key)
                return false
            }
            throw failure.error(key)
        }
    }

    private static let completeTimeoutMilliseconds = 120_000

    /// Some answers of success hold an error: the head was sent before the work was done.
    private static func checkDocument(_ answer: TransportResponse) throws(StoreFailure) {
        guard let tree = try? XMLTree(answer.body), tree.name == "Error" else { return }
        throw StoreFailure(answer)
    }

    /// Drops an upload. One that cannot be dropped now is found by a later ``sweep()``.
    func endUpload(_ id: String, _ full: String) {
        var request = StoreRequest("DELETE", full)
        request.query = [(name: "uploadId", value: id)]
        do {
            _ = try client.send(request)
        } catch let failure as StoreFailure where failure.status == 404 {
            return
        } catch {
            logger.info("an upload could not be ended now", metadata: ["key": "\(full)", "cause": "\(error)"])
        }
    }

    /// Copies an object inside the store to another name, in parts, so that the name can be refused when it is taken.
    /// - Returns: `false` when one was to be absent and is not.
    func copy(
        _ source: String, byteCount: Int, to target: String, ifAbsent: Bool, shownAs key: String
    ) throws -> Bool {
        if ifAbsent, try head(target, shownAs: key) != nil { return false }
        let upload = try beginUpload(target, hasChecksums: false, shownAs: key)
        do {
            var parts: [SentPart] = []
            var offset = 0
            while offset < byteCount {
                let end = min(offset + Self.copyPartBytes, byteCount)
                parts.append(
                    try copyPart(upload, parts.count + 1, source, offset..<end, shownAs: key))
                offset = end
            }
            return try completeUpload(upload, parts, ifAbsent: ifAbsent, shownAs: key)
        } catch {
            endUpload(upload.id, upload.key)
            throw error
        }
    }

    private func copyPart(
        _ upload: Upload, _ number: Int, _ source: String, _ range: Range<Int>, shownAs key: String
    ) throws -> SentPart {
        var request = StoreRequest("PUT", upload.key)
        request.query = [(name: "partNumber", value: "\(number)"), (name: "uploadId", value: upload.id)]
        request.headers = [
            (
                name: "x-amz-copy-source",
                value: "/\(configuration.bucket)/\(URICoding.encode(source.utf8, keepsSlash: true))"
            ),
            (name: "x-amz-copy-source-range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)"),
        ]
        request.timeoutMilliseconds = Self.copyTimeoutMilliseconds
        do {
            let answer = try client.send(request, check: Self.checkDocument)
            guard let tag = (try? XMLTree(answer.body))?.child("ETag")?.text else {
                throw StoreFailure(damaged: "the answer to a copied part has no tag")
            }
            return SentPart(number: number, tag: tag, checksum: nil)
        } catch let failure as StoreFailure {
            throw failure.error(key)
        }
    }
}
