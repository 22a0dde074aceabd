package import LakeModel

/// What can be wrong with an Avro file, an Avro schema or a JSON text.
package struct AvroError: LakeError {
    /// Stable names of the errors of this target.
    package enum Code: String, Sendable {
        /// Bytes that are no Avro object container file, or a damaged one.
        case malformed = "avro-malformed"
        /// A length, depth or count past one of ``AvroLimits``.
        case limitExceeded = "avro-limit-exceeded"
        /// A schema that is not valid, or that does not have the field or type that was asked for.
        case schemaInvalid = "avro-schema-invalid"
        /// A codec that this build cannot read or write.
        case codecUnsupported = "avro-codec-unsupported"
        /// A value that does not fit the schema it is written with.
        case valueMismatch = "avro-value-mismatch"
        /// A text that is not JSON (RFC 8259).
        case jsonMalformed = "json-malformed"
    }

    package let kind: Code
    package let message: String
    package let place: Place?
    package let cause: (any Error)?

    package init(_ kind: Code, _ message: String, byteOffset: Int? = nil, cause: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.place = byteOffset.map { Place(byteOffset: $0) }
        self.cause = cause
    }

    package var code: String { kind.rawValue }

    package var remedy: String? {
        switch kind {
        case .malformed: "the file is damaged or not what its metadata says; restore it from a copy"
        case .limitExceeded: "the file passes a safety limit; if it is trusted, raise the limit that the message names"
        case .codecUnsupported: "rewrite the file with codec null, deflate or zstandard"
        case .schemaInvalid, .valueMismatch, .jsonMalformed: nil
        }
    }
}

/// Bounds on what a reader believes of a file, so that a few hostile bytes cannot take memory or stack.
package struct AvroLimits: Sendable, Hashable {
    /// Bytes of one block after decompression.
    package var blockBytesMax = 256 << 20
    /// Bytes of one string, bytes or fixed value.
    package var valueBytesMax = 64 << 20
    /// Bytes of the header's metadata, all values together.
    package var headerBytesMax = 64 << 20
    /// Nesting of schemas, values and JSON texts.
    package var depthMax = 64
    /// Items of all arrays and maps of one block whose items take no bytes (`null`, empty records).
    package var emptyItemsMax = 1 << 20

    package init() {}
}
