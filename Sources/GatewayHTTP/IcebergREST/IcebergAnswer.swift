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
            headers[.eTag] = EntityTag(location, snapshots, settings).text
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

    static func identifier(_ name: TableIdentifier) -> JSONValue {
        .object(["namespace": levels(name.namespace), "name": .string(name.name)])
    }

    static func levels(_ namespace: String) -> JSONValue { .strings(NamespaceName.levels(namespace)) }
}
