package import AvroFormat
package import LakeModel

/// Writes the entries of one manifest and counts what the manifest list says about them.
package struct ManifestWriter {
    private let content: ManifestFile.Content
    private let spec: PartitionSpec
    private let types: [PrimitiveType]
    private let snapshotID: Int64
    private var writer: AvroFileWriter
    private let withReferencedFile: Bool
    private var counts = ManifestCounts()
    private var summaries: PartitionSummaryBuilder

    /// - Parameters:
    ///   - metadata: gives the schema and the spec's partition types.
    ///   - snapshotID: the snapshot that adds this manifest.
    /// - Throws: ``IcebergError`` `iceberg-unsupported` for a spec with a transform or source column unknown here.
    package init(
        content: ManifestFile.Content, specID: Int, metadata: TableMetadata, snapshotID: Int64,
        withReferencedFile: Bool = false, codec: AvroCodec = .deflate, using generator: inout some RandomNumberGenerator
    ) throws {
        guard let spec = metadata.partitionSpec(id: specID) else {
            throw IcebergError(.commitInvalid, "the table has no partition spec \(specID)")
        }
        let types = try zip(spec.fields, spec.partitionTypes(metadata)).map { field, type in
            if case .unknown(let name) = field.transform {
                throw IcebergError(.unsupported, "files cannot be written with the partition transform \(name)")
            }
            // A void field over a dropped column has no type any more; its values are all null.
            guard let type = type ?? (field.transform == .void ? .int : nil) else {
                throw IcebergError(.unsupported, "partition field \(field.name) has no primitive source column")
            }
            return type
        }
        self.content = content
        self.spec = spec
        self.types = types
        self.snapshotID = snapshotID
        self.withReferencedFile = withReferencedFile
        summaries = PartitionSummaryBuilder(types: types)
        let entries: [(key: String, value: String)] = [
            ("schema", SchemaJSON.text(metadata.schema)), ("schema-id", String(metadata.schema.id)),
            ("partition-spec", spec.fieldsJSON.serializedText), ("partition-spec-id", String(spec.id)),
            ("format-version", "2"), ("content", content == .data ? "data" : "deletes"),
        ]
        writer = AvroFileWriter(
            schema: ManifestSchemas.manifestEntry(spec: spec, types: types, withReferencedFile: withReferencedFile),
            metadata: entries.map { ($0.key, Array($0.value.utf8)) }, codec: codec, using: &generator)
    }

    package var entryCount: Int { counts.entryCount }

    package var estimatedByteCount: Int { writer.estimatedByteCount }

    /// Adds an entry. Only an added one may lack sequence numbers.
    /// - Throws: ``IcebergError`` `commit-invalid` for an entry that contradicts the manifest or the specification.
    package mutating func append(_ entry: ManifestEntry) throws {
        try check(entry)
        counts.add(entry)
        summaries.add(entry.dataFile.partition)
        let types = types
        let withReferencedFile = withReferencedFile
        try writer.append { encoder in
            encoder.write(entry.status.rawValue)
            encoder.writeOptional(entry.snapshotID)
            encoder.writeOptional(entry.sequenceNumber)
            encoder.writeOptional(entry.fileSequenceNumber)
            encoder.write(entry.dataFile, types: types, withReferencedFile: withReferencedFile)
        }
    }

    private func check(_ entry: ManifestEntry) throws {
        let file = entry.dataFile
        func refuse(_ message: String) -> IcebergError {
            IcebergError(.commitInvalid, message, location: file.location)
        }
        guard (file.content == .data) == (content == .data) else {
            throw refuse("data files and delete files lie in separate manifests")
        }
        guard file.specID == spec.id, file.partition.count == spec.fields.count else {
            throw refuse(
                "a file of spec \(file.specID) with \(file.partition.count) values in a manifest of \(spec.id)")
        }
        guard zip(file.partition, types).allSatisfy({ value, type in value?.isOf(type) ?? true }) else {
            throw refuse("a partition value is not of its field's type")
        }
        guard entry.snapshotID != nil else { throw refuse("an entry without a snapshot id") }
        if entry.status != .added {
            guard entry.sequenceNumber != nil, entry.fileSequenceNumber != nil else {
                throw refuse("an existing or deleted entry without sequence numbers")
            }
        }
        guard (file.content == .equalityDeletes) == (file.equalityIDs?.isEmpty == false) else {
            throw refuse("equality ids belong to equality delete files, and only to them")
        }
        guard file.recordCount >= 0, file.byteCount > 0 else { throw refuse("a file without a size") }
    }

    /// Ends the manifest.
    /// - Returns: the file's bytes, and its description but for `sequenceNumber` and (when all entries inherit)
    ///   `minSequenceNumber`, which the manifest list sets.
    package consuming func finish(location: String) throws -> (bytes: [UInt8], file: ManifestFile) {
        var file = ManifestFile(
            location: location, byteCount: 0, specID: spec.id, content: content,
            minSequenceNumber: counts.minSequenceNumber ?? ManifestFile.unassignedSequenceNumber,
            addedSnapshotID: snapshotID)
        file.sequenceNumber = ManifestFile.unassignedSequenceNumber
        file.addedFilesCount = counts.addedFiles
        file.existingFilesCount = counts.existingFiles
        file.deletedFilesCount = counts.deletedFiles
        file.addedRowsCount = counts.addedRows
        file.existingRowsCount = counts.existingRows
        file.deletedRowsCount = counts.deletedRows
        file.partitions = summaries.summaries
        let bytes = try writer.finish()
        file.byteCount = Int64(bytes.count)
        return (bytes, file)
    }
}

extension ManifestFile {
    /// Stands for the sequence number of the snapshot that is being built.
    static let unassignedSequenceNumber: Int64 = -1
}

private struct ManifestCounts {
    var addedFiles = 0
    var existingFiles = 0
    var deletedFiles = 0
    var addedRows: Int64 = 0
    var existingRows: Int64 = 0
    var deletedRows: Int64 = 0
    /// Over live entries that carry one.
    var minSequenceNumber: Int64?

    var entryCount: Int { addedFiles + existingFiles + deletedFiles }

    mutating func add(_ entry: ManifestEntry) {
        switch entry.status {
        case .added:
            addedFiles += 1
            addedRows += entry.dataFile.recordCount
        case .existing:
            existingFiles += 1
            existingRows += entry.dataFile.recordCount
        case .deleted:
            deletedFiles += 1
            deletedRows += entry.dataFile.recordCount
        }
        if entry.isLive, let number = entry.sequenceNumber {
            minSequenceNumber = min(minSequenceNumber ?? .max, number)
        }
    }
}

extension Datum {
    /// Whether this is the physical form of `type`.
    package func isOf(_ type: PrimitiveType) -> Bool {
        switch (self, type) {
        case (.boolean, .boolean), (.int, .int), (.int, .date), (.long, .long), (.long, .time), (.long, .timestamp),
            (.long, .timestamptz), (.float, .float), (.double, .double), (.decimal, .decimal), (.string, .string),
            (.bytes, .binary):
            true
        case (.bytes(let bytes), .uuid): bytes.count == 16
        case (.bytes(let bytes), .fixed(let length)): bytes.count == length
        default: false
        }
    }
}
