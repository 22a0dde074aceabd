/// A file's entry in a manifest: whether it is live, and since when.
///
/// Source: Iceberg specification, "Manifests", struct `manifest_entry`.
package struct ManifestEntry: Sendable, Hashable {
    package enum Status: Int, Sendable, Hashable { case existing = 0, added = 1, deleted = 2 }

    package var status: Status
    /// The snapshot that added the file, or deleted it. `nil` only in entries not yet written.
    package var snapshotID: Int64?
    /// The data sequence number. `nil` in an added entry not yet committed: it inherits its snapshot's.
    package var sequenceNumber: Int64?
    /// The sequence number of the snapshot that added the file.
    package var fileSequenceNumber: Int64?
    package var dataFile: DataFile

    package init(
        status: Status, snapshotID: Int64?, sequenceNumber: Int64?, fileSequenceNumber: Int64?, dataFile: DataFile
    ) {
        self.status = status
        self.snapshotID = snapshotID
        self.sequenceNumber = sequenceNumber
        self.fileSequenceNumber = fileSequenceNumber
        self.dataFile = dataFile
    }

    package var isLive: Bool { status != .deleted }
}

/// A manifest as a manifest list describes it.
///
/// Source: Iceberg specification, "Manifest Lists", struct `manifest_file`.
package struct ManifestFile: Sendable, Hashable {
    package enum Content: Int, Sendable, Hashable { case data = 0, deletes = 1 }

    package var location: String
    package var byteCount: Int64
    package var specID: Int
    package var content: Content
    /// The sequence number of the snapshot that added the manifest.
    package var sequenceNumber: Int64
    /// The lowest data sequence number of its live files.
    package var minSequenceNumber: Int64
    package var addedSnapshotID: Int64
    /// `nil` in lists of format version 1, where it means "some".
    package var addedFilesCount: Int?
    package var existingFilesCount: Int?
    package var deletedFilesCount: Int?
    package var addedRowsCount: Int64?
    package var existingRowsCount: Int64?
    package var deletedRowsCount: Int64?
    /// One for each field of the spec; `nil` when the writer gave none.
    package var partitions: [PartitionFieldSummary]?
    package var keyMetadata: [UInt8]?

    package init(
        location: String, byteCount: Int64, specID: Int, content: Content, sequenceNumber: Int64 = 0,
        minSequenceNumber: Int64 = 0, addedSnapshotID: Int64
    ) {
        self.location = location
        self.byteCount = byteCount
        self.specID = specID
        self.content = content
        self.sequenceNumber = sequenceNumber
        self.minSequenceNumber = minSequenceNumber
        self.addedSnapshotID = addedSnapshotID
    }

    /// `nil` when the list does not say.
    package var liveFilesCount: Int? {
        addedFilesCount.flatMap { added in existingFilesCount.map { added + $0 } }
    }

    /// Whether it may hold live files; unknown counts mean that it may.
    package var mayHaveLiveFiles: Bool { (addedFilesCount ?? 1) + (existingFilesCount ?? 1) > 0 }
}

/// What a manifest's files have in one partition field.
///
/// Source: Iceberg specification, "Manifest Lists", struct `field_summary`.
package struct PartitionFieldSummary: Sendable, Hashable {
    package var containsNull: Bool
    package var containsNaN: Bool?
    /// Serialised by ``BoundsCodec``; `nil` when all values are null or NaN.
    package var lowerBound: [UInt8]?
    package var upperBound: [UInt8]?

    package init(containsNull: Bool, containsNaN: Bool?, lowerBound: [UInt8]?, upperBound: [UInt8]?) {
        self.containsNull = containsNull
        self.containsNaN = containsNaN
        self.lowerBound = lowerBound
        self.upperBound = upperBound
    }
}
