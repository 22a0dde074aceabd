import LakeModel

@testable import Ingestion

/// A table as a dictionary, and what each write does to it: the pipeline's behaviour without any of its machinery.
struct LakeOracle {
    /// A row of a file or batch; one without a key or name is refused.
    struct Row: Hashable {
        var key: Int?
        var name: String?
        var day: String?
        var isBlank = false

        var isValid: Bool { key != nil && name != nil }
    }

    struct Write {
        var rows: [Row]
        var replacesAll = false
        var failsOnRejects = false
        /// Equal for writes of equal bytes.
        var bytes: String
    }

    let conflict: ConflictAction
    private(set) var stored: [Int: Row] = [:]
    /// Identities of rows in quarantine.
    private(set) var rejects: Set<String> = []

    init(conflict: ConflictAction) { self.conflict = conflict }

    /// - Returns: the counts of the receipt; `nil` for a write that fails.
    mutating func apply(_ write: Write) -> JobReceipt.Rows? {
        var next = write.replacesAll ? [:] : stored
        let before = next
        var counts = JobReceipt.Rows()
        var refused: Set<String> = []
        var written: Set<Int> = []
        counts.read = write.rows.count
        for (index, row) in write.rows.enumerated() {
            if row.isBlank {
                counts.blank += 1
                continue
            }
            guard let key = row.key, row.name != nil else {
                counts.rejected += 1
                refused.insert("\(write.bytes)/\(index)/value")
                continue
            }
            if next[key] == nil {
                counts.inserted += 1
            } else if conflict == .ignore {
                counts.ignored += 1
                continue
            } else if conflict == .reject {
                counts.rejected += 1
                refused.insert("\(write.bytes)/\(index)/key-exists")
                continue
            } else if written.contains(key) {
                counts.superseded += 1
            }
            written.insert(key)
            next[key] = row
        }
        for key in written where before[key] != nil {
            if before[key] == next[key] { counts.unchanged += 1 } else { counts.updated += 1 }
        }
        counts.accepted = counts.inserted + counts.updated + counts.unchanged + counts.superseded + counts.ignored
        if write.failsOnRejects, counts.rejected > 0 { return nil }
        stored = next
        rejects.formUnion(refused)
        return counts
    }

    /// - Returns: the counts of the receipt.
    mutating func delete(_ key: Int) -> JobReceipt.Rows {
        var counts = JobReceipt.Rows()
        counts.read = 1
        counts.accepted = 1
        if stored.removeValue(forKey: key) == nil { counts.unchanged = 1 } else { counts.deleted = 1 }
        return counts
    }

    /// As ``TestLake/rows(_:)`` gives them.
    var rows: [String] {
        stored.map { "\($0)|\($1.name ?? "-")|\($1.day ?? "-")" }.sorted()
    }
}
