import Access
import HTTPTypes
import Hummingbird
import ObjectStorage
import S3Protocol

/// The bucket itself, and lists of its objects.
struct BucketHandlers: Sendable {
    let folder: FencedFolder
    let limits: S3DoorLimits
    let bucket: String

    func buckets() -> Response {
        let bucket = bucket
        var xml = XMLWriter()
        xml.element("ListAllMyBucketsResult", isRoot: true) { xml in
            xml.element("Owner") { $0.text("ID", "dipper") }
            xml.element("Buckets") { xml in
                xml.element("Bucket") { xml in
                    xml.text("Name", bucket)
                    xml.text("CreationDate", SigningTime.iso(microseconds: 0))
                }
            }
        }
        return S3Answers.xml(xml)
    }

    func location() -> Response {
        var xml = XMLWriter()
        xml.element("LocationConstraint", isRoot: true) { _ in }
        return S3Answers.xml(xml)
    }

    func versioning() -> Response {
        var xml = XMLWriter()
        xml.element("VersioningConfiguration", isRoot: true) { _ in }
        return S3Answers.xml(xml)
    }

    // MARK: Lists

    /// Where a list goes on: the last line's bytes, which the next ones come after.
    private struct Page {
        var lines: [(entry: ListedEntry, entityTag: String)]
        var isTruncated: Bool

        /// Everything in a folder that was told as one line comes before this.
        var next: [UInt8]? {
            guard isTruncated, let last = lines.last?.entry else { return nil }
            switch last {
            case .object(let info): return Array(info.key.utf8)
            case .folder(let key): return Array(key.utf8) + [0xFF]
            }
        }
    }

    private func page(_ call: S3Call, after: [UInt8]?, limit: Int) async throws -> Page {
        let prefix = call.head.parameter("prefix") ?? ""
        guard call.rights.mayList(prefix) else { throw S3Error.accessDenied }
        let delimiter = call.head.parameter("delimiter") ?? ""
        guard delimiter.isEmpty || delimiter == "/" else {
            throw S3Error.invalidArgument("The delimiter can only be /.")
        }
        guard limit > 0 else { return Page(lines: [], isTruncated: false) }
        let lines = try await folder.list(
            prefix: prefix, after: after, limit: limit + 1, groupsFolders: delimiter == "/")
        return Page(lines: Array(lines.prefix(limit)), isTruncated: lines.count > limit)
    }

    func listV2(_ call: S3Call) async throws -> Response {
        let limit = min(
            try call.integer("max-keys", in: 0...Int(Int32.max), default: limits.listKeysMax), limits.listKeysMax)
        var after = call.head.parameter("start-after").map { Array($0.utf8) }
        if let token = call.head.parameter("continuation-token") {
            guard let bytes = Hex.bytes(token), !bytes.isEmpty else {
                throw S3Error.invalidArgument("The continuation token provided is incorrect")
            }
            after = bytes
        }
        let page = try await page(call, after: after, limit: limit)
        let encode = try Self.encoding(call)
        var xml = XMLWriter()
        xml.element("ListBucketResult", isRoot: true) { xml in
            head(&xml, call, limit, page, encode)
            xml.number("KeyCount", page.lines.count)
            xml.text("ContinuationToken", call.head.parameter("continuation-token"))
            xml.text("NextContinuationToken", page.next.map { Hex.text($0) })
            xml.text("StartAfter", call.head.parameter("start-after").map(encode))
            Self.lines(&xml, page, encode)
        }
        return S3Answers.xml(xml)
    }

    func listV1(_ call: S3Call) async throws -> Response {
        let limit = min(
            try call.integer("max-keys", in: 0...Int(Int32.max), default: limits.listKeysMax), limits.listKeysMax)
        let marker = call.head.parameter("marker") ?? ""
        // A marker that is a folder's line stands behind everything in that folder.
        let isFolder = marker.hasSuffix("/") && call.head.parameter("delimiter") == "/"
        let after = marker.isEmpty ? nil : Array(marker.utf8) + (isFolder ? [0xFF] : [])
        let page = try await page(call, after: after, limit: limit)
        let encode = try Self.encoding(call)
        var xml = XMLWriter()
        xml.element("ListBucketResult", isRoot: true) { xml in
            head(&xml, call, limit, page, encode)
            xml.text("Marker", encode(marker))
            if page.isTruncated {
                switch page.lines.last?.entry {
                case .object(let info): xml.text("NextMarker", encode(info.key))
                case .folder(let key): xml.text("NextMarker", encode(key))
                case nil: break
                }
            }
            Self.lines(&xml, page, encode)
        }
        return S3Answers.xml(xml)
    }

    private static func encoding(_ call: S3Call) throws -> @Sendable (String) -> String {
        switch call.head.parameter("encoding-type") {
        case nil, "": return { $0 }
        case "url": return { URICoding.encode($0.utf8, keepsSlash: true) }
        default: throw S3Error.invalidArgument("Invalid Encoding Method specified in Request")
        }
    }

    private func head(
        _ xml: inout XMLWriter, _ call: S3Call, _ limit: Int, _ page: Page, _ encode: (String) -> String
    ) {
        xml.text("Name", bucket)
        xml.text("Prefix", encode(call.head.parameter("prefix") ?? ""))
        xml.text("Delimiter", call.head.parameter("delimiter").map(encode))
        xml.number("MaxKeys", limit)
        xml.text("EncodingType", call.head.parameter("encoding-type"))
        xml.flag("IsTruncated", page.isTruncated)
    }

    private static func lines(_ xml: inout XMLWriter, _ page: Page, _ encode: (String) -> String) {
        for (entry, tag) in page.lines {
            guard case .object(let info) = entry else { continue }
            xml.element("Contents") { xml in
                xml.text("Key", encode(info.key))
                xml.text("LastModified", SigningTime.iso(microseconds: info.modifiedMicroseconds))
                xml.text("ETag", "\"\(tag)\"")
                xml.number("Size", info.byteCount)
                xml.text("StorageClass", "STANDARD")
            }
        }
        for (entry, _) in page.lines {
            guard case .folder(let key) = entry else { continue }
            xml.element("CommonPrefixes") { $0.text("Prefix", encode(key)) }
        }
    }
}
