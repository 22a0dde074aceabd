import LakeModel

/// Checks what must hold of every table, whoever wrote it.
package enum TableInvariants {
    /// One rule that does not hold.
    package struct Violation: Sendable, Hashable, CustomStringConvertible {
        /// A stable name in kebab case, for example `file-live-twice`.
        package let code: String
        package let message: String

        package var description: String { "\(code): \(message)" }
    }

    /// Checks what can be told from the metadata alone: its ids, refs, logs and clock.
    package static func checkMetadata(_ metadata: TableMetadata) -> [Violation] {
        var check = InvariantCheck(metadata: metadata)
        check.checkMetadata()
        return check.violations
    }

    /// The same for metadata that keeps all snapshots of `base` in their place: only what came to it since.
    /// - Complexity: O(snapshots and entries that are new), besides schemas and refs.
    package static func checkMetadata(_ metadata: TableMetadata, after base: TableMetadata) -> [Violation] {
        var check = InvariantCheck(metadata: metadata)
        check.checkAdded(base)
        return check.violations
    }

    /// Checks a snapshot of a table, the current one unless another is named.
    ///
    /// - No location is live twice, and every file that the snapshot names exists.
    /// - The summary's totals are the sums over the live entries.
    /// - Sequence numbers are assigned, within the table's, and the manifest list's lowest is that of the live entries.
    /// - The manifest list's counts, rows, length and partition summaries are those of the manifests.
    /// - The metadata's own ids, refs and logs fit together and its clock never went back.
    /// - Parameter checksFiles: whether to look for each data and delete file; manifests are always read.
    /// - Returns: what does not hold; empty for a sound table.
    /// - Throws: storage errors, and what reading a damaged manifest throws.
    package static func check(
        _ metadata: TableMetadata, io: any FileIO, snapshotID: Int64? = nil, checksFiles: Bool = true
    ) async throws -> [Violation] {
        var check = InvariantCheck(metadata: metadata)
        check.checkMetadata()
        guard let snapshot = snapshotID.map({ metadata.snapshot(id: $0) }) ?? metadata.currentSnapshot else {
            return check.violations
        }
        let manifests = try await snapshot.manifestFiles(io: io)
        check.checkUnique(manifests.map(\.location), "manifest-listed-twice")
        var live: [ManifestEntry] = []
        for manifest in manifests {
            guard try await io.exists(manifest.location) else {
                check.fail("file-missing", "manifest \(manifest.location) does not exist")
                continue
            }
            let bytes = try await io.read(manifest.location)
            let entries = try ManifestReader.read(bytes, manifest: manifest, metadata: metadata)
            check.check(manifest, entries, byteCount: bytes.count, snapshot: snapshot)
            live += entries.filter(\.isLive)
        }
        check.checkUnique(live.map(\.dataFile.location), "file-live-twice")
        check.checkTotals(snapshot, live)
        if checksFiles {
            let locations = live.map(\.dataFile.location)
            let found = try await concurrentMap(locations, limit: manifestConcurrencyMax) { try await io.exists($0) }
            for (location, exists) in zip(locations, found) where !exists {
                check.fail("file-missing", "\(location) does not exist")
            }
        }
        return check.violations
    }
}

private struct InvariantCheck {
    let metadata: TableMetadata
    private(set) var violations: [TableInvariants.Violation] = []

    init(metadata: TableMetadata) { self.metadata = metadata }

    mutating func fail(_ code: String, _ message: String) {
        violations.append(TableInvariants.Violation(code: code, message: message))
    }

    mutating func expect(_ condition: Bool, _ code: String, _ message: @autoclosure () -> String) {
        if !condition { fail(code, message()) }
    }

    mutating func checkUnique(_ locations: [String], _ code: String) {
        var seen: Set<String> = []
        for location in locations where !seen.insert(location).inserted { fail(code, location) }
    }

    mutating func checkMetadata() {
        let metadata = metadata
        let ids = Set(metadata.snapshots.map(\.id))
        expect(ids.count == metadata.snapshots.count, "snapshot-id-repeated", "two snapshots have one id")
        for snapshot in metadata.snapshots { check(snapshot) }
        for (name, reference) in metadata.refs where !ids.contains(reference.snapshotID) {
            fail("ref-dangling", "ref \(name) names snapshot \(reference.snapshotID), which is not there")
        }
        checkTimes(metadata.snapshotLog.map(\.timestampMilliseconds))
        checkHead()
    }

    /// What `base` has is taken as it is, sound or not: it was there before.
    mutating func checkAdded(_ base: TableMetadata) {
        let metadata = metadata
        for snapshot in metadata.snapshots.dropFirst(base.snapshots.count) { check(snapshot) }
        for (name, reference) in metadata.refs
        where base.refs[name] != reference && !metadata.hasSnapshot(reference.snapshotID) {
            fail("ref-dangling", "ref \(name) names snapshot \(reference.snapshotID), which is not there")
        }
        // A schema that went away may have been that of an old snapshot.
        if metadata.schemas.map(\.id) != base.schemas.map(\.id) {
            for snapshot in metadata.snapshots.prefix(base.snapshots.count) { check(snapshot) }
        }
        let known = max(0, min(base.snapshotLog.count, metadata.snapshotLog.count) - 1)
        checkTimes(metadata.snapshotLog.dropFirst(known).map(\.timestampMilliseconds))
        checkHead()
    }

