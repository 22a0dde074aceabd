import AvroFormat
import LakeModel

extension AvroEncoder {
    mutating func writeOptional(_ value: Int64?) {
        writeBranch(value == nil ? 0 : 1)
        if let value { write(value) }
    }

    mutating func writeOptional(_ value: Int?) { writeOptional(value.map { Int64($0) }) }

    mutating func writeOptional(_ value: [UInt8]?) {
        writeBranch(value == nil ? 0 : 1)
        if let value { write(value) }
    }

    mutating func writeOptional(_ value: Bool?) {
        writeBranch(value == nil ? 0 : 1)
        if let value { write(value) }
    }

    mutating func writeOptional(_ value: String?) {
        writeBranch(value == nil ? 0 : 1)
        if let value { write(value) }
    }

    private mutating func writeOptional(_ list: [Int64]?) {
        writeBranch(list == nil ? 0 : 1)
        guard let list else { return }
        if !list.isEmpty { writeBlockCount(list.count) }
        for item in list { write(item) }
        writeBlockCount(0)
    }

    private mutating func writeOptional(_ map: FieldMap<Int64>?) {
        writeBranch(map == nil ? 0 : 1)
        guard let map else { return }
        if !map.isEmpty { writeBlockCount(map.entries.count) }
        for entry in map.entries {
            write(entry.id)
            write(entry.value)
        }
        writeBlockCount(0)
    }

    private mutating func writeOptional(_ map: FieldMap<[UInt8]>?) {
        writeBranch(map == nil ? 0 : 1)
        guard let map else { return }
        if !map.isEmpty { writeBlockCount(map.entries.count) }
        for entry in map.entries {
            write(entry.id)
            write(entry.value)
        }
        writeBlockCount(0)
    }

    /// Writes a file in the order of the fields of ``ManifestSchemas/manifestEntry(spec:types:withReferencedFile:)``.
    mutating func write(_ file: DataFile, types: [PrimitiveType], withReferencedFile: Bool) {
        write(file.content.rawValue)
        write(file.location)
        write(file.format)
        for (value, type) in zip(file.partition, types) {
            writeBranch(value == nil ? 0 : 1)
            if let value { write(value, type) }
        }
        write(file.recordCount)
        write(file.byteCount)
        writeOptional(file.columnSizes)
        writeOptional(file.valueCounts)
        writeOptional(file.nullValueCounts)
        writeOptional(file.nanValueCounts)
        writeOptional(file.lowerBounds)
        writeOptional(file.upperBounds)
        writeOptional(file.keyMetadata)
        writeOptional(file.splitOffsets)
        writeOptional(file.equalityIDs.map { $0.map { Int64($0) } })
        // Position deletes are sorted by file and position, never by an order of the table.
        writeOptional(file.content == .positionDeletes ? nil : file.sortOrderID)
        if withReferencedFile { writeOptional(file.referencedDataFile) }
    }

    private mutating func write(_ value: Datum, _ type: PrimitiveType) {
        switch value {
        case .boolean(let value): write(value)
        case .int(let value): write(Int64(value))
        case .long(let value): write(value)
        case .float(let value): write(value)
        case .double(let value): write(value)
        case .string(let value): write(value)
        case .decimal(let value):
            if case .decimal(let precision, _) = type {
                writeFixed(
                    BoundsCodec.bigEndian(value, count: ManifestSchemas.decimalByteCount(precision: precision)))
            }
        case .bytes(let value):
            if type == .binary { write(value) } else { writeFixed(value) }
        }
    }
}
