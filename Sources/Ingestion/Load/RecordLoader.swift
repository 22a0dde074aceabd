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
        let result = try BatchReader(table: context.declaration, limits: context.limits.forLoggedBatches).read(
            batch.body)
        let source = RejectSource(sha256: batch.sha256, jobID: stored.record.id, delimiter: nil)
        load.sources.append(source)
        load.count(read: result.rowsRead, blank: 0)
        var notes = Notes()
        var rejects = result.refused.map { RejectedRow($0, body: batch.body) }
        var verdicts = result.refused.map(\.verdict)
        var rows = result.accepted
        var missing: [References.Missing] = []
        var refused: [Int32] = []
        for (target, found) in zip(references.targets, references.missingRows(result.accepted)) {
            let column = result.accepted.columns[target.column]
            missing.append(
                References.Missing(count: found.count, example: found.first.flatMap { column.datum(Int($0)) }))
            for row in found.rows where !refused.contains(row) {
                let place = result.acceptedPlaces[Int(row)]
                let message = target.reference.message(of: column.datum(Int(row)), type: column.type)
                refused.append(row)
                verdicts.append(
                    RowVerdict(
                        index: place.index, column: target.reference.column, code: TableLoad.referenceMissing,
                        message: message))
                rejects.append(
                    RejectedRow(
                        line: place.line, byteOffset: place.byteRange.lowerBound, column: target.reference.column,
                        code: TableLoad.referenceMissing, message: message, raw: Array(batch.body[place.byteRange]),
                        isRawTruncated: false))
            }
        }
        rows = rows.removing(refused.sorted())
        ahead?.insert(rows)
        try await load.reject(
            RejectColumns(rejects),
            withoutReference: rejects.filter { $0.code == TableLoad.referenceMissing }.map(\.byteOffset), from: source)
        try await load.take(
            context.prepared(rows, places: places(result, without: Set(refused), body: batch.body)), isOnlyRecord: false
        )
        notes.verdicts = Array(verdicts.prefix(context.limits.verdictsMax))
        notes.warnings = warnings(missing)
        return notes
    }

    private func places(_ result: BatchReader.Result, without refused: Set<Int32>, body: [UInt8]) -> RowPlaces {
        guard context.declaration.conflict == .reject else { return .none }
        return .known(
            result.acceptedPlaces.enumerated().filter { !refused.contains(Int32($0.offset)) }.map { _, place in
                RowPlaces.Place(
                    line: place.line, byteOffset: place.byteRange.lowerBound, raw: Array(body[place.byteRange]),
                    index: place.index)
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
    init(_ refused: BatchReader.RefusedRow, body: [UInt8]) {
        self.init(
            line: refused.line, byteOffset: refused.byteRange.lowerBound, column: refused.verdict.column,
            code: refused.verdict.code, message: refused.verdict.message, raw: Array(body[refused.byteRange]),
            isRawTruncated: false)
    }
}
