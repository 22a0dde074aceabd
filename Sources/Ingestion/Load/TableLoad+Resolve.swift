import Iceberg
import LakeModel

/// Contested rows and what becomes of them.
extension TableLoad {
    /// What is stored of a contested key.
    private struct Stored {
        var count: Int32 = 0
        var isPending = false
        /// Of the only stored row (``KeyLocator/Match``).
        var equalsFirst = false
        var equalsLast = false
    }

    /// What becomes of a key.
    private struct Verdict {
        /// The row to be written, if any.
        var written: Int32?
        /// Whether the stored rows go.
        var deletes = false
    }

    func emptyContested() -> ContestedRows? {
        context.shape.map { ContestedRows(shape: $0, partitions: context.keyDecidesPartition ? [] : nil) }
    }

    func contest(_ rows: PreparedRows, _ doubled: KeySet.Contested, areDeletes: Bool = false) {
        contested?.append(rows, rows: doubled.rows, record: counts.count - 1, areDeletes: areDeletes)
        if doubled.hasRepeats { contested?.hasRepeats = true }
        if context.keyDecidesPartition {
            let specID = context.silver.defaultSpecID
            contested?.insert(partitions: rows.parts.map { PartitionKey(specID: specID, values: $0.values) })
        }
    }

    /// Settles all contested rows that have come so far.
    func resolve() async throws {
        guard let rows = contested, !rows.isEmpty else { return }
        contested = emptyContested()
        // The rows that this load wrote itself must be readable when their keys may be asked for.
        let looksAtOwn = rows.hasRepeats || hasWrittenContested
        if looksAtOwn { dataFiles += try await writer.flush() }
        let files = try await filesToSearch(own: looksAtOwn)
        guard let shape = context.shape else { return }
        let matches = try await KeyLocator(shape: shape, context: context, deletes: deleteReader).locate(
            rows, in: files, deleted: deletedRows, comparesValues: context.declaration.conflict == .replace)
        var stored = [Stored](repeating: Stored(), count: rows.groupCount)
        for match in matches {
            let group = Int(match.group)
            stored[group].count += 1
            stored[group].isPending = stored[group].isPending || files[Int(match.file)].isPending
            stored[group].equalsFirst = match.equalsFirst
            stored[group].equalsLast = match.equalsLast
        }
        var written: [Int32] = []
        var isDeleted = [Bool](repeating: false, count: rows.groupCount)
        var refused: [Int32] = []
        for group in 0..<rows.groupCount {
            let verdict =
                rows.hasDelete(Int32(group))
                ? settleWithDeletes(Int32(group), stored[group], in: rows, &refused)
                : settle(Int32(group), stored[group], in: rows, &refused)
            isDeleted[group] = verdict.deletes
            guard let row = verdict.written else { continue }
            written.append(row)
            if isShared { writingRecords[rows.key(row)] = rows.record(row) }
        }
        for match in matches where isDeleted[Int(match.group)] { delete(match, of: files[Int(match.file)].dataFile) }
        for row in refused.sorted() {
            let record = rows.record(row)
            try await turnIntoReject(record, rows.place(row), source: sources[record])
        }
        hasWrittenContested = hasWrittenContested || !written.isEmpty
        for batch in rows.gather(written) { try await writer.add(context.scatter.split(batch)) }
    }

