import LakeModel
import Testing

@testable import Ingestion

struct BronzeReaderTests {
    private func read(_ bytes: [UInt8], readBytes: Int) throws -> [[UInt8]] {
        var limits = IngestionLimits()
        limits.readBytes = readBytes
        let reader = try BronzeReader(MemorySource(bytes), limits: limits)
        var blocks: [[UInt8]] = []
        while let block = try reader.next() { blocks.append(block) }
        #expect(try reader.next() == nil)
        #expect(reader.offset == bytes.count)
        return blocks
    }

    @Test(arguments: [1, 3, 1_000, 5_000, 1 << 20]) func `blocks are the object's bytes in order`(_ readBytes: Int)
        throws
    {
        let bytes = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 * 31 + 32) }
        for object in [bytes, StoredBlocks.gzip(bytes), StoredBlocks.zstd(bytes)] {
            let blocks = try read(object, readBytes: readBytes)
            #expect(blocks.allSatisfy { !$0.isEmpty })
            #expect(blocks.flatMap(\.self) == bytes)
        }
    }

    @Test func `an object without bytes has no block`() throws {
        #expect(try read([], readBytes: 10).isEmpty)
    }

    @Test func `bytes that stand for many more come out a piece at a time`() throws {
        // Random bytes earn the ratio that the repeated ones behind them use up.
        let rawBlock = [UInt8](repeating: 0, count: 60_000).map { _ in UInt8.random(in: 0...255) }
        var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38]
        for _ in 0..<4 { frame += header(count: rawBlock.count, kind: 0) + rawBlock }
        for _ in 0..<1_500 { frame += header(count: 128 << 10, kind: 1) + [UInt8(ascii: "a")] }
        frame += header(count: 0, kind: 0, isLast: true)
        let reader = try BronzeReader(MemorySource(frame), limits: IngestionLimits())
        var total = 0
        while let block = try reader.next() {
            #expect(block.count <= 34 << 20)
            total += block.count
        }
        #expect(total == 4 * rawBlock.count + 1_500 * (128 << 10))
    }

    /// The header of a zstd block: raw, or one byte repeated.
    private func header(count: Int, kind: Int, isLast: Bool = false) -> [UInt8] {
        let value = count << 3 | kind << 1 | (isLast ? 1 : 0)
        return [UInt8(value & 255), UInt8(value >> 8 & 255), UInt8(value >> 16)]
    }
}
