package import LakeModel

/// What goes wrong with compressed bytes.
package struct CompressionError: LakeError {
    package let code: String
    package let message: String
    package let remedy: String?
    package let place: Place?

    init(_ code: String, _ message: String, remedy: String? = nil, byteOffset: Int? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        place = byteOffset.map { Place(byteOffset: $0) }
    }

    /// The bytes are none that the codec wrote.
    static func malformed(_ codec: String, _ detail: String, byteOffset: Int? = nil) -> Self {
        Self(
            "compressed-malformed", "these bytes are not valid \(codec): \(detail)",
            remedy: "send or restore the file again; it is damaged", byteOffset: byteOffset)
    }

    /// The bytes end inside a stream.
    static func truncated(_ codec: String, byteOffset: Int) -> Self {
        Self(
            "compressed-truncated", "the \(codec) stream ends before it is complete",
            remedy: "send the whole file", byteOffset: byteOffset)
    }

    /// The decompressed bytes pass a limit.
    static func bomb(_ detail: String, byteOffset: Int) -> Self {
        Self(
            "decompression-bomb", detail, remedy: "send the file uncompressed, or raise the limit if it is yours",
            byteOffset: byteOffset)
    }

    /// A block has another size than was announced.
    static func wrongSize(expected: Int, _ codec: String) -> Self {
        Self(
            "compressed-size-mismatch", "a \(codec) block does not decompress to the announced \(expected) bytes",
            remedy: "the file is damaged or its metadata names a wrong size; restore it from a copy")
    }

    /// The library refused: memory or a wrong level.
    static func library(_ codec: String, _ detail: String) -> Self {
        Self("compression-failed", "\(codec) failed: \(detail)")
    }
}
