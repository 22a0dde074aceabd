/// Whole rows of a file, or the beginning of one row that is longer than allowed.
package struct CSVChunk: Sendable {
    /// Readable bytes behind a chunk's own: fields are read in words that may pass the end.
    package static let paddingBytes = 64

    /// The chunk's bytes and at least ``paddingBytes`` more, whose content means nothing.
    package private(set) var storage: [UInt8]
    /// Bytes of `storage` that belong to the chunk.
    package let byteCount: Int
    /// Where the first byte stands in the file.
    package let byteOffset: Int
    /// 1-based line number of the first row.
    package let line: Int
    /// Line ends in the chunk, those inside quotes too.
    package let lineCount: Int
    /// Set for a row longer than `CSVLimits.rowBytesMax`, of which `storage` holds the beginning only.
    package let oversized: OversizedRow?

    package struct OversizedRow: Sendable, Hashable {
        /// Bytes of the whole row without its line end.
        package let byteCount: Int
        /// Whether the file ended inside a quoted field of it.
        package let isUnterminated: Bool
    }

    package var isOversizedRow: Bool { oversized != nil }

    /// The chunk's bytes, copied.
    package var bytes: [UInt8] { Array(storage[0..<byteCount]) }

    /// Whole rows that lie in an array of their own.
    package init(bytes: [UInt8], byteOffset: Int = 0, line: Int = 1, lineCount: Int = 0) {
        self.init(
            storage: bytes + [UInt8](repeating: 0, count: Self.paddingBytes), byteCount: bytes.count,
            byteOffset: byteOffset, line: line, lineCount: lineCount, oversized: nil)
    }

    init(
        storage: [UInt8], byteCount: Int, byteOffset: Int, line: Int, lineCount: Int, oversized: OversizedRow?
    ) {
        precondition(storage.count >= byteCount + Self.paddingBytes)
        self.storage = storage
        self.byteCount = byteCount
        self.byteOffset = byteOffset
        self.line = line
        self.lineCount = lineCount
        self.oversized = oversized
    }

    /// The memory, to be handed to ``CSVChunker/recycle(_:)`` once the chunk is parsed.
    consuming func takeStorage() -> [UInt8] { storage }
}
