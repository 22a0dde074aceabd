/// What stands in front of each page (`PageHeader` with the header of its kind).
struct PageHeader {
    var type: PageType
    var uncompressedByteCount: Int
    var compressedByteCount: Int
    var checksum: UInt32?
    /// Nulls included; entries of a dictionary.
    var valueCount: Int
    var encoding: Int
    /// Version 1 pages: how definition levels are written.
    var levelEncoding = ParquetEncoding.rle.rawValue
    /// Version 2 pages only.
    var nullCount = 0
    var definitionLevelsByteCount = 0
    var repetitionLevelsByteCount = 0
    var isCompressed = true
}

extension PageHeader {
    /// Dictionary and version 1 data pages.
    func write(to writer: inout CompactWriter) {
        writer.structure { writer in
            writer.int32(1, type.rawValue)
            writer.int32(2, uncompressedByteCount)
            writer.int32(3, compressedByteCount)
            if let checksum { writer.int32(4, Int(Int32(bitPattern: checksum))) }
            if type == .dictionary {
                writer.structure(7) {
                    $0.int32(1, valueCount)
                    $0.int32(2, encoding)
                }
            } else {
                writer.structure(5) {
                    $0.int32(1, valueCount)
                    $0.int32(2, encoding)
                    $0.int32(3, levelEncoding)
                    $0.int32(4, ParquetEncoding.rle.rawValue)
                }
            }
        }
    }

    init(from reader: inout CompactReader) throws {
        var pageType: PageType?
        var sizes: (uncompressed: Int?, compressed: Int?)
        var checksum: UInt32?
        var details: PageHeader?
        try reader.structure { reader, id, type in
            switch id {
            case 1:
                let number = try reader.int32(type)
                guard let known = PageType(rawValue: number) else {
                    throw reader.malformed("a page has the unknown type \(number)")
                }
                pageType = known
            case 2: sizes.uncompressed = try reader.int32(type)
            case 3: sizes.compressed = try reader.int32(type)
            case 4: checksum = UInt32(bitPattern: Int32(truncatingIfNeeded: try reader.int32(type)))
            case 5: details = try Self.readDetails(.data, from: &reader, type)
            case 7: details = try Self.readDetails(.dictionary, from: &reader, type)
            case 8: details = try Self.readDetails(.dataV2, from: &reader, type)
            default: try reader.skip(type)
            }
        }
        guard let pageType, let uncompressed = sizes.uncompressed, let compressed = sizes.compressed,
            uncompressed >= 0, compressed >= 0
        else { throw reader.malformed("a page header lacks its type or sizes") }
        if pageType == .index {
            self.init(
                type: .index, uncompressedByteCount: uncompressed, compressedByteCount: compressed, valueCount: 0,
                encoding: 0)
            return
        }
        guard var details, details.type == pageType else {
            throw reader.malformed("a page header lacks the part for its type")
        }
        details.uncompressedByteCount = uncompressed
        details.compressedByteCount = compressed
        details.checksum = checksum
        self = details
    }

    private static func readDetails(
        _ pageType: PageType, from reader: inout CompactReader, _ type: CompactType
    ) throws -> PageHeader {
        guard type == .structure else { throw reader.malformed("a page header's part is no structure") }
        var header = PageHeader(
            type: pageType, uncompressedByteCount: 0, compressedByteCount: 0, valueCount: -1, encoding: -1)
        try reader.structure { reader, id, type in
            switch (pageType, id) {
            case (_, 1): header.valueCount = try reader.int32(type)
            case (.dataV2, 2): header.nullCount = try reader.int32(type)
            case (.dataV2, 4): header.encoding = try reader.int32(type)
            case (.dataV2, 5): header.definitionLevelsByteCount = try reader.int32(type)
            case (.dataV2, 6): header.repetitionLevelsByteCount = try reader.int32(type)
            case (.dataV2, 7): header.isCompressed = try reader.bool(type)
            case (.data, 2), (.dictionary, 2): header.encoding = try reader.int32(type)
            case (.data, 3): header.levelEncoding = try reader.int32(type)
            default: try reader.skip(type)
            }
        }
        guard header.valueCount >= 0, header.encoding >= 0, header.nullCount >= 0,
            header.definitionLevelsByteCount >= 0, header.repetitionLevelsByteCount >= 0
        else { throw reader.malformed("a page header has a negative or missing count") }
        return header
    }
}
