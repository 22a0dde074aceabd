import AvroFormat
import LakeModel

/// Reads the entries of a manifest with everything filled in that they inherit.
///
/// Source: Iceberg specification, "Manifests", "Manifest Entry Fields", "Sequence Number Inheritance".
package enum ManifestReader {
    /// The entries of `manifest`, deleted ones too.
    /// - Parameter bytes: the manifest file.
    /// - Throws: ``IcebergError`` `manifest-invalid`, whose cause says what is wrong.
    package static func read(
        _ bytes: [UInt8], manifest: ManifestFile, metadata: TableMetadata
    ) throws -> [ManifestEntry] {
        do {
            var reader = try AvroFileReader(bytes)
            let decoder = try ManifestEntryDecoder(reader: reader, manifest: manifest, metadata: metadata)
            var entries: [ManifestEntry] = []
            let expected = (manifest.addedFilesCount ?? 0) + (manifest.existingFilesCount ?? 0)
            entries.reserveCapacity(max(0, min(expected, bytes.count / 8)))
            try reader.forEach { entries.append(try decoder.decode(&$0)) }
            return entries
        } catch {
            throw IcebergError(
                .manifestInvalid, "a manifest cannot be read", location: manifest.location, cause: error)
        }
    }

    /// Reads a manifest from storage.
    package static func read(
        _ manifest: ManifestFile, metadata: TableMetadata, io: any FileIO
    ) async throws -> [ManifestEntry] {
        try read(try await io.read(manifest.location), manifest: manifest, metadata: metadata)
    }

    /// The partition spec that a manifest's header names; 0 when it names none.
    static func specID(of bytes: [UInt8], location: String) throws -> Int {
        do {
            let header = try AvroFileReader(bytes).metadata
            return header["partition-spec-id"].flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        } catch {
            throw IcebergError(.manifestInvalid, "a manifest cannot be read", location: location, cause: error)
        }
    }
}

/// Decodes `manifest_entry` records along the schema that they were written with.
struct ManifestEntryDecoder: Sendable {
    /// Where a written partition field goes in the tuple, and how its values are read.
    private struct PartitionStep: Sendable {
        let field: RecordPlan.Field
        /// `nil`: a field that the spec does not have, skipped.
        let slot: Int?
        let type: PrimitiveType?
    }

    private let entryPlan: RecordPlan
    private let filePlan: RecordPlan
    private let partitionSteps: [PartitionStep]
    private let slotCount: Int
    private let manifest: ManifestFile
    private let specID: Int

    init(reader: AvroFileReader, manifest: ManifestFile, metadata: TableMetadata) throws {
        let plan = try RecordPlan(reader.schema, coding: AvroCodingSchema(reader.schema))
        try plan.require([0, 2], in: "manifest entry")
        guard let files = plan.fields.first(where: { $0.id == 2 })?.record,
            let partition = files.fields.first(where: { $0.id == 102 })?.record
        else { throw IcebergError(.manifestInvalid, "a manifest without data_file and partition records") }
        try files.require([100, 103, 104], in: "data_file")
        guard let spec = metadata.partitionSpec(id: manifest.specID) else {
            throw IcebergError(.manifestInvalid, "the manifest is of partition spec \(manifest.specID), unknown here")
        }
        let types = spec.partitionTypes(metadata)
        let idsMatch = partition.fields.contains { field in spec.fields.contains { $0.fieldID == field.id } }
        partitionSteps = partition.fields.enumerated().map { index, field in
            // Version 1 writers numbered partition fields by position.
            let slot =
                idsMatch
                ? spec.fields.firstIndex { $0.fieldID == field.id } : (index < spec.fields.count ? index : nil)
            return PartitionStep(field: field, slot: slot, type: slot.flatMap { types[$0] })
        }
        slotCount = spec.fields.count
        specID = spec.id
        entryPlan = plan
        filePlan = files
        self.manifest = manifest
    }

    func decode(_ cursor: inout AvroCursor) throws -> ManifestEntry {
        var status: ManifestEntry.Status?
        var snapshotID: Int64?
        var sequenceNumber: Int64?
        var fileSequenceNumber: Int64?
        var dataFile: DataFile?
        for field in entryPlan.fields {
            switch field.id {
            case 0: status = ManifestEntry.Status(rawValue: try cursor.readInt(field) ?? -1)
            case 1: snapshotID = try cursor.readLong(field)
            case 3: sequenceNumber = try cursor.readLong(field)
            case 4: fileSequenceNumber = try cursor.readLong(field)
            case 2: dataFile = try decodeFile(&cursor)
            default: try cursor.skip(field, entryPlan.coding)
            }
        }
        guard let status, let dataFile else {
            throw IcebergError(.manifestInvalid, "a manifest entry without a valid status or file")
        }
        if manifest.sequenceNumber == 0 {
            // A manifest of version 1: everything is older than every delete.
            sequenceNumber = sequenceNumber ?? 0
            fileSequenceNumber = fileSequenceNumber ?? 0
        } else if status == .added {
            sequenceNumber = sequenceNumber ?? manifest.sequenceNumber
            fileSequenceNumber = fileSequenceNumber ?? manifest.sequenceNumber
        }
        guard let sequenceNumber else {
            throw IcebergError(
                .manifestInvalid, "an existing or deleted entry has no sequence number", location: dataFile.location)
        }
        return ManifestEntry(
            status: status, snapshotID: snapshotID ?? manifest.addedSnapshotID, sequenceNumber: sequenceNumber,
            fileSequenceNumber: fileSequenceNumber ?? sequenceNumber, dataFile: dataFile)
    }

