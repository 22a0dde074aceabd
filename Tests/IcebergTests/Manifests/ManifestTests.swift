import AvroFormat
import Foundation
import Iceberg
import LakeModel
import Testing

@Suite struct ManifestTests {
    private static func file(_ number: Int) -> DataFile {
        var file = DataFile(
            location: "s3://bucket/warehouse/silver/employees_cleaned/data/year=2021/\(number)-a1b2c3d4.parquet",
            partition: [.int(Int32(number % 50))], recordCount: 100_000, byteCount: 12_345_678)
        let ids = 1...7
        func map<T>(_ value: (Int) -> T) -> FieldMap<T> { FieldMap(ids.map { .init(id: $0, value: value($0)) }) }
        file.columnSizes = map { Int64($0 * number) }
        file.valueCounts = map { _ in 100_000 }
        file.nullValueCounts = map { _ in 0 }
        file.lowerBounds = map { BoundsCodec.encode(.long(Int64($0)), .long) }
        file.upperBounds = map { BoundsCodec.encode(.long(Int64($0 + number)), .long) }
        file.splitOffsets = [4, 6_000_000]
        return file
    }

    private static func metadata() throws -> TableMetadata {
        TableMetadata.new(
            uuid: "u", location: "memory://t", schema: TestTable.schema,
            partitionSpec: try .identity(["year"], in: TestTable.schema), nowMilliseconds: 0)
    }

    private static func manifest(_ entries: [ManifestEntry]) throws -> (bytes: [UInt8], file: ManifestFile) {
        var generator = SystemRandomNumberGenerator()
        let content: ManifestFile.Content = entries.first?.dataFile.content == .data ? .data : .deletes
        var writer = try ManifestWriter(
            content: content, specID: 0, metadata: try metadata(), snapshotID: 5,
            withReferencedFile: entries.contains { $0.dataFile.referencedDataFile != nil }, using: &generator)
        for entry in entries { try writer.append(entry) }
        var (bytes, file) = try writer.finish(location: "memory://m")
        file.sequenceNumber = 9
        file.minSequenceNumber = 3
        return (bytes, file)
    }

    @Test func `every field of an entry comes back`() throws {
        var data = Self.file(1)
        data.nanValueCounts = [2: 1]
        data.keyMetadata = [1, 2]
        data.sortOrderID = 1
        data.partition = [nil]
        var equality = Self.file(2)
        equality.content = .equalityDeletes
        equality.equalityIDs = [1, 3]
        var position = Self.file(3)
        position.content = .positionDeletes
        position.referencedDataFile = "s3://bucket/f.parquet"
        var bare = DataFile(location: "x", format: "ORC", partition: [.int(-1)], recordCount: 0, byteCount: 1)
        bare.splitOffsets = []
        bare.lowerBounds = [:]
        for files in [[data, bare], [equality, position]] {
            let entries = files.enumerated().map { index, file in
                ManifestEntry(
                    status: index == 0 ? .existing : .deleted, snapshotID: 4, sequenceNumber: 3, fileSequenceNumber: 4,
                    dataFile: file)
            }
            let (bytes, file) = try Self.manifest(entries)
            #expect(file.byteCount == Int64(bytes.count))
            #expect(try ManifestReader.read(bytes, manifest: file, metadata: try Self.metadata()) == entries)
        }
    }

    @Test func `an added entry inherits what its manifest knows`() throws {
        let entry = ManifestEntry(
            status: .added, snapshotID: 5, sequenceNumber: nil, fileSequenceNumber: nil, dataFile: Self.file(1))
        let compacted = ManifestEntry(
            status: .added, snapshotID: 5, sequenceNumber: 4, fileSequenceNumber: nil, dataFile: Self.file(2))
        let (bytes, file) = try Self.manifest([entry, compacted])
        let read = try ManifestReader.read(bytes, manifest: file, metadata: try Self.metadata())
        #expect(read.map(\.sequenceNumber) == [9, 4])
        #expect(read.map(\.fileSequenceNumber) == [9, 9])
    }

