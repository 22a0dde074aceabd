import ObjectStorage
import CSVFormat
import EventLog
import LakeModel

/// Brings one log record's rows into a load, and gathers what its receipt says.
struct RecordLoader: Sendable {
    let context: TableContext
    let references: References
    let board: JobBoard
    let parallelism: Int

    /// Least time between two notes of progress.
    private static let progressInterval = Duration.milliseconds(200)

    /// What the rows themselves do not tell.
    struct Notes: Sendable {
        var dialect: JobReceipt.Dialect?
        var warnings: [String] = []
        var verdicts: [RowVerdict] = []
    }

    func load(_ file: FileLanded, of stored: StoredRecord, into load: TableLoad) async throws -> Notes {
        let source = try await context.tables.objects.open(file.objectKey)
        let reader = try BronzeReader(source, limits: context.limits)
        let chunks = try FileChunks(
            reader: reader, table: context.declaration,
            overrides: CSVOverrides(delimiter: file.delimiter, header: file.header), crew: context.crew,
            parallelism: parallelism, stages: context.stages
        ) { [context, references] result, chunk in
            context.stages.measure(.prepare) {
                PreparedChunk(result, chunk, context: context, references: references)
            }
        }
        let rejectSource = RejectSource(
            sha256: file.sha256, jobID: stored.record.id, delimiter: chunks.sniff.dialect.delimiter)
        load.sources.append(rejectSource)
        do {
            return try await consume(chunks, rejectSource, reader.byteCount, load)
        } catch {
            await chunks.cancel()
            throw error
        }
    }

    private func consume(
        _ chunks: FileChunks<PreparedChunk>, _ source: RejectSource, _ byteCount: Int, _ load: TableLoad
    ) async throws -> Notes {
        var notes = Notes(dialect: JobReceipt.Dialect(chunks.sniff))
        var missing = references.targets.map { _ in References.Missing() }
        let start = ContinuousClock.now
        var noted = start
        var rowsDone = 0
        while let element = try await chunks.next() {
            let chunk = element.prepared
            load.count(read: chunk.read, blank: chunk.blank)
            try await load.reject(chunk.rejects, withoutReference: chunk.withoutReference, from: source)
            try await load.take(chunk.rows, isOnlyRecord: true)
            for (index, found) in chunk.missing.enumerated() {
                missing[index].count += found.count
                missing[index].example = missing[index].example ?? found.example
            }
            rowsDone += chunk.read
            let now = ContinuousClock.now
            if now - noted > Self.progressInterval {
                noted = now
                await board.advanced(
                    source.jobID,
                    JobReceipt.Progress(
                        bytesDone: element.objectOffset, bytesTotal: byteCount, rowsDone: rowsDone,
                        seconds: (now - start) / .seconds(1)))
            }
            try Task.checkCancellation()
        }
        notes.warnings = warnings(missing)
        return notes
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
            guard missing.count > 0, target.reference.action == .warn else { return nil }
            let type = context.declaration.columns[target.column].type
            let example = missing.example.map { ValueFormatter.text($0, type: type) } ?? "null"
            return "\(missing.count) rows have a `\(target.reference.column)` that is no key of "
                + "\(target.reference.table) (the first: \(example)); they are kept"
        }
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

extension JobReceipt.Dialect {
    init(_ sniff: CSVSniff) {
        self.init(
            delimiter: sniff.dialect.delimiter == 9 ? "\t" : String(UnicodeScalar(sniff.dialect.delimiter)),
            header: sniff.dialect.hasHeader, byteOrderMark: sniff.dialect.hasByteOrderMark,
            lineEnding: sniff.dialect.lineEnding.rawValue, evidence: sniff.evidence)
    }
}

extension JobReceipt.Progress {
    init(bytesDone: Int, bytesTotal: Int, rowsDone: Int, seconds: Double) {
        let rate = seconds > 0 ? Double(bytesDone) / seconds : 0
        self.init(
            bytesDone: bytesDone, rowsDone: rowsDone, rowsPerSecond: seconds > 0 ? Double(rowsDone) / seconds : 0,
            secondsLeft: rate > 0 ? Double(bytesTotal - bytesDone) / rate : nil)
    }
}