    /// Decides about the rows of one key and counts them.
    private func settle(
        _ group: Int32, _ stored: Stored, in rows: ContestedRows, _ refused: inout [Int32]
    ) -> Verdict {
        let last = rows.last(group)
        var written: Int32?
        var previous: Int32?
        var previousRecord: Int?
        var next: Int32? = rows.first(group)
        if stored.isPending { previousRecord = isShared ? writingRecords[rows.key(last)] : rows.record(last) }
        if stored.count == 0, let first = next {
            // Its hash was known, its key was not.
            counts[rows.record(first)].inserted += 1
            written = first
            previous = first
            previousRecord = rows.record(first)
            next = rows.next(first)
        }
        guard context.declaration.conflict == .replace else {
            while let row = next {
                if context.declaration.conflict == .ignore {
                    counts[rows.record(row)].ignored += 1
                } else {
                    refused.append(row)
                }
                next = rows.next(row)
            }
            return Verdict(written: written)
        }
        while let row = next {
            let record = rows.record(row)
            next = rows.next(row)
            let isLastOfRecord = next.map { rows.record($0) != record } ?? true
            if !isLastOfRecord || previousRecord == record {
                counts[record].superseded += 1
            } else if isUnchanged(row, previous, stored, in: rows) {
                counts[record].unchanged += 1
            } else {
                counts[record].updated += 1
            }
            if isLastOfRecord {
                previous = row
                previousRecord = record
            }
        }
        guard stored.count > 0 else { return Verdict(written: previous) }
        if stored.count == 1, stored.equalsLast { return Verdict() }
        return Verdict(written: last, deletes: true)
    }

    /// The same for a key of which some write is a delete: one after the other, as they came. A delete that finds nothing
    /// leaves things unchanged, and is counted so.
    private func settleWithDeletes(
        _ group: Int32, _ stored: Stored, in rows: ContestedRows, _ refused: inout [Int32]
    ) -> Verdict {
        // Whether what is stored is right as it is, and a row of the group with the values that the key has.
        var isStoredRight = stored.count > 0
        var standing: Int32?
        // Which record of this load brought what stands.
        var standingRecord = stored.isPending ? writingRecords[rows.key(rows.first(group))] : nil
        var next: Int32? = rows.first(group)
        while let row = next {
            let record = rows.record(row)
            let stands = isStoredRight || standing != nil
            next = rows.next(row)
            if rows.isDelete(row) {
                if stands { counts[record].deleted += 1 } else { counts[record].unchanged += 1 }
                isStoredRight = false
                standing = nil
                standingRecord = nil
                continue
            }
            guard context.declaration.conflict == .replace || !stands else {
                if context.declaration.conflict == .ignore { counts[record].ignored += 1 } else { refused.append(row) }
                continue
            }
            if context.declaration.conflict == .replace, let next, rows.record(next) == record {
                counts[record].superseded += 1
                continue
            }
            let isSame =
                standing.map { rows.isEqual(row, $0, columnCount: columnCount) }
                ?? (stands && stored.count == 1 && stored.equalsFirst && row == rows.firstFinal(group))
            if !stands {
                counts[record].inserted += 1
            } else if standingRecord == record {
                counts[record].superseded += 1
            } else if isSame {
                counts[record].unchanged += 1
            } else {
                counts[record].updated += 1
            }
            isStoredRight = isStoredRight && isSame
            standing = row
            standingRecord = record
        }
        return isStoredRight ? Verdict() : Verdict(written: standing, deletes: stored.count > 0)
    }

    private func isUnchanged(_ row: Int32, _ previous: Int32?, _ stored: Stored, in rows: ContestedRows) -> Bool {
        if let previous { return rows.isEqual(row, previous, columnCount: columnCount) }
        // Without a row before it, this is the last one of the first record.
        return stored.count == 1 && stored.equalsFirst
    }

    private func delete(_ match: KeyLocator.Match, of file: DataFile) {
        deletedFiles[file.location] = file
        deletedRows[file.location, default: Bitmap(repeating: false, count: Int(file.recordCount))]
            .set(Int(match.position), to: true)
    }

    private func filesToSearch(own: Bool) async throws -> [StoredFile] {
        if storedFiles == nil {
            let plan =
                replacesAll
                ? nil : try await TableScan(metadata: context.silver, io: context.tables.io).plan()
            storedFiles =
                plan?.tasks.map {
                    StoredFile(dataFile: $0.dataFile, deleteFiles: $0.deleteFiles, isPending: false)
                } ?? []
        }
        let pending = own ? dataFiles.map { StoredFile(dataFile: $0, deleteFiles: [], isPending: true) } : []
        return (storedFiles ?? []) + pending
    }
}
