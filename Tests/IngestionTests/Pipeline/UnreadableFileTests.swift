import LakeModel
import LakeTesting
import ObjectStorage
import Testing

@testable import Ingestion

struct UnreadableFileTests {
    private let header = "id,name,day\n"

    @Test(arguments: [
        ("no,such,columns\n1,a,2021-01-01\n", "header-mismatch"), ("\n\r\n\n", "file-empty"),
        ("PK\u{3}\u{4}zip", "not-csv"),
    ])
    func `a file that cannot be read fails, the next one works`(_ text: String, _ code: String) async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", header + "1,a,2021-01-01\n")
        let snapshot = try await lake.snapshotID("items")
        let failed = try await lake.load("items", text)
        #expect(failed.state == .failed)
        #expect(failed.error?.code == code)
        #expect(failed.rows.text == "")
        #expect(try await lake.snapshotID("items") == snapshot)
        let next = try await lake.load("items", header + "1,b,2021-01-01\n2,c,\n")
        #expect(next.rows.text == "read 2, accepted 2, inserted 1, updated 1")
    }

    @Test func `compressed uploads are read as what is in them`() async throws {
        let lake = try await TestLake(TestTables.items())
        let text = Array((header + "1,a,2021-01-01\n2,b,\nx,,\n").utf8)
        let gzip = try await lake.upload("items", StoredBlocks.gzip(text))
        let zstd = try await lake.upload("items", StoredBlocks.zstd(text))
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.receipt(gzip.id).rows.text == "read 3, accepted 2, inserted 2, rejected 1")
        #expect(try await lake.receipt(zstd.id).rows.text == "read 3, accepted 2, unchanged 2, rejected 1")
        #expect(try await lake.rows("items") == ["1|a|2021-01-01", "2|b|-"])
        // Byte offsets are those of the text, not of its compressed form.
        #expect(try await lake.rejects("items").map(\.byteOffset) == [32, 32])
    }

    @Test(arguments: [true, false]) func `a compressed file that ends too early fails`(_ isGzip: Bool) async throws {
        let lake = try await TestLake(TestTables.items())
        let text = Array((header + "1,a,2021-01-01\n2,b,\n").utf8)
        let bytes = isGzip ? StoredBlocks.gzip(text) : StoredBlocks.zstd(text)
        for count in [bytes.count - 1, bytes.count - 9, 12] {
            let id = try await lake.upload("items", Array(bytes.prefix(count))).id
            try await lake.drain()
            try await lake.check()
            let receipt = try await lake.receipt(id)
            #expect(receipt.state == .failed, "\(count) bytes")
        }
        #expect(try await lake.rows("items").isEmpty)
        try await lake.upload("items", bytes)
        try await lake.drain()
        #expect(try await lake.rows("items").count == 2)
    }

    @Test func `a damaged table is not blamed on the file`() async throws {
        let objects = MemoryObjectStore()
        var stores = TestStores.memory()
        stores.objects = objects
        let lake = try await TestLake(TestTables.codes, stores: stores)
        _ = try await lake.load("codes", "code,amount\nA,1\nB,2\n")
        let listed = try await objects.list(prefix: "warehouse/silver/codes_cleaned/data/", after: nil, limit: 9)
        let key = try #require(listed.first?.key)
        let sound = try await objects.get(key, bytesMax: .max)
        for offset in stride(from: 4, to: sound.count - 8, by: 29) {
            var damaged = sound
            damaged[offset] ^= 0x55
            try await objects.put(key, bytes: damaged, ifAbsent: false)
            let id = try await lake.upload("codes", "code,amount\nA,\(offset)\n").id
            // Damage that goes unnoticed changes the row; damage that is noticed stops the table.
            try? await lake.drain()
            #expect(try await lake.receipt(id).state != .failed, "damage at \(offset)")
            try await objects.put(key, bytes: sound, ifAbsent: false)
            try await lake.restart()
            try await lake.drain()
        }
    }
}

/// Containers around bytes as they are, for uploads in tests.
enum StoredBlocks {
    /// A gzip member of one stored block; at most 65,535 bytes.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        let count = little(UInt64(bytes.count), 2)
        return header + [1] + count + count.map { ~$0 } + bytes + little(UInt64(crc32(bytes)), 4)
            + little(UInt64(bytes.count), 4)
    }

    /// A zstd frame of one raw block; at most 65,535 bytes.
    static func zstd(_ bytes: [UInt8]) -> [UInt8] {
        let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        // One segment, its size in four bytes, no checksum; the block is the last and raw.
        return magic + [0xA0] + little(UInt64(bytes.count), 4) + little(UInt64(bytes.count) << 3 | 1, 3) + bytes
    }

    private static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<UInt64(count)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
