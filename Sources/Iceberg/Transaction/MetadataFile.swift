import AvroFormat
import BlockCompression

/// Metadata files: `<location>/metadata/<version>-<uuid>.metadata.json`, the version in five digits or more, `.gz` before
/// `.metadata.json` in names of compressed ones.
package enum MetadataFile {
    /// A new location for version `version` of metadata, below `folder`.
    package static func location(folder: String, version: Int, codec: MetadataCodec = .none) -> String {
        let digits = String(version)
        let padded = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        return "\(folder)/\(padded)-\(RandomUUID.text())\(codec.suffix)"
    }

    /// The version in a metadata file's name, `nil` for names of another form. Also reads `v3.metadata.json`
    /// and names with `.gz`.
    package static func version(of location: String) -> Int? {
        var name = location[...]
        if let slash = name.lastIndex(of: "/") { name = name[name.index(after: slash)...] }
        guard name.hasSuffix(".metadata.json") || name.hasSuffix(".metadata.json.gz") else { return nil }
        if name.first == "v" { name = name.dropFirst() }
        let digits = name.prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty, let version = Int(digits), version >= 0 else { return nil }
        return version
    }

    /// Writes metadata to a new file, one version past the newest file in its log (the first is version 0), and notes
    /// the file in ``TableMetadata/metadataLocation``, from where the next change takes it into the log.
    /// - Returns: the file's location.
    @discardableResult package static func write(
        _ metadata: inout TableMetadata, io: any FileIO
    ) async throws -> String {
        let previous = metadata.metadataLog.last.flatMap { entry in version(of: entry.location) }
        var snapshots = SnapshotBytes()
        let encoded = try EncodedMetadata(metadata, reusing: &snapshots)
        let newLocation = location(
            folder: "\(TableMetadata.trimmed(metadata.location))/metadata",
            version: previous.map { $0 + 1 } ?? metadata.metadataLog.count, codec: encoded.codec)
        try await io.write(newLocation, encoded.stored)
        metadata.metadataLocation = newLocation
        return newLocation
    }

    /// Bytes that a compressed metadata file may have when it is unpacked.
    package static let unpackedBytesMax = 1 << 30

    /// Other engines gzip metadata when `write.metadata.compression-codec` says so, and put `.gz` into the name.
    private static func unpacked(_ bytes: [UInt8]) throws -> [UInt8] {
        guard bytes.starts(with: [0x1F, 0x8B]) else { return bytes }
        var output: [UInt8] = []
        var decompressor = try StreamDecompressor(
            .gzip, limits: StreamDecompressor.Limits(outputBytesMax: unpackedBytesMax))
        try unsafe decompressor.push(bytes.span.bytes, into: &output)
        try decompressor.finish()
        return output
    }

    /// Reads a metadata file, compressed or not.
    /// - Throws: ``IcebergError`` `table-metadata-invalid` with the location, and storage errors.
    package static func read(_ location: String, io: any FileIO) async throws -> TableMetadata {
        try parse(try await readBytes(location, io: io), from: location)
    }

    /// The bytes of a metadata file as JSON.
    package static func readBytes(_ location: String, io: any FileIO) async throws -> [UInt8] {
        let bytes = try await io.read(location)
        do { return try unpacked(bytes) } catch {
            throw IcebergError(
                .metadataInvalid, "a metadata file cannot be unpacked", location: location, cause: error)
        }
    }

    /// Reads the JSON of a metadata file.
    /// - Throws: ``IcebergError`` `table-metadata-invalid` with the location.
    package static func parse(_ bytes: [UInt8], from location: String) throws -> TableMetadata {
        do {
            return try TableMetadata.parse(bytes, from: location)
        } catch let error as IcebergError where error.kind == .unsupported {
            throw error
        } catch {
            throw IcebergError(
                .metadataInvalid, "a table metadata file cannot be read", location: location, cause: error)
        }
    }
}
