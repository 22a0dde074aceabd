package import LakeModel

/// Reads an object container file of any size block by block, so that one block at a time is in memory.
///
/// Source: Avro 1.11 specification, "Object Container Files".
package struct AvroSourceReader: Sendable {
    /// The schema that the values were written with.
    package let schema: AvroSchema
    /// The header's entries, `avro.schema` and `avro.codec` among them.
    package let metadata: [String: [UInt8]]
    package let codec: AvroCodec
    package let limits: AvroLimits
    /// Bytes that have been read.
    package private(set) var offset: Int

    private let source: any RandomAccessSource
    private let sync: [UInt8]

    /// Bytes in which a header is looked for at first, and by how much more each time that it is longer.
    private static let headBytes = 64 << 10
    private static let headGrowth = 4
    /// Bytes of a block's two counts at most.
    private static let countsBytesMax = 20

    /// Reads the header.
    /// - Throws: ``AvroError`` `avro-malformed`, `avro-codec-unsupported`, `avro-schema-invalid`, `avro-limit-exceeded`;
    ///   storage errors.
    package init(_ source: any RandomAccessSource, limits: AvroLimits = AvroLimits()) throws {
        let header = try Self.header(source, limits)
        self.source = source
        self.limits = limits
        schema = header.schema
        metadata = header.metadata
        codec = header.codec
        sync = Array(header.sync)
        offset = header.position
    }

    private static func header(_ source: any RandomAccessSource, _ limits: AvroLimits) throws -> AvroFileReader {
        var count = min(headBytes, source.byteCount)
        while true {
            let head = try source.read(offset: 0, count: count)
            let isLonger = count < source.byteCount && count < limits.headerBytesMax
            do {
                return try AvroFileReader(head, limits: limits)
            } catch let error as AvroError where error.kind == .malformed && isLonger {
                guard head.starts(with: AvroFileWriter.magic) else { throw error }
                count = min(count * headGrowth, source.byteCount)
            }
        }
    }

    /// The next block, `nil` at the end of the file.
    /// - Throws: ``AvroError`` `avro-malformed`, `avro-limit-exceeded`; storage errors.
    package mutating func nextBlock() throws -> AvroBlock? {
        let start = offset
        if start == source.byteCount { return nil }
        let counts = try source.read(offset: start, count: min(Self.countsBytesMax, source.byteCount - start))
        var cursor = AvroCursor(counts, blockOffset: start, limits: limits)
        let itemCount = try cursor.readLong()
        let byteCount = try cursor.readLong()
        let left = source.byteCount - start - cursor.offset - AvroFileWriter.syncByteCount
        guard itemCount >= 0, byteCount >= 0, byteCount <= Int64(left) else {
            throw AvroError(
                .malformed, "a block of \(itemCount) values in \(byteCount) bytes where \(max(0, left)) are left",
                byteOffset: start)
        }
        guard byteCount <= Int64(limits.blockBytesMax) else {
            throw AvroError(
                .limitExceeded, "a block of \(byteCount) bytes (blockBytesMax is \(limits.blockBytesMax))",
                byteOffset: start)
        }
        let dataOffset = start + cursor.offset
        let data = try source.read(offset: dataOffset, count: Int(byteCount) + AvroFileWriter.syncByteCount)
        guard data[Int(byteCount)...].elementsEqual(sync) else {
            throw AvroError(
                .malformed, "the sync marker behind a block is not the file's", byteOffset: dataOffset + Int(byteCount))
        }
        offset = dataOffset + data.count
        let block = data[..<Int(byteCount)]
        do {
            let values = codec == .null ? Array(block) : try codec.decompress(block, byteCountMax: limits.blockBytesMax)
            return try AvroBlock(itemCount, AvroCursor(values, blockOffset: start, limits: limits), start: start)
        } catch let error as AvroError {
            throw error
        } catch {
            throw AvroError(
                .malformed, "a \(codec.rawValue) block cannot be decompressed", byteOffset: dataOffset, cause: error)
        }
    }
}
