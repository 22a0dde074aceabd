/// How the blocks of a container file are compressed.
///
/// Source: Avro 1.11 specification, "Required Codecs" and "Optional Codecs".
package enum AvroCodec: String, Sendable, Hashable {
    case null

    /// Compresses one block.
    func compress(_ block: [UInt8]) throws -> [UInt8] { block }

    /// Decompresses one block.
    func decompress(_ block: ArraySlice<UInt8>, byteCountMax: Int) throws -> [UInt8] { Array(block) }
}