    @Test func `the header has what the specification wants of it`() throws {
        let (bytes, _) = try Self.manifest([
            ManifestEntry(
                status: .added, snapshotID: 5, sequenceNumber: nil, fileSequenceNumber: nil, dataFile: Self.file(1))
        ])
        let reader = try AvroFileReader(bytes)
        let header = reader.metadata.mapValues { String(decoding: $0, as: UTF8.self) }
        #expect(header["format-version"] == "2" && header["content"] == "data")
        #expect(header["schema-id"] == "0" && header["partition-spec-id"] == "0")
        #expect(header["partition-spec"]?.first == "[", "the fields alone, not the spec")
        #expect(header["partition-spec"]?.contains(#""field-id":1000"#) == true)
        #expect(try JSONValue.parse(header["schema"] ?? "")["fields"]?.array?.count == 3, "the table's schema")
        guard case .record(let name, let fields) = reader.schema.kind else {
            Issue.record("no record")
            return
        }
        #expect(name == "manifest_entry" && fields.allSatisfy { $0.fieldID != nil })
        let dataFile = try #require(fields.first { $0.name == "data_file" }?.schema.fields)
        #expect(dataFile.allSatisfy { $0.fieldID != nil })
        #expect(dataFile.first { $0.fieldID == 134 }?.schema.kind == .int, "content is required")
    }

    @Test func `the manifest list's schema has required fields required, ids everywhere and element 508 not null`()
        throws
    {
        var generator = SystemRandomNumberGenerator()
        let bytes = try ManifestList.write([], snapshotID: 1, parentID: nil, sequenceNumber: 1, using: &generator)
        let reader = try AvroFileReader(bytes)
        guard case .record(let name, let fields) = reader.schema.kind else {
            Issue.record("no record")
            return
        }
        #expect(name == "manifest_file")
        let optional = fields.filter { if case .union = $0.schema.kind { true } else { false } }.map(\.fieldID)
        #expect(optional == [507, 519])
        #expect(fields.contains { $0.fieldID == 517 })
        let partitions = try #require(fields.first { $0.fieldID == 507 }?.schema.json.serializedText)
        #expect(partitions.contains(#""element-id":508"#))
        #expect(partitions.contains(#""items":{"type":"record","name":"r508""#))
    }

    @Test func `partition summaries cover nulls and bounds`() throws {
        let entries = [Int32?.some(3), -4, nil].enumerated().map { index, year in
            var file = Self.file(index)
            file.partition = [year.map { .int($0) }]
            return ManifestEntry(
                status: .added, snapshotID: 5, sequenceNumber: nil, fileSequenceNumber: nil, dataFile: file)
        }
        let (_, file) = try Self.manifest(entries)
        #expect(
            file.partitions == [
                PartitionFieldSummary(
                    containsNull: true, containsNaN: false, lowerBound: BoundsCodec.encode(.int(-4), .int),
                    upperBound: BoundsCodec.encode(.int(3), .int))
            ])
    }

    @Test func `damaged manifests are refused and never trap`() throws {
        let entries = (0..<3).map {
            ManifestEntry(
                status: .added, snapshotID: 5, sequenceNumber: nil, fileSequenceNumber: nil, dataFile: Self.file($0))
        }
        let (bytes, file) = try Self.manifest(entries)
        let metadata = try Self.metadata()
        let seed = UInt64.random(in: 0...(.max))
        var random = SeededRandom(state: seed)
        for _ in 0..<2000 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            do {
                _ = try ManifestReader.read(damaged, manifest: file, metadata: metadata)
            } catch let error as IcebergError {
                #expect(error.code == "manifest-invalid" && error.place?.source == "memory://m", "seed \(seed)")
            }
        }
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: IcebergError.self) {
                try ManifestReader.read(Array(bytes[..<count]), manifest: file, metadata: metadata)
            }
        }
    }

    /// `DIPPER_MEASURE=1 swift test -c release --filter 'a hundred thousand'` prints the times.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["DIPPER_MEASURE"] != nil))
    func `a hundred thousand files are written and read in well under a second`() throws {
        let entries = (0..<100_000).map {
            ManifestEntry(
                status: .added, snapshotID: 5, sequenceNumber: nil, fileSequenceNumber: nil, dataFile: Self.file($0))
        }
        let clock = ContinuousClock()
        var manifest: (bytes: [UInt8], file: ManifestFile)?
        let writing = try clock.measure { manifest = try Self.manifest(entries) }
        let (bytes, file) = try #require(manifest)
        let metadata = try Self.metadata()
        var count = 0
        let reading = try clock.measure {
            count = try ManifestReader.read(bytes, manifest: file, metadata: metadata).count
        }
        print("100,000 entries, \(bytes.count) bytes: written in \(writing), read in \(reading)")
        #expect(count == 100_000 && reading < .seconds(1))
    }
}
