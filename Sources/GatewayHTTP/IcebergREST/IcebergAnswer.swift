import ByteKernels
import CatalogService
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers of the catalog.
enum IcebergAnswer {
    static func json(_ value: JSONValue) -> Response { Answers.json(value) }

    static var empty: Response { Response(status: .noContent) }

    /// Bytes of a document that are handed to the connection at once.
    private static let pieceBytes = 256 << 10

    /// A table or view: its metadata goes out as the bytes that its file holds, a piece at a time.
    /// - Parameter settings: what the client needs to reach the table's files.
    static func document(
        _ document: TableDocument, snapshots: SnapshotSelection = .all, settings: [String: String] = [:]
    ) -> Response {
        var head: [UInt8] = []
        var headers: HTTPFields = [.contentType: Answers.json, .cacheControl: "no-store"]
        head += Array("{".utf8)
        if let location = document.metadataLocation {
            head += Array("\"metadata-location\":".utf8)
            JSONValue.string(location).append(to: &head)
            head += Array(",".utf8)
            headers[.eTag] = entityTag(location, snapshots, settings)
        }
        head += Array("\"metadata\":".utf8)
        let tail = Array(",\"config\":".utf8) + JSONValue.map(settings).bytes + Array("}".utf8)
        let json = document.json
        if json.count <= pieceBytes {
            return Response(
                status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: head + json + tail)))
        }
        let first = head
        let body = ResponseBody(contentLength: first.count + json.count + tail.count) { writer in
            var begin = 0
            while begin < json.count {
                let end = min(begin + pieceBytes, json.count)
                var buffer = ByteBufferAllocator().buffer(capacity: end - begin + first.count + tail.count)
                if begin == 0 { buffer.writeBytes(first) }
                buffer.writeBytes(json[begin..<end])
                if end == json.count { buffer.writeBytes(tail) }
                try await writer.write(buffer)
                begin = end
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// The entity tag of a table's metadata: a metadata file never changes, so its location tells. The settings are in it, too:
    /// who has other keys than at the last answer must get them.
    static func entityTag(
        _ location: String, _ snapshots: SnapshotSelection, _ settings: [String: String] = [:]
    ) -> String {
        var hash = SHA256Stream()
        hash.update(Array(location.utf8))
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            hash.update(Array("\n\(name)=\(value)".utf8))
        }
        return "\"\(SHA256Stream.hex(Array(hash.finish().prefix(16)))).\(snapshots.rawValue)\""
    }

    /// Whether one of the tags that a client has is this one (RFC 9110, section 13.1.2).
    static func matches(_ header: String?, _ tag: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { item in
            let text = item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            let bare = String(text)
            return bare == "*" || bare == tag || bare == "W/\(tag)"
        }
    }

    static func identifier(_ name: TableIdentifier) -> JSONValue {
        .object(["namespace": levels(name.namespace), "name": .string(name.name)])
    }

    static func levels(_ namespace: String) -> JSONValue { .strings(NamespaceName.levels(namespace)) }
}
