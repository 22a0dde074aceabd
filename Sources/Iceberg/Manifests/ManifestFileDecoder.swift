import AvroFormat

/// Reads one `manifest_file` of a manifest list.
struct ManifestFileDecoder: Sendable {
    let plan: RecordPlan

    func decode(_ cursor: inout AvroCursor) throws -> ManifestFile {
        var location: String?
        var byteCount: Int64?
        var addedSnapshotID: Int64?
        var file = ManifestFile(
            location: "", byteCount: 0, specID: 0, content: .data, sequenceNumber: 0, minSequenceNumber: 0,
            addedSnapshotID: 0)
        for field in plan.fields {
            switch field.id {
            case 500: location = try cursor.readString(field)
            case 501: byteCount = try cursor.readLong(field)
            case 502: file.specID = try cursor.readInt(field) ?? 0
            case 517:
                guard let content = ManifestFile.Content(rawValue: try cursor.readInt(field) ?? 0) else {
                    throw AvroCursor.mismatch(field)
                }
                file.content = content
            case 515: file.sequenceNumber = try cursor.readLong(field) ?? 0
            case 516: file.minSequenceNumber = try cursor.readLong(field) ?? 0
            case 503: addedSnapshotID = try cursor.readLong(field)
            case 504: file.addedFilesCount = try cursor.readInt(field)
            case 505: file.existingFilesCount = try cursor.readInt(field)
            case 506: file.deletedFilesCount = try cursor.readInt(field)
            case 512: file.addedRowsCount = try cursor.readLong(field)
            case 513: file.existingRowsCount = try cursor.readLong(field)
            case 514: file.deletedRowsCount = try cursor.readLong(field)
            case 507: file.partitions = try decodeSummaries(&cursor, field)
            case 519: file.keyMetadata = try cursor.readBytes(field)
            default: try cursor.skip(field, plan.coding)
            }
        }
        guard let location, let byteCount, let addedSnapshotID else {
            throw IcebergError(.manifestInvalid, "a manifest without a path, length or snapshot id")
        }
        file.location = location
        file.byteCount = byteCount
        file.addedSnapshotID = addedSnapshotID
        return file
    }

    private func decodeSummaries(
        _ cursor: inout AvroCursor, _ field: RecordPlan.Field
    ) throws -> [PartitionFieldSummary]? {
        if try cursor.isNull(field) { return nil }
        guard let items = field.items else { throw AvroCursor.mismatch(field) }
        var summaries: [PartitionFieldSummary] = []
        while case let count = try cursor.readBlockCount(), count > 0 {
            for _ in 0..<count {
                var summary = PartitionFieldSummary(
                    containsNull: true, containsNaN: nil, lowerBound: nil, upperBound: nil)
                for part in items.fields {
                    switch part.id {
                    case 509: summary.containsNull = try cursor.readBoolean(part) ?? true
                    case 518: summary.containsNaN = try cursor.readBoolean(part)
                    case 510: summary.lowerBound = try cursor.readBytes(part)
                    case 511: summary.upperBound = try cursor.readBytes(part)
                    default: try cursor.skip(part, plan.coding)
                    }
                }
                summaries.append(summary)
            }
        }
        return summaries
    }
}
