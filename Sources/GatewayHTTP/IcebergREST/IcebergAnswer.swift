import ByteKernels
import CatalogService
import HTTPTypes
import Hummingbird

/// Answers of the catalog.
enum IcebergAnswer {
    static func json(_ value: JSONValue) -> Response { Answers.json(value) }

    static var empty: Response { Response(status: .noContent) }

    /// A table or view: its metadata goes out as the bytes that its file holds.
    /// - Parameter settings: what the client needs to reach the table's files.
    static func document(
        _ document: TableDocument, snapshots: SnapshotSelection = .all, settings: [String: String] = [:]
    ) -> Response {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(document.json.count + 512)
        var headers: HTTPFields = [:]
        bytes += Array("{".utf8)
        if let location = document.metadataLocation {
            bytes += Array("\"metadata-location\":".utf8)
            JSONValue.string(location).append(to: &bytes)
            bytes += Array(",".utf8)
            headers[.eTag] = entityTag(location, snapshots, settings)
        }
        bytes += Array("\"metadata\":".utf8)
        bytes += document.json
        bytes += Array(",\"config\":".utf8)
        JSONValue.map(settings).append(to: &bytes)
        bytes += Array("}".utf8)
        return Answers.bytes(bytes, contentType: Answers.json, headers: headers)
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
