package import AvroFormat

/// Writes and reads manifest lists.
///
/// Source: Iceberg specification, "Manifest Lists".
package enum ManifestList {
    /// The bytes of a snapshot's manifest list. New manifests get the snapshot's sequence number here.
    package static func write(
        _ manifests: [ManifestFile], snapshotID: Int64, parentID: Int64?, sequenceNumber: Int64,
        codec: AvroCodec = .deflate, using generator: inout some RandomNumberGenerator
    ) throws -> [UInt8] {
        let entries: [(key: String, value: String)] = [
            ("snapshot-id", String(snapshotID)), ("parent-snapshot-id", parentID.map { String($0) } ?? "null"),
            ("sequence-number", String(sequenceNumber)), ("format-version", "2"),
        ]
        var writer = AvroFileWriter(
            schema: ManifestSchemas.manifestFile, metadata: entries.map { ($0.key, Array($0.value.utf8)) },
            codec: codec, using: &generator)
        for manifest in manifests {
            let assigned = manifest.assigned(sequenceNumber: sequenceNumber)
            try writer.append { $0.write(assigned) }
        }
        return try writer.finish()
    }

    /// Reads a manifest list of version 1 or 2.
    /// - Throws: ``AvroError``, ``IcebergError`` `manifest-invalid`.
    package static func read(_ bytes: [UInt8], location: String) throws -> [ManifestFile] {
        do {
            var reader = try AvroFileReader(bytes)
            let coding = AvroCodingSchema(reader.schema)
            let plan = try RecordPlan(reader.schema, coding: coding)
            let decoder = ManifestFileDecoder(plan: plan)
            var manifests: [ManifestFile] = []
            try reader.forEach { manifests.append(try decoder.decode(&$0)) }
            return manifests
        } catch {
            throw IcebergError(.manifestInvalid, "a manifest list cannot be read", location: location, cause: error)
        }
    }
}

extension ManifestFile {
    /// Fills in the numbers that were open while the snapshot's sequence number was.
    func assigned(sequenceNumber number: Int64) -> ManifestFile {
        var file = self
        if file.sequenceNumber == Self.unassignedSequenceNumber { file.sequenceNumber = number }
        if file.minSequenceNumber == Self.unassignedSequenceNumber { file.minSequenceNumber = number }
        return file
    }
}

extension AvroEncoder {
    /// Writes in the order of the fields of ``ManifestSchemas/manifestFile``. Counts that version 1 left out are
    /// written as they read: some file, and no row known.
    fileprivate mutating func write(_ file: ManifestFile) {
        write(file.location)
        write(file.byteCount)
        write(file.specID)
        write(file.content.rawValue)
        write(file.sequenceNumber)
        write(file.minSequenceNumber)
        write(file.addedSnapshotID)
        write(file.addedFilesCount ?? 1)
        write(file.existingFilesCount ?? 1)
        write(file.deletedFilesCount ?? 1)
        write(file.addedRowsCount ?? 0)
        write(file.existingRowsCount ?? 0)
        write(file.deletedRowsCount ?? 0)
        writeBranch(file.partitions == nil ? 0 : 1)
        if let partitions = file.partitions {
            if !partitions.isEmpty { writeBlockCount(partitions.count) }
            for summary in partitions {
                write(summary.containsNull)
                writeOptional(summary.containsNaN)
                writeOptional(summary.lowerBound)
                writeOptional(summary.upperBound)
            }
            writeBlockCount(0)
        }
        writeOptional(file.keyMetadata)
    }
}
