/// Writes an object container file: a header, then blocks of values, each ended by the file's sync marker.
///
/// Source: Avro 1.11 specification, "Object Container Files".
package struct AvroFileWriter: Sendable {
    /// Bytes of values, before compression, after which a block is closed.
    package static let blockBytesTargetDefault = 64 << 10
    static let magic: [UInt8] = [0x4F, 0x62, 0x6A, 0x01]
    static let syncByteCount = 16

    private let codec: AvroCodec
    private let sync: [UInt8]
    private let blockBytesTarget: Int
    private var output: [UInt8]
    private var block = AvroEncoder()
    private var blockItemCount = 0
    /// Bytes already taken by ``drain()``.
    private var drainedByteCount = 0

    /// - Parameters:
    ///   - schema: the schema of the values, written to the header.
    ///   - metadata: further header entries, whose keys do not start with `avro.`.
    package init(
        schema: AvroSchema, metadata: [(key: String, value: [UInt8])] = [], codec: AvroCodec = .null,
        blockBytesTarget: Int = Self.blockBytesTargetDefault,
        using generator: inout some RandomNumberGenerator
    ) {
        self.codec = codec
        self.blockBytesTarget = blockBytesTarget
        var sync: [UInt8] = []
        for _ in 0..<Self.syncByteCount { sync.append(UInt8.random(in: 0...255, using: &generator)) }
        self.sync = sync

        var header = AvroEncoder()
        header.writeFixed(Self.magic)
        header.writeBlockCount(metadata.count + 2)
        header.write("avro.schema")
        header.write(schema.json.serialized())
        header.write("avro.codec")
        header.write(Array(codec.rawValue.utf8))
        for entry in metadata {
            precondition(!entry.key.hasPrefix("avro."), "header keys that start with avro. belong to Avro")
            header.write(entry.key)
            header.write(entry.value)
        }
        header.writeBlockCount(0)
        header.writeFixed(sync)
        output = header.bytes
    }

    /// Bytes of the file so far, those of the open block before compression.
    package var estimatedByteCount: Int { drainedByteCount + output.count + block.bytes.count }

    /// Adds one value, which `encode` writes along the schema.
    package mutating func append(_ encode: (inout AvroEncoder) throws -> Void) throws {
        try encode(&block)
        blockItemCount += 1
        if block.bytes.count >= blockBytesTarget { try closeBlock() }
    }

    /// Takes the finished bytes so far, for files too large for memory.
    package mutating func drain() -> [UInt8] {
        drainedByteCount += output.count
        defer { output.removeAll(keepingCapacity: true) }
        return output
    }

    /// Ends the last block.
    /// - Returns: the bytes that ``drain()`` has not taken, the whole file when it was never called.
    package consuming func finish() throws -> [UInt8] {
        try closeBlock()
        return output
    }

    private mutating func closeBlock() throws {
        if blockItemCount == 0 { return }
        let compressed = try codec.compress(block.bytes)
        var head = AvroEncoder()
        head.write(blockItemCount)
        head.write(compressed.count)
        output.append(contentsOf: head.bytes)
        output.append(contentsOf: compressed)
        output.append(contentsOf: sync)
        block.bytes.removeAll(keepingCapacity: true)
        blockItemCount = 0
    }
}