    private func decodeFile(_ cursor: inout AvroCursor) throws -> DataFile {
        var file = DataFile(location: "", specID: specID, recordCount: -1, byteCount: -1)
        for field in filePlan.fields {
            switch field.id {
            case 134:
                guard let content = DataFile.Content(rawValue: try cursor.readInt(field) ?? 0) else {
                    throw AvroCursor.mismatch(field)
                }
                file.content = content
            case 100: file.location = try cursor.readString(field) ?? ""
            case 101: file.format = Self.formatName(try cursor.readString(field) ?? "")
            case 102: file.partition = try decodePartition(&cursor)
            case 103: file.recordCount = try cursor.readLong(field) ?? -1
            case 104: file.byteCount = try cursor.readLong(field) ?? -1
            case 108: file.columnSizes = try cursor.readLongMap(field)
            case 109: file.valueCounts = try cursor.readLongMap(field)
            case 110: file.nullValueCounts = try cursor.readLongMap(field)
            case 137: file.nanValueCounts = try cursor.readLongMap(field)
            case 111: file.distinctCounts = try cursor.readLongMap(field)
            case 125: file.lowerBounds = try cursor.readBytesMap(field)
            case 128: file.upperBounds = try cursor.readBytesMap(field)
            case 131: file.keyMetadata = try cursor.readBytes(field)
            case 132: file.splitOffsets = try cursor.readLongs(field)
            case 135: file.equalityIDs = try cursor.readLongs(field)?.map { Int(truncatingIfNeeded: $0) }
            case 140: file.sortOrderID = try cursor.readInt(field)
            case 143: file.referencedDataFile = try cursor.readString(field)
            default: try cursor.skip(field, filePlan.coding)
            }
        }
        guard !file.location.isEmpty, file.recordCount >= 0, file.byteCount >= 0 else {
            throw IcebergError(.manifestInvalid, "a file without a path, or of a negative size")
        }
        if (file.content == .data) != (manifest.content == .data) {
            throw IcebergError(
                .manifestInvalid, "a data file among deletes, or a delete file among data", location: file.location)
        }
        return file
    }

    /// The usual names without an allocation.
    private static func formatName(_ name: String) -> String {
        name == "PARQUET" ? "PARQUET" : name.uppercased()
    }

    private func decodePartition(_ cursor: inout AvroCursor) throws -> [Datum?] {
        if slotCount == 0, partitionSteps.isEmpty { return [] }
        var values = [Datum?](repeating: nil, count: slotCount)
        for step in partitionSteps {
            guard let slot = step.slot else {
                try cursor.skip(step.field, filePlan.coding)
                continue
            }
            if try cursor.isNull(step.field) { continue }
            values[slot] = try Self.decodeValue(&cursor, step.field, step.type)
        }
        return values
    }

    /// Reads a value by its written Avro type and widens it to the type that the field has today.
    private static func decodeValue(
        _ cursor: inout AvroCursor, _ field: RecordPlan.Field, _ type: PrimitiveType?
    ) throws -> Datum? {
        switch field.schema.kind {
        case .null: return nil
        case .boolean: return .boolean(try cursor.readBoolean())
        case .int:
            let value = try cursor.readInt()
            return type?.physical == .int64 ? .long(Int64(value)) : .int(value)
        case .long: return .long(try cursor.readLong())
        case .float:
            let value = try cursor.readFloat()
            return type == .double ? .double(Double(value)) : .float(value)
        case .double: return .double(try cursor.readDouble())
        case .string: return .string(try cursor.readString())
        case .bytes, .fixed:
            let bytes: [UInt8]
            if case .fixed(_, let size) = field.schema.kind {
                bytes = try cursor.readFixed(size)
            } else {
                bytes = try cursor.readBytes()
            }
            guard field.schema.logicalType == "decimal" else { return .bytes(bytes) }
            guard let value = BoundsCodec.bigEndian(bytes) else { throw AvroCursor.mismatch(field) }
            return .decimal(value)
        default: throw AvroCursor.mismatch(field)
        }
    }
}
