import ByteKernels
package import CatalogService
package import Iceberg
package import LakeModel

/// Tells from metadata alone whether gold tables reflect their inputs.
///
/// Each snapshot of a gold table names in its summary the definition that it was computed by and the snapshot of each input
/// that was read. The table is current while both still hold, and so do the gold tables that it is made of.
package struct GoldBook: Sendable {
    /// What the summary of a gold snapshot says.
    package enum Key {
        /// Digest of the definition.
        package static let definition = "dipper.gold.definition"
        /// Digest of the rows.
        package static let rows = "dipper.gold.rows-sha256"
        /// Stands on snapshots that have the rows of their parent.
        package static let unchanged = "dipper.gold.unchanged"
        /// Followed by a table: the snapshot that was read, or ``none``.
        package static let inputPrefix = "dipper.input."
        /// Of an input without a snapshot.
        package static let none = "none"
    }

    package let model: LakeDeclaration

    package init(model: LakeDeclaration) { self.model = model }

    package static func identifier(_ gold: String) -> TableIdentifier {
        TableIdentifier(namespace: GoldDeclaration.namespace, name: gold)
    }

    /// What a gold table reads: silver tables, and gold tables of its `from`.
    package func inputs(of gold: GoldDeclaration) -> [TableIdentifier] {
        model.inputs(of: gold).map { TableIdentifier(namespace: LakeDeclaration.silverNamespace, name: $0.silverName) }
            + gold.from.map { Self.identifier($0) }
    }

    /// All tables that bear on whether `names` are current, themselves included.
    package func tables(bearingOn names: [String]) -> [TableIdentifier] {
        var found: [TableIdentifier] = []
        var waiting = names
        while let name = waiting.popLast() {
            guard let gold = model.gold(named: name), !found.contains(Self.identifier(name)) else { continue }
            found.append(Self.identifier(name))
            for input in inputs(of: gold) where input.namespace != GoldDeclaration.namespace && !found.contains(input) {
                found.append(input)
            }
            waiting += gold.from
        }
        return found
    }

    /// The SQL that fills a table: typed, and in one order, so that the same rows are the same bytes.
    package func fillingSQL(_ gold: GoldDeclaration) -> String {
        let definition = LakeDeclaration.overGold(gold.typedSQL, from: gold.from)
        return "SELECT * FROM (\n\(definition)\n) AS filled ORDER BY ALL"
    }

    /// The digest of everything in a definition that the stored table shows.
    package func digest(_ gold: GoldDeclaration) -> String {
        let columns = gold.columns.map { "\($0.name) \($0.type) \($0.doc ?? "")" }
        let text = ([fillingSQL(gold)] + columns).joined(separator: "\u{0}")
        var stream = SHA256Stream()
        stream.update(Array(text.utf8))
        return SHA256Stream.hex(stream.finish())
    }

    /// Whether a gold table is what its definition makes of its inputs as they are.
    /// - Parameter metadata: of every table of ``tables(bearingOn:)`` that there is.
    package func isCurrent(_ name: String, _ metadata: [TableIdentifier: TableMetadata]) -> Bool {
        guard let gold = model.gold(named: name), let stored = metadata[Self.identifier(name)],
            let evidence = Self.evidence(stored), evidence.summary[Key.definition] == digest(gold)
        else { return false }
        for input in inputs(of: gold) {
            guard let current = metadata[input],
                let recorded = evidence.summary[Key.inputPrefix + input.description],
                Self.hasRows(of: recorded, current)
            else { return false }
        }
        return gold.from.allSatisfy { isCurrent($0, metadata) }
    }

    /// The snapshot that tells what the current rows were computed from.
    package static func evidence(_ metadata: TableMetadata) -> Snapshot? {
        line(metadata).first { $0.summary[Key.definition] != nil }
    }

    /// Whether a table's rows are those of its snapshot `recorded`.
    private static func hasRows(of recorded: String, _ metadata: TableMetadata) -> Bool {
        guard let current = metadata.currentSnapshotID else { return recorded == Key.none }
        if recorded == String(current) { return true }
        return line(metadata).contains { String($0.id) == recorded }
    }

    /// The current snapshot and those before it whose rows are the same: replaced files hold the rows that they replace.
    private static func line(_ metadata: TableMetadata) -> [Snapshot] {
        var line: [Snapshot] = []
        var next = metadata.currentSnapshot
        while let snapshot = next, line.count < GoldLimits.lineMax {
            line.append(snapshot)
            guard
                snapshot.operation == SnapshotProducer.Operation.replace.rawValue
                    || snapshot.summary[Key.unchanged] == "true"
            else { break }
            next = snapshot.parentID.flatMap { metadata.snapshot(id: $0) }
        }
        return line
    }
}
