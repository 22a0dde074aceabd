import Access
import GatewayHTTP
import HTTPTypes
import Hummingbird
import NIOCore
import ObjectStorage
import S3Protocol

/// Reading, writing, copying and deleting of single objects.
struct ObjectHandlers: Sendable {
    /// Bytes of an object that are read and sent at a time.
    private static let pieceBytes = 256 << 10

    let objects: DoorObjects
    let limits: S3DoorLimits
    let slots: Slots

    // MARK: Reading

    func get(_ call: S3Call) async throws -> Response {
        try call.rights.require(.read, call.key)
        let source = try await objects.open(call.key)
        let tag = source.entityTag
        var headers: HTTPFields = [:]
        headers[.eTag] = "\"\(tag)\""
        headers[.lastModified] = SigningTime.http(microseconds: source.modifiedMicroseconds)
        headers[.acceptRanges] = "bytes"
        headers[.contentType] = call.head.parameter("response-content-type") ?? "application/octet-stream"
        if try Self.isUnchanged(call.head, source, tag) { return S3Answers.empty(304, headers: headers) }
        var range = ByteRange(start: 0, count: source.byteCount)
        var status = 200
        if let part = try ByteRange.parse(call.head.header("range"), byteCount: source.byteCount) {
            range = part
            status = 206
            headers[.contentRange] =
                "bytes \(part.start)-\(part.start + part.count - 1)/\(source.byteCount)"
        }
        headers[.contentLength] = String(range.count)
        let body = range
        return Response(
            status: .init(code: status), headers: headers,
            body: ResponseBody(contentLength: range.count) { writer in
                var offset = body.start
                let end = body.start + body.count
                while offset < end {
                    let from = offset
                    let count = min(Self.pieceBytes, end - offset)
                    let bytes = try await BlockingPool.shared.run { try source.read(offset: from, count: count) }
                    try await writer.write(ByteBuffer(bytes: bytes))
                    offset += count
                }
                try await writer.finish(nil)
            })
    }

    /// Preconditions of a read (RFC 9110, section 13.2.2).
    private static func isUnchanged(_ request: S3Request, _ source: LocalObjectSource, _ tag: String) throws -> Bool {
        let modified = source.modifiedMicroseconds / 1_000_000
        if let wanted = request.header("if-match") {
            guard EntityTags.contains(wanted, tag) else { throw S3Error.preconditionFailed }
        } else if let time = request.header("if-unmodified-since").flatMap({ SigningTime.seconds(http: $0) }),
            modified > time
        {
            throw S3Error.preconditionFailed
        }
        if let known = request.header("if-none-match") { return EntityTags.contains(known, tag) }
        if let time = request.header("if-modified-since").flatMap({ SigningTime.seconds(http: $0) }) {
            return modified <= time
        }
        return false
    }

    // MARK: Writing

    func put(_ call: S3Call) async throws -> Response {
        try call.rights.require(.write, call.key)
        let conditions = try WriteConditions(call.head)
        let promises = try BodyPromises(call.head, call.sender)
        if call.key.hasSuffix("/") { return try await putFolder(call, promises) }
        let slot = try slots.take("writes")
        defer { slot.release() }
        let writer = try await objects.folder.makeWriter(call.key)
        let taken: TakenBody
        do {
            taken = try await Self.receive(call, promises, writer, limits)
            writer.setEntityTag(Hex.text(taken.md5))
            try await objects.publish(writer, as: call.key, conditions, rights: call.rights)
        } catch {
            await writer.abort()
            throw error
        }
        return S3Answers.empty(200, headers: Self.headers(taken))
    }

    /// The mark of a folder, which other stores keep as an empty object: here a folder is there as soon as something is in it.
    private func putFolder(_ call: S3Call, _ promises: BodyPromises) async throws -> Response {
        call.continueBody()
        let taken = try await IncomingBody(promises, byteCountMax: 0).receive(call.body) { _ in }
        return S3Answers.empty(200, headers: Self.headers(taken))
    }

    static func receive(
        _ call: S3Call, _ promises: BodyPromises, _ writer: LocalObjectWriter, _ limits: S3DoorLimits
    ) async throws -> TakenBody {
        let incoming = try IncomingBody(promises, byteCountMax: limits.putBytesMax)
        call.continueBody()
        return try await incoming.receive(call.body) { block in
            try await BlockingPool.shared.run { try unsafe writer.write(block.span.bytes) }
        }
    }