    private mutating func check(_ snapshot: Snapshot) {
        let metadata = metadata
        expect(
            snapshot.sequenceNumber <= metadata.lastSequenceNumber, "sequence-number-past-last",
            "snapshot \(snapshot.id) has number \(snapshot.sequenceNumber), past \(metadata.lastSequenceNumber)")
        expect(
            snapshot.timestampMilliseconds <= metadata.lastUpdatedMilliseconds, "clock-went-back",
            "snapshot \(snapshot.id) is newer than last-updated-ms")
        if let schemaID = snapshot.schemaID {
            expect(
                metadata.schema(id: schemaID) != nil, "schema-missing",
                "snapshot \(snapshot.id) names schema \(schemaID)")
        }
    }

    private mutating func checkTimes(_ log: [Int64]) {
        expect(zip(log, log.dropFirst()).allSatisfy { $0 <= $1 }, "clock-went-back", "a log is not in time order")
    }

    /// What costs nothing to look at again.
    private mutating func checkHead() {
        let metadata = metadata
        expect(
            metadata.refs["main"]?.snapshotID == metadata.currentSnapshotID, "main-ref-differs",
            "branch main is not at current-snapshot-id")
        checkTimes(metadata.metadataLog.map(\.timestampMilliseconds))
        expect(
            metadata.schemas.allSatisfy { $0.highestFieldID <= metadata.lastColumnID }, "last-column-id-too-low",
            "a schema has a field id past last-column-id \(metadata.lastColumnID)")
    }

    mutating func check(_ manifest: ManifestFile, _ entries: [ManifestEntry], byteCount: Int, snapshot: Snapshot) {
        let place = manifest.location
        expect(
            Int64(byteCount) == manifest.byteCount || metadata.formatVersion == 1, "manifest-length-wrong",
            "\(place) has \(byteCount) bytes, the list says \(manifest.byteCount)")
        let live = entries.filter(\.isLive)
        if metadata.formatVersion > 1 {
            expect(
                manifest.sequenceNumber <= snapshot.sequenceNumber, "sequence-number-past-last",
                "\(place) has number \(manifest.sequenceNumber) in snapshot number \(snapshot.sequenceNumber)")
            let lowest = live.compactMap(\.sequenceNumber).min()
            expect(
                lowest == nil || lowest == manifest.minSequenceNumber, "min-sequence-number-wrong",
                "\(place) has lowest number \(lowest ?? -1), the list says \(manifest.minSequenceNumber)")
            for entry in entries {
                let number = entry.sequenceNumber ?? -1
                expect(
                    number >= 0 && number <= entry.fileSequenceNumber ?? -1
                        && entry.fileSequenceNumber ?? .max <= manifest.sequenceNumber,
                    "sequence-number-wrong",
                    "\(entry.dataFile.location) has number \(number), file number \(entry.fileSequenceNumber ?? -1)")
            }
        }
        checkCounts(manifest, entries)
        guard let spec = metadata.partitionSpec(id: manifest.specID) else { return }
        let types = spec.partitionTypes(metadata).compactMap { $0 }
        guard let summaries = manifest.partitions, types.count == spec.fields.count else { return }
        var builder = PartitionSummaryBuilder(types: types)
        for entry in entries { builder.add(entry.dataFile.partition) }
        var liveBuilder = PartitionSummaryBuilder(types: types)
        for entry in live { liveBuilder.add(entry.dataFile.partition) }
        let bounds = summaries.map { [$0.lowerBound, $0.upperBound] }
        expect(
            bounds == builder.summaries.map { [$0.lowerBound, $0.upperBound] }
                || bounds == liveBuilder.summaries.map { [$0.lowerBound, $0.upperBound] },
            "partition-summary-wrong", "\(place) has other partition bounds than the list says")
    }

    private mutating func checkCounts(_ manifest: ManifestFile, _ entries: [ManifestEntry]) {
        func count(_ status: ManifestEntry.Status) -> Int { entries.count { $0.status == status } }
        func rows(_ status: ManifestEntry.Status) -> Int64 {
            entries.reduce(0) { $1.status == status ? $0 + $1.dataFile.recordCount : $0 }
        }
        let counted = [
            Int64(count(.added)), Int64(count(.existing)), Int64(count(.deleted)), rows(.added), rows(.existing),
            rows(.deleted),
        ]
        let listed = [
            manifest.addedFilesCount.map { Int64($0) }, manifest.existingFilesCount.map { Int64($0) },
            manifest.deletedFilesCount.map { Int64($0) }, manifest.addedRowsCount, manifest.existingRowsCount,
            manifest.deletedRowsCount,
        ]
        expect(
            zip(counted, listed).allSatisfy { $1 == nil || $0 == $1 }, "manifest-count-wrong",
            "\(manifest.location) counts \(counted), the list says \(listed.map { $0 ?? -1 })")
    }

    mutating func checkTotals(_ snapshot: Snapshot, _ live: [ManifestEntry]) {
        var totals = SnapshotTotals()
        for entry in live { totals.count(entry.dataFile) }
        for (key, counted) in totals.summary.sorted(by: { $0.key < $1.key }) {
            let said = snapshot.summary[key]
            expect(
                said == counted, "total-wrong",
                "\(key) of snapshot \(snapshot.id) is \(said ?? "missing"), the files say \(counted)")
        }
    }
}
