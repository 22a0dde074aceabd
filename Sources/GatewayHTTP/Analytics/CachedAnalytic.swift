/// A page of an analytic's answer as it is kept: what its headers say, a line each, then its encoded body.
struct CachedAnalytic: Sendable, Hashable {
    var tag: String
    /// As ``SnapshotHeader/text(_:)`` writes them.
    var snapshots: String
    var source: String
    /// Rows of all pages.
    var total: Int
    var body: [UInt8]

    var bytes: [UInt8] { Array("\(tag)\n\(snapshots)\n\(source)\n\(total)\n".utf8) + body }

    init(tag: String, snapshots: String, source: String, total: Int, body: [UInt8]) {
        self.tag = tag
        self.snapshots = snapshots
        self.source = source
        self.total = total
        self.body = body
    }

    /// `nil` for bytes of another form.
    init?(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 4, omittingEmptySubsequences: false)
        guard lines.count == 5, let total = Int(String(decoding: lines[3], as: UTF8.self)) else { return nil }
        tag = String(decoding: lines[0], as: UTF8.self)
        snapshots = String(decoding: lines[1], as: UTF8.self)
        source = String(decoding: lines[2], as: UTF8.self)
        self.total = total
        body = Array(lines[4])
    }
}
