import Access
import GatewayHTTP
import HTTPTypes
import Hummingbird
import ObjectStorage
import S3Protocol

/// Multipart uploads.
struct UploadHandlers: Sendable {
    let uploads: MultipartUploads
    let limits: S3DoorLimits
    let slots: Slots

    func create(_ call: S3Call) async throws -> Response {
        try call.rights.require(.write, call.key)
        let id = try await uploads.create(call.key)
        var xml = XMLWriter()
        xml.element("InitiateMultipartUploadResult", isRoot: true) { xml in
            xml.text("Bucket", call.bucket)
            xml.text("Key", call.key)
            xml.text("UploadId", id)
        }
        return S3Answers.xml(xml)
    }

    func part(_ call: S3Call) async throws -> Response {
        try call.rights.require(.write, call.key)
        let number = try call.integer("partNumber", in: 1...limits.partsMax)
        let id = call.head.parameter("uploadId") ?? ""
        try await uploads.require(id, of: call.key)
        let promises = try BodyPromises(call.head, call.sender)
        let slot = try slots.take("writes")
        defer { slot.release() }
        let writer = try await uploads.makeWriter(id, number)
        let taken: TakenBody
        do {
            taken = try await ObjectHandlers.receive(call, promises, writer, limits)
            try await uploads.keep(writer, id, number, entityTag: Hex.text(taken.md5), key: call.key)
        } catch {
            await writer.abort()
            throw error
        }
        return S3Answers.empty(200, headers: ObjectHandlers.headers(taken))
    }

    func list(_ call: S3Call) async throws -> Response {
        try call.rights.require(.write, call.key)
        let id = call.head.parameter("uploadId") ?? ""
        try await uploads.require(id, of: call.key)
        let marker = try call.integer("part-number-marker", in: 0...limits.partsMax, default: 0)
        let size = try call.integer("max-parts", in: 0...Int(Int32.max), default: limits.listKeysMax)
        let rest = try await uploads.list(id).filter { $0.number > marker }
        let shown = rest.prefix(min(size, limits.listKeysMax))
        var xml = XMLWriter()
        xml.element("ListPartsResult", isRoot: true) { xml in
            xml.text("Bucket", call.bucket)
            xml.text("Key", call.key)
            xml.text("UploadId", id)
            xml.text("StorageClass", "STANDARD")
            xml.number("PartNumberMarker", marker)
            xml.number("NextPartNumberMarker", shown.last?.number ?? marker)
            xml.number("MaxParts", min(size, limits.listKeysMax))
            xml.flag("IsTruncated", shown.count < rest.count)
            for part in shown {
                xml.element("Part") { xml in
                    xml.number("PartNumber", part.number)
                    xml.text("LastModified", SigningTime.iso(microseconds: part.modifiedMicroseconds))
                    xml.text("ETag", "\"\(part.entityTag)\"")
                    xml.number("Size", part.byteCount)
                }
            }
        }
        return S3Answers.xml(xml)
    }

    func complete(_ call: S3Call) async throws -> Response {
        try call.rights.require(.write, call.key)
        let conditions = try WriteConditions(call.head)
        let tree = try await call.tree(bytesMax: limits.xmlBytesMax)
        let parts = try tree.children("Part").map { part in
            guard let number = part.child("PartNumber").flatMap({ Int($0.text) }), let tag = part.child("ETag")?.text
            else { throw S3Error.malformedXML }
            return (number: number, entityTag: EntityTags.bare(tag))
        }
        guard tree.name == "CompleteMultipartUpload", (1...limits.partsMax).contains(parts.count) else {
            throw S3Error.malformedXML
        }
        guard zip(parts, parts.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw S3Error("InvalidPartOrder", 400, "The list of parts was not in ascending order.")
        }
        let slot = try slots.take("writes")
        defer { slot.release() }
        let tag = try await uploads.complete(
            call.head.parameter("uploadId") ?? "", of: call.key, parts, conditions, rights: call.rights)
        var xml = XMLWriter()
        xml.element("CompleteMultipartUploadResult", isRoot: true) { xml in
            xml.text("Location", "/\(call.bucket)/\(URICoding.encode(call.key.utf8, keepsSlash: true))")
            xml.text("Bucket", call.bucket)
            xml.text("Key", call.key)
            xml.text("ETag", "\"\(tag)\"")
        }
        return S3Answers.xml(xml)
    }

    func abort(_ call: S3Call) async throws -> Response {
        try call.rights.require(.write, call.key)
        try await uploads.abort(call.head.parameter("uploadId") ?? "", of: call.key)
        return S3Answers.empty(204)
    }

    /// The uploads that are open, of the keys that the sender may write.
    func listAll(_ call: S3Call) async throws -> Response {
        let prefix = call.head.parameter("prefix") ?? ""
        let open = try await uploads.all()
            .filter { $0.value.key.utf8.starts(with: prefix.utf8) && call.rights.may(.write, $0.value.key) }
            .sorted { ($0.value.key, $0.key) < ($1.value.key, $1.key) }
        var xml = XMLWriter()
        xml.element("ListMultipartUploadsResult", isRoot: true) { xml in
            xml.text("Bucket", call.bucket)
            xml.text("Prefix", prefix)
            xml.number("MaxUploads", limits.uploadsMax)
            xml.flag("IsTruncated", false)
            for (id, upload) in open {
                xml.element("Upload") { xml in
                    xml.text("Key", upload.key)
                    xml.text("UploadId", id)
                    xml.text("StorageClass", "STANDARD")
                    xml.text("Initiated", SigningTime.iso(microseconds: upload.startedSeconds * 1_000_000))
                }
            }
        }
        return S3Answers.xml(xml)
    }
}
