import ByteKernels
import CatalogService

/// The entity tag of a table's metadata: a metadata file never changes, so its location tells. The settings that go with it are
/// part of it, too: who has other keys than at the last answer must get them.
///
/// Keys that are lent for a time differ with every answer. In their place the tag has the instant at which they end, so that a client
/// is told that nothing changed for as long as its keys are good, and not longer.
struct EntityTag {
    /// Keys that end sooner than this are renewed: 5 minutes, what a scan may need until it asks again.
    static let keyMillisecondsMin: Int64 = 5 * 60 * 1_000

    private let hash: String
    private let selection: String
    /// Milliseconds since 1970 UTC; `nil` for keys that don't end, and for none.
    private let deadline: Int64?

    init(_ location: String, _ snapshots: SnapshotSelection, _ settings: [String: String] = [:]) {
        deadline = settings[StorageAccess.expiryName].flatMap { Int64($0) }
        let lent = deadline == nil ? [] : Set(StorageAccess.keyNames)
        var hash = SHA256Stream()
        hash.update(Array(location.utf8))
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) where !lent.contains(name) {
            hash.update(Array("\n\(name)=\(value)".utf8))
        }
        self.hash = SHA256Stream.hex(Array(hash.finish().prefix(16)))
        selection = snapshots.rawValue
    }

    var text: String { text(deadline) }

    private func text(_ deadline: Int64?) -> String {
        "\"\(hash)\(deadline.map { ".\($0)" } ?? "").\(selection)\""
    }

    /// The tag of those that a client has (`If-None-Match`) by which it has what it would get now, with keys that are still good;
    /// `nil` without one.
    ///
    /// Source: RFC 9110, section 13.1.2.
    func known(_ header: String?, nowMilliseconds: Int64) -> String? {
        for item in (header ?? "").split(separator: ",") {
            let trimmed = item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            let tag = String(trimmed).replacing(/^W\//, with: "")
            guard deadline != nil else {
                if tag == "*" || tag == text { return text }
                continue
            }
            let parts = tag.split(separator: ".")
            guard parts.count == 3, let end = Int64(parts[1]), tag == text(end) else { continue }
            if end >= nowMilliseconds + Self.keyMillisecondsMin { return tag }
        }
        return nil
    }
}