    static func headers(_ taken: TakenBody) -> HTTPFields {
        var headers: HTTPFields = [:]
        headers[.eTag] = "\"\(Hex.text(taken.md5))\""
        for (name, value) in taken.checksums { headers.set(name, value) }
        return headers
    }

    /// Copies an object inside the bucket. The content gets the source's entity tag, for it is the same.
    func copy(_ call: S3Call) async throws -> Response {
        try call.rights.require(.write, call.key)
        let conditions = try WriteConditions(call.head)
        let sourceKey = try Self.copySource(call)
        try call.rights.require(.read, sourceKey)
        let source = try await objects.open(sourceKey)
        let tag = source.entityTag
        if let wanted = call.head.header("x-amz-copy-source-if-match"), !EntityTags.contains(wanted, tag) {
            throw S3Error.preconditionFailed
        }
        if let other = call.head.header("x-amz-copy-source-if-none-match"), EntityTags.contains(other, tag) {
            throw S3Error.preconditionFailed
        }
        let slot = try slots.take("writes")
        defer { slot.release() }
        let writer = try await objects.folder.makeWriter(call.key)
        writer.setEntityTag(tag)
        do {
            try await BlockingPool.shared.run {
                var offset = 0
                while offset < source.byteCount {
                    let count = min(1 << 20, source.byteCount - offset)
                    let bytes = try source.read(offset: offset, count: count)
                    try unsafe writer.write(bytes.span.bytes)
                    offset += count
                }
            }
            try await objects.publish(writer, as: call.key, conditions, rights: call.rights)
        } catch {
            await writer.abort()
            throw error
        }
        let written = try await objects.open(call.key)
        var xml = XMLWriter()
        xml.element("CopyObjectResult", isRoot: true) { xml in
            xml.text("LastModified", SigningTime.iso(microseconds: written.modifiedMicroseconds))
            xml.text("ETag", "\"\(tag)\"")
        }
        return S3Answers.xml(xml)
    }

    private static func copySource(_ call: S3Call) throws -> String {
        let header = call.head.header("x-amz-copy-source") ?? ""
        let invalid = S3Error.invalidArgument("x-amz-copy-source must be /BUCKET/KEY, percent-encoded.")
        let path = header.split(separator: "?", maxSplits: 1).first ?? ""
        guard let bytes = URICoding.decode(path), let text = String(validating: bytes, as: UTF8.self) else {
            throw invalid
        }
        let parts = text.drop { $0 == "/" }.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw invalid }
        guard parts[0] == call.bucket else { throw S3Error.noSuchBucket }
        return parts[1]
    }

    func delete(_ call: S3Call) async throws -> Response {
        try await objects.delete(call.key, rights: call.rights)
        return S3Answers.empty(204)
    }

    /// Deletes up to a thousand objects; each has its own outcome.
    func deleteMany(_ call: S3Call) async throws -> Response {
        let tree = try await call.tree(bytesMax: limits.xmlBytesMax)
        let keys = tree.children("Object").compactMap { $0.child("Key")?.text }
        guard tree.name == "Delete", (1...limits.deleteKeysMax).contains(keys.count),
            keys.count == tree.children("Object").count
        else { throw S3Error.malformedXML }
        let isQuiet = tree.child("Quiet")?.text == "true"
        var outcomes: [(key: String, error: S3Error?)] = []
        for key in keys {
            do {
                try await objects.delete(key, rights: call.rights)
                if !isQuiet { outcomes.append((key, nil)) }
            } catch let error as CancellationError {
                throw error
            } catch {
                outcomes.append((key, S3Error.of(error)))
            }
        }
        let told = outcomes
        var xml = XMLWriter()
        xml.element("DeleteResult", isRoot: true) { xml in
            for (key, error) in told {
                if let error {
                    xml.element("Error") { xml in
                        xml.text("Key", key)
                        xml.text("Code", error.name)
                        xml.text("Message", error.message)
                    }
                } else {
                    xml.element("Deleted") { $0.text("Key", key) }
                }
            }
        }
        return S3Answers.xml(xml)
    }
}
