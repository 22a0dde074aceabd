/// How a metadata file is stored. Readers go by its name.
package enum MetadataCodec: String, Sendable, CaseIterable {
    case none
    case gzip

    /// Bytes of JSON from which a metadata file is compressed when its table doesn't say how.
    ///
    /// Each commit writes the whole file, so a long history costs more with each commit; it compresses to a sixth. Up to
    /// here the file stays one that people read as it is.
    package static let plainBytesMax = 512 << 10

    /// - Parameter properties: of the table; `write.metadata.compression-codec` is `none` or `gzip`, in any case.
    init(properties: [String: String], byteCount: Int) {
        let wanted = properties["write.metadata.compression-codec"].flatMap { Self(rawValue: $0.lowercased()) }
        self = wanted ?? (byteCount > Self.plainBytesMax ? .gzip : .none)
    }

    /// What a file's name ends in.
    var suffix: String {
        switch self {
        case .none: ".metadata.json"
        case .gzip: ".gz.metadata.json"
        }
    }
}

/// Metadata as JSON, and as its file holds it.
package struct EncodedMetadata: Sendable {
    package let json: [UInt8]
    package let codec: MetadataCodec
    /// The file's bytes.
    package let stored: [UInt8]

    /// - Parameter written: the snapshots of an earlier state of the table, or none; then those of this one.
    /// - Throws: ``CompressionError``.
    package init(_ metadata: TableMetadata, reusing written: inout SnapshotBytes) throws {
        json = metadata.json(reusing: &written)
        codec = MetadataCodec(properties: metadata.properties, byteCount: json.count)
        switch codec {
        case .none: stored = json
        case .gzip: stored = try MetadataText(metadata).gzip(&written)
        }
    }
}
