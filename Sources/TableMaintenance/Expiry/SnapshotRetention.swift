package import Iceberg

/// Which snapshots and references of a table are to go.
///
/// Steps: references that passed their age go, main never; of each branch that stays, its newest snapshots are kept,
/// counted and by age, of each tag its one; snapshots that no reference leads to are kept by age. A bound on the number
/// of main's snapshots comes on top for tables whose history is Dipper's.
///
/// Source: Iceberg specification, "Snapshot Retention Policy"; table properties `history.expire.*`.
package struct SnapshotRetention: Sendable, Hashable {
    /// Property `history.expire.max-snapshot-age-ms`: 5 days.
    package var maxSnapshotAgeMilliseconds: Int64 = 5 * 24 * 60 * 60 * 1_000
    /// Property `history.expire.min-snapshots-to-keep`.
    package var minSnapshotsToKeep = 1
    /// Property `history.expire.max-ref-age-ms`: for ever.
    package var maxRefAgeMilliseconds = Int64.max
    /// The most snapshots of main; `nil`: any number.
    package var snapshotsMax: Int?
    /// What was current within this time does not count as too many.
    package var readerGraceMilliseconds: Int64 = 0

    package static let maxSnapshotAgeKey = "history.expire.max-snapshot-age-ms"
    package static let minSnapshotsToKeepKey = "history.expire.min-snapshots-to-keep"
    package static let maxRefAgeKey = "history.expire.max-ref-age-ms"

    package init() {}

    /// What the properties of a table say.
    package init(_ metadata: TableMetadata) {
        func number(_ key: String) -> Int64? { metadata.properties[key].flatMap { Int64($0) } }
        maxSnapshotAgeMilliseconds = number(Self.maxSnapshotAgeKey) ?? maxSnapshotAgeMilliseconds
        minSnapshotsToKeep = metadata.integerProperty(Self.minSnapshotsToKeepKey, default: 1, minimum: 1)
        maxRefAgeMilliseconds = number(Self.maxRefAgeKey) ?? maxRefAgeMilliseconds
    }

    /// What goes.
    package struct Plan: Sendable, Hashable {
        /// In the order of their names.
        package var references: [String] = []
        /// In the order of the metadata.
        package var snapshots: [Int64] = []

        package var isEmpty: Bool { references.isEmpty && snapshots.isEmpty }

        /// References first: a removed snapshot must not be named any more.
        var updates: [TableUpdate] {
            references.map { .removeSnapshotRef($0) } + (snapshots.isEmpty ? [] : [.removeSnapshots(snapshots)])
        }
    }

    /// - Parameters:
    ///   - protected: snapshots that stay whatever their age.
    ///   - nowMilliseconds: since 1970 UTC.
    /// - Complexity: O(snapshots × branches).
    package func plan(_ metadata: TableMetadata, protecting protected: Set<Int64>, nowMilliseconds: Int64) -> Plan {
        let known = Dictionary(metadata.snapshots.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        var plan = Plan()
        var kept = protected
        var reachable: Set<Int64> = []
        for (name, reference) in metadata.refs.sorted(by: { $0.key < $1.key }) {
            guard let head = known[reference.snapshotID] else {
                plan.references.append(name)
                continue
            }
            let age = nowMilliseconds - head.timestampMilliseconds
            if name != SnapshotReference.mainBranch, age > reference.maxRefAgeMilliseconds ?? maxRefAgeMilliseconds {
                plan.references.append(name)
                continue
            }
            kept.insert(head.id)
            reachable.insert(head.id)
            guard reference.kind == .branch else { continue }
            let line = Self.line(from: head, known)
            reachable.formUnion(line.map(\.id))
            kept.formUnion(keptCount(name, reference, line, nowMilliseconds).map(\.id))
        }
        let cut = nowMilliseconds.subtractingClamped(maxSnapshotAgeMilliseconds)
        for snapshot in metadata.snapshots where !kept.contains(snapshot.id) {
            if !reachable.contains(snapshot.id), snapshot.timestampMilliseconds >= cut { continue }
            plan.snapshots.append(snapshot.id)
        }
        return plan
    }

    /// The first snapshots of a branch, the newest first, that its settings keep.
    private func keptCount(
        _ name: String, _ reference: SnapshotReference, _ line: [Snapshot], _ now: Int64
    ) -> ArraySlice<Snapshot> {
        let least = max(1, reference.minSnapshotsToKeep ?? minSnapshotsToKeep)
        let cut = now.subtractingClamped(reference.maxSnapshotAgeMilliseconds ?? maxSnapshotAgeMilliseconds)
        var count = line.firstIndex { $0.timestampMilliseconds < cut } ?? line.count
        if let snapshotsMax, name == SnapshotReference.mainBranch, reference.maxSnapshotAgeMilliseconds == nil {
            // A snapshot stops being current when the next one comes.
            let grace = now.subtractingClamped(readerGraceMilliseconds)
            var read = 1
            while read < line.count, line[read - 1].timestampMilliseconds > grace { read += 1 }
            count = min(count, max(snapshotsMax, read))
        }
        return line.prefix(max(count, least))
    }

    /// A snapshot and its ancestors, the newest first, as far as they are there.
    static func line(from head: Snapshot, _ known: [Int64: Snapshot]) -> [Snapshot] {
        var line = [head]
        var seen: Set<Int64> = [head.id]
        while let parent = line[line.count - 1].parentID.flatMap({ known[$0] }), seen.insert(parent.id).inserted {
            line.append(parent)
        }
        return line
    }
}

extension Int64 {
    /// The difference, held at the ends of what 64 bits hold.
    fileprivate func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}
