/// Reads an object container file block by block.
///
/// Source: Avro 1.11 specification, "Object Container Files".
package struct AvroFileReader: Sendable {
    /// The schema that the values were written with.
    package let schema: AvroSchema
    /// The header's entries, `avro.schema` and `avro.codec` among them.
    package let metadata: [String: [UInt8]]
    package let codec: AvroCodec
    package let limits: AvroLimits

    private let bytes: [UInt8]
    let sync: ArraySlice<UInt8>
    private(set) var position: Int

    /// Reads the header.
    /// - Throws: ``AvroError`` `avro-malformed`, `avro-codec-unsupported`, `avro-schema-invalid`, `avro-limit-exceeded`.
    package init(_ bytes: [UInt8], limits: AvroLimits = AvroLimits()) throws {
        guard bytes.starts(with: AvroFileWriter.magic) else {
            throw AvroError(.malformed, "this is no Avro object container file", byteOffset: 0)
        }
        var headerLimits = limits
        headerLimits.valueBytesMax = limits.headerBytesMax
        var cursor = AvroCursor(bytes, range: AvroFileWriter.magic.count..<bytes.count, limits: headerLimits)
        var metadata: [String: [UInt8]] = [:]
        while case let count = try cursor.readBlockCount(), count > 0 {
            for _ in 0..<count {
                let key = try cursor.readString()
                metadata[key] = try cursor.readBytes()
            }
        }
        let sync = try cursor.take(AvroFileWriter.syncByteCount)
        guard let schemaBytes = metadata["avro.schema"] else {
            throw AvroError(.malformed, "the header has no avro.schema", byteOffset: 0)
        }
        let codecName = metadata["avro.codec"].map { String(decoding: $0, as: UTF8.self) } ?? "null"
        guard let codec = AvroCodec(rawValue: codecName.isEmpty ? "null" : codecName) else {
            throw AvroError(.codecUnsupported, "the file is compressed with codec \(codecName.prefix(32))")
        }
        self.schema = try AvroSchema.parse(schemaBytes, limits: limits)
        self.metadata = metadata
        self.codec = codec
        self.limits = limits
        self.bytes = bytes
        self.sync = bytes[sync]
        self.position = sync.upperBound
    }

    /// The next block, `nil` at the end of the file.
    package mutating func nextBlock() throws -> AvroBlock? {
        if position == bytes.count { return nil }
        let start = position
        var cursor = AvroCursor(bytes, range: position..<bytes.count, limits: limits)
        let itemCount = try cursor.readLong()
        let byteCount = try cursor.readLong()
        guard itemCount >= 0, byteCount >= 0, byteCount <= Int64(cursor.remaining) else {
            throw AvroError(
                .malformed, "a block of \(itemCount) values in \(byteCount) bytes where \(cursor.remaining) are left",
                byteOffset: start)
        }
        let data = try cursor.take(Int(byteCount))
        guard bytes[try cursor.take(AvroFileWriter.syncByteCount)] == sync else {
            throw AvroError(.malformed, "the sync marker behind a block is not the file's", byteOffset: data.upperBound)
        }
        position = cursor.offset
        if codec == .null {
            return try AvroBlock(itemCount, AvroCursor(bytes, range: data, limits: limits), start: start)
        }
        let decompressed: [UInt8]
        do {
            decompressed = try codec.decompress(bytes[data], byteCountMax: limits.blockBytesMax)
        } catch {
            throw AvroError(
                .malformed, "a \(codec.rawValue) block cannot be decompressed", byteOffset: data.lowerBound,
                cause: error)
        }
        return try AvroBlock(itemCount, AvroCursor(decompressed, blockOffset: start, limits: limits), start: start)
    }

    /// Calls `body` once for each value of the file; it must read exactly one value.
    package mutating func forEach(_ body: (inout AvroCursor) throws -> Void) throws {
        while var block = try nextBlock() {
            for _ in 0..<block.itemCount { try body(&block.cursor) }
            try block.checkEnd()
        }
    }

    /// All values as generic ones.
    package mutating func readAll() throws -> [AvroValue] {
        let coding = AvroCodingSchema(schema)
        var values: [AvroValue] = []
        try forEach { values.append(try coding.decode(&$0)) }
        return values
    }
}

/// A block's values, decompressed.
package struct AvroBlock: Sendable {
    package let itemCount: Int
    package var cursor: AvroCursor
    private let start: Int

    init(_ itemCount: Int64, _ cursor: AvroCursor, start: Int) throws {
        // A value takes a byte or more unless its schema is null or an empty record.
        guard itemCount <= Int64(cursor.remaining) + Int64(cursor.limits.emptyItemsMax) else {
            throw AvroError(
                .malformed, "a block of \(itemCount) values in \(cursor.remaining) bytes", byteOffset: start)
        }
        self.itemCount = Int(itemCount)
        self.cursor = cursor
        self.start = start
    }

    /// To be called when all values were read.
    /// - Throws: `avro-malformed` when bytes are left over.
    package func checkEnd() throws {
        if !cursor.isAtEnd {
            throw AvroError(
                .malformed, "\(cursor.remaining) bytes are left over behind the values of a block", byteOffset: start)
        }
    }
}
