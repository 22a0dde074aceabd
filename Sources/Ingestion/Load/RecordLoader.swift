import CSVFormat
import EventLog
import LakeModel

/// Brings one batch's rows into a load, and gathers what its receipt says.
struct RecordLoader: Sendable {
    let context: TableContext
    let references: References
    /// Given the keys that are written, when the batch is let in before a file.
    var ahead: AheadKeys?

    /// What the rows themselves do not tell.
    struct Notes: Sendable {
        var warnings: [String] = []
        var verdicts: [RowVerdict] = []
    }

    func load(_ batch: BatchLanded, of stored: StoredRecord, into load: TableLoad) async throws -> Notes {
        let result = try batch.rows(of: context.declaration, limits: context.limits).rows
        let source = RejectSource(sha256: batch.sha256, jobID: stored.record.id, delimiter: nil)
        load.sources.append(source)
        load.count(read: result.rowsRead, blank: result.blankRows)
        var notes = Notes()
        var rejects = result.refused.map(RejectedRow.init)
        var verdicts = result.refused.map(\.verdict)
        var rows = result.accepted
        var missing: [References.Missing] = []
        var refused: [Int32] = []
        for (target, found) in zip(references.targets, references.missingRows(result.accepted)) {
            let column = result.accepted.columns[target.column]
            missing.append(
                References.Missing(count: found.count, example: found.first.flatMap { column.datum(Int($0)) }))
            for row in found.rows where !refused.contains(row) {
                let origin = result.origins[Int(row)]
                let message = target.reference.message(of: column.datum(Int(row)), type: column.type)
                refused.append(row)
                verdicts.append(
                    RowVerdict(
                        index: origin.place.index, column: target.reference.column, code: TableLoad.referenceMissing,
                        message: message))
                rejects.append(
                    RejectedRow(
                        line: origin.place.line, byteOffset: origin.place.byteOffset, column: target.reference.column,
                        code: TableLoad.referenceMissing, message: message, raw: origin.raw,
                        isRawTruncated: false))
            }
        }
        rows = rows.removing(refused.sorted())
        ahead?.insert(rows)
        if let deletes = result.deletes { ahead?.insert(deletes) }
        try await load.reject(
            RejectColumns(rejects),
            withoutReference: rejects.filter { $0.code == TableLoad.referenceMissing }.map(\.byteOffset), from: source)
        try await load.take(
            context.prepared(rows, places: places(result, without: Set(refused))), isOnlyRecord: false)
        if let deletes = result.deletes { try await load.delete(context.prepared(deletes, places: .none)) }
        notes.verdicts = Array(verdicts.prefix(context.limits.verdictsMax))
        notes.warnings = warnings(missing)
        return notes
    }

    private func places(_ result: BatchRows, without refused: Set<Int32>) -> RowPlaces {
        guard context.declaration.conflict == .reject else { return .none }
        return .known(
            result.origins.enumerated().filter { !refused.contains(Int32($0.offset)) }.map { _, origin in
                RowPlaces.Place(
                    line: origin.place.line, byteOffset: origin.place.byteOffset, raw: origin.raw,
                    index: origin.place.index)
            })
    }

    private func warnings(_ missing: [References.Missing]) -> [String] {
        zip(references.targets, missing).compactMap { target, missing in
            let type = context.declaration.columns[target.column].type
            return References.warning(
                target, count: missing.count, example: missing.example.map { ValueFormatter.text($0, type: type) })
        }
    }
}

extension References {
    /// What a receipt says about values that lead nowhere, of a reference that only warns.
    static func warning(_ target: Target, count: Int, example: String?) -> String? {
        guard count > 0, target.reference.action == .warn else { return nil }
        return "\(count) rows have a `\(target.reference.column)` that is no key of "
            + "\(target.reference.table) (the first: \(example ?? "null")); they are kept"
    }
}

extension RejectedRow {
    init(_ refused: BatchRows.Refused) {
        self.init(
            line: refused.place.line, byteOffset: refused.place.byteOffset, column: refused.verdict.column,
            code: refused.verdict.code, message: refused.verdict.message, raw: refused.raw,
            isRawTruncated: refused.isRawTruncated)
    }
}
