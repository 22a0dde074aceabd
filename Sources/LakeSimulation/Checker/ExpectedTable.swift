import Ingestion
import LakeModel

/// What a table must hold, by the rules for writes and nothing else.
struct ExpectedTable: Sendable {
    let isKeyed: Bool
    /// Rows by id; several of one id in a table without a key, and where another engine doubled a key.
    private(set) var rows: [Int64: [SimulatedRow]] = [:]

    init(isKeyed: Bool) { self.isKeyed = isKeyed }

    /// Every row as often as it is there.
    var counted: [SimulatedRow: Int] {
        var counted: [SimulatedRow: Int] = [:]
        for row in rows.values.joined() { counted[row, default: 0] += 1 }
        return counted
    }

    /// Takes a write's accepted rows.
    /// - Returns: the counts that its receipt must have.
    mutating func apply(_ payload: SimulatedPayload, replacesAll: Bool) -> JobReceipt.Rows {
        var counts = JobReceipt.Rows()
        counts.read = payload.rows.count
        counts.rejected = payload.rows.count(where: \.isRefused)
        counts.accepted = counts.read - counts.rejected
        if replacesAll { rows = [:] }
        let accepted = payload.rows.filter { !$0.isRefused }.map(\.row)
        guard isKeyed else {
            for row in accepted { rows[row.id, default: []].append(row) }
            counts.inserted = accepted.count
            return counts
        }
        for (id, group) in Dictionary(grouping: accepted, by: \.id) {
            guard let last = group.last else { continue }
            counts.superseded += group.count - 1
            switch rows[id] ?? [] {
            case []: counts.inserted += 1
            case [last]: counts.unchanged += 1
            default: counts.updated += 1
            }
            rows[id] = [last]
        }
        return counts
    }

    mutating func append(_ added: [SimulatedRow]) { for row in added { rows[row.id, default: []].append(row) } }

    /// - Returns: whether all of them were there.
    mutating func remove(_ removed: [SimulatedRow]) -> Bool {
        for row in removed {
            guard let index = rows[row.id]?.firstIndex(of: row) else { return false }
            rows[row.id]?.remove(at: index)
            if rows[row.id]?.isEmpty == true { rows[row.id] = nil }
        }
        return true
    }
}

/// A log record and what it stands for.
struct LoggedWrite: Sendable {
    let id: String
    let offset: Int64
    let signature: WriteSignature
    let payload: SimulatedPayload

    /// Whether nothing of it may be applied.
    var isRefusedWhole: Bool { signature.onError == .fail && payload.rows.contains(where: \.isRefused) }
    var replacesAll: Bool { signature.mode == .overwrite }
}

/// What tells writes with other effects apart.
struct WriteSignature: Sendable, Hashable {
    let table: String
    let sha256: String
    let mode: UploadRequest.Mode?
    let onError: UploadRequest.OnError
}

/// The identity of a refused row.
struct RejectIdentity: Sendable, Hashable {
    let sha256: String
    let byteOffset: Int
}
