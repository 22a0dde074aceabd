import Iceberg
import LakeModel

/// Contested rows and what becomes of them.
extension TableLoad {
    /// What is stored of a contested key.
    private struct Stored {
        /// The number of stored rows in the lowest two bits, 2 for more than one.
        private var bits: UInt8 = 0

        private static let pending: UInt8 = 4
        private static let equalsFirst: UInt8 = 8
        private static let equalsLast: UInt8 = 16
        private static let going: UInt8 = 32

        /// One committed row that holds the values of all contested ones.
        var isRight: Bool { bits == 1 | Self.equalsFirst | Self.equalsLast }
        var count: Int { Int(bits & 3) }
        var isPending: Bool { bits & Self.pending != 0 }
        /// Of the only stored row (``ContestedRows/Equality``).
        var equalsFirst: Bool { bits & Self.equalsFirst != 0 }
        var equalsLast: Bool { bits & Self.equalsLast != 0 }
        /// Whether the stored rows are to be deleted.
        var isGoing: Bool {
            get { bits & Self.going != 0 }
            set { if newValue { bits |= Self.going } else { bits &= ~Self.going } }
        }

        mutating func add(_ equality: ContestedRows.Equality, isPending: Bool) {
            let pending = isPending ? Self.pending : bits & Self.pending
            let equal =
                (equality.contains(.first) ? Self.equalsFirst : 0) | (equality.contains(.last) ? Self.equalsLast : 0)
            bits = (bits & 3 == 0 ? 1 : 2) | pending | equal
        }
    }

    /// What becomes of a key.
    private struct Verdict {
        /// The row to be written, if any.
        var written: Int32?
        /// Whether the stored rows go.
        var deletes = false
    }

    func emptyContested() -> ContestedRows? {
        // Derived columns come from the others.
        context.shape.map {
            ContestedRows(shape: $0, columnCount: columnCount, partitions: context.keyDecidesPartition ? [] : nil)
        }
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
        guard var rows = contested, !rows.isEmpty, let shape = context.shape else { return }
        contested = emptyContested()
        // The rows that this load wrote itself must be readable when their keys may be asked for.
        let looksAtOwn = rows.hasRepeats || hasWrittenContested
        if looksAtOwn { dataFiles += try await writer.flush() }
        let files = try await filesToSearch(own: looksAtOwn)
        context.stages.measure(.keys) { rows.seal() }
        let found = try await KeyLocator(shape: shape, context: context, deletes: deleteReader).locate(
            rows, in: files, deleted: deletedRows, comparesValues: context.declaration.conflict == .replace)
        var refused: [Int32] = []
        let written = context.stages.measure(.keys) { settle(rows, found, files, &refused) }
        for row in refused.sorted(by: rows.isBefore) {
            let record = rows.record(row)
            try await turnIntoReject(record, rows.place(row), source: sources[record])
        }
        hasWrittenContested = hasWrittenContested || !written.isEmpty
        for (partition, kept) in rows.gather(written) {
            let batch = context.derived.appended(to: kept)
            if let partition {
                try await writer.add([PartitionScatter.Part(values: partition, batch: batch)])
            } else {
                try await writer.add(context.scatter.split(batch))
            }
        }
    }

    /// Decides about all keys, counts their rows and deletes stored ones.
    /// - Returns: the rows to be written.
    private func settle(
        _ rows: ContestedRows, _ found: [KeyLocator.Found], _ files: [StoredFile], _ refused: inout [Int32]
    ) -> [Int32] {
        var stored = [Stored](repeating: Stored(), count: rows.rowCount)
        for group in found {
            let isPending = files[group.file].isPending
            var index = 0
            for run in group.runs {
                for offset in 0..<run.count {
                    let equality = group.equality.isEmpty ? [] : group.equality[index]
                    stored[Int(rows.group(run.row + offset))].add(equality, isPending: isPending)
                    index += 1
                }
            }
        }
        var written: [Int32] = []
        var goes = false
        let mayBeRight = rows.isPlain && context.declaration.conflict == .replace
        for piece in rows.pieces {
            var unchanged = 0
            for row in piece.rows {
                if mayBeRight, stored[row].isRight {
                    unchanged += 1
                    continue
                }
                let group = Int32(row)
                if rows.group(group) != group { continue }
                let verdict =
                    rows.hasDelete(group)
                    ? settleWithDeletes(group, stored[row], in: rows, &refused)
                    : settle(group, stored[row], in: rows, &refused)
                stored[row].isGoing = verdict.deletes
                goes = goes || verdict.deletes
                guard let row = verdict.written else { continue }
                written.append(row)
                if isShared { writingRecords[rows.key(row)] = rows.record(row) }
            }
            counts[piece.record].unchanged += unchanged
        }
        if goes {
            for group in found { delete(group, of: files[group.file].dataFile) { stored[Int(rows.group($0))].isGoing } }
        }
        return written
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

    private func delete(_ found: KeyLocator.Found, of file: DataFile, where isGoing: (Int32) -> Bool) {
        var deleted =
            deletedRows.removeValue(forKey: file.location)
            ?? Bitmap(repeating: false, count: Int(file.recordCount))
        var isTouched = deletedFiles[file.location] != nil
        for run in found.runs {
            for offset in 0..<run.count where isGoing(run.row + offset) {
                deleted.set(Int(found.firstRow + Int64(run.stored + offset)), to: true)
                isTouched = true
            }
        }
        guard isTouched else { return }
        deletedFiles[file.location] = file
        deletedRows[file.location] = deleted
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
