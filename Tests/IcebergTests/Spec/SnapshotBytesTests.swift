import LakeModel
import Testing

@testable import Iceberg

@Suite struct SnapshotBytesTests {
    private func table(_ ids: [Int64], version: Int = 2) -> TableMetadata {
        var metadata = TableMetadata.new(
            uuid: "u", location: "file:///t", schema: Schema(id: 0, fields: []), nowMilliseconds: 1)
        metadata.formatVersion = version
        metadata.snapshots = ids.map {
            Snapshot(
                id: $0, parentID: nil, sequenceNumber: $0, timestampMilliseconds: $0, manifestList: "file:///t/\($0)",
                operation: "append", summary: ["a": "b"], schemaID: 0)
        }
        metadata.snapshotLog = ids.map { .init(timestampMilliseconds: $0, snapshotID: $0) }
        metadata.lastSequenceNumber = ids.max() ?? 0
        metadata.lastUpdatedMilliseconds = ids.max() ?? 0
        return metadata
    }

    @Test func `a file written with the bytes of an earlier one is the same as one written anew`() throws {
        var written = SnapshotBytes()
        let states: [([Int64], Int)] = [
            ([], 2), ([1], 2), ([1, 2, 3], 2), ([1, 2, 3], 1), ([1, 2, 3, 4], 2), ([2, 3, 4], 2), ([2], 2),
            ([2, 5], 2),
            ([], 2), ([7], 2),
        ]
        for (ids, version) in states {
            let metadata = table(ids, version: version)
            let bytes = metadata.json(reusing: &written)
            #expect(bytes == metadata.json(), "\(ids)")
            #expect(try TableMetadata.parse(bytes).snapshots.map(\.id) == ids)
        }
    }

    @Test(arguments: [UInt64.random(in: 0 ... .max)])
    func `a compressed file holds the same, however the history grew and shrank`(seed: UInt64) async throws {
        var random = SeededRandom(state: seed)
        var written = SnapshotBytes()
        var ids: [Int64] = []
        let files = MemoryFileIO()
        for step in 0..<120 {
            if Int.random(in: 0..<4, using: &random) == 0 {
                ids.removeFirst(Int.random(in: 0...ids.count, using: &random))
            } else if Int.random(in: 0..<4, using: &random) == 0 {
                ids.removeLast(Int.random(in: 0...ids.count, using: &random))
            }
            for _ in 0..<Int.random(in: 0...150, using: &random) { ids.append(Int64(ids.last ?? 0) + 1) }
            var metadata = table(ids, version: Int.random(in: 1...2, using: &random))
            metadata.properties["write.metadata.compression-codec"] = "GZIP"
            let encoded = try EncodedMetadata(metadata, reusing: &written)
            #expect(encoded.codec == .gzip)
            #expect(encoded.json == metadata.json())
            try await files.write("file:///t/\(step)", encoded.stored)
            #expect(try await MetadataFile.readBytes("file:///t/\(step)", io: files) == encoded.json)
        }
    }

    @Test func `long metadata is compressed, unless its table says otherwise`() throws {
        var written = SnapshotBytes()
        let short = table([1, 2, 3])
        let long = table((1...8_000).map { $0 })
        #expect(long.json().count > MetadataCodec.plainBytesMax)
        #expect(try EncodedMetadata(short, reusing: &written).codec == .none)
        let compressed = try EncodedMetadata(long, reusing: &written)
        #expect(compressed.codec == .gzip)
        #expect(compressed.stored.count < compressed.json.count / 4)
        for (wanted, codec) in [("none", MetadataCodec.none), ("gzip", .gzip)] {
            for var metadata in [short, long] {
                metadata.properties["write.metadata.compression-codec"] = wanted
                let encoded = try EncodedMetadata(metadata, reusing: &written)
                #expect(encoded.codec == codec)
                #expect((encoded.stored == encoded.json) == (codec == .none))
            }
        }
    }

    @Test func `the version stands in the name of compressed files too`() {
        for codec in MetadataCodec.allCases {
            let location = MetadataFile.location(folder: "file:///t/metadata", version: 41, codec: codec)
            #expect(MetadataFile.version(of: location) == 41)
            #expect(location.hasSuffix(".gz.metadata.json") == (codec == .gzip))
        }
    }
}
