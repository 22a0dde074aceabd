internal import ByteKernels

/// Reads integers as differences in blocks.
///
/// Source: Parquet format, "Delta Encoding (DELTA_BINARY_PACKED = 5)".
enum DeltaDecoder {
    /// Values of a block and miniblocks in it; larger ones are absurd and only take memory.
    private static let blockValuesMax = 1 << 20
    private static let miniblocksMax = 1 << 12

    /// Reads exactly `count` numbers at `position` and moves it behind them.
    static func decode(
        _ bytes: RawSpan, at position: inout Int, count: Int, pages: borrowing ChunkPages
    ) throws -> [Int64] {
        let blockValues = try number(bytes, &position, pages)
        let miniblocks = try number(bytes, &position, pages)
        let total = try number(bytes, &position, pages)
        var value = VarInt.unZigZag(try number(bytes, &position, pages))
        guard blockValues > 0, blockValues <= blockValuesMax, miniblocks > 0, miniblocks <= miniblocksMax,
            blockValues % (miniblocks * 32) == 0
        else { throw pages.malformed("a delta block of \(blockValues) values in \(miniblocks) miniblocks") }
        guard total == UInt64(count) else { throw pages.malformed("\(total) deltas where \(count) belong") }
        var values: [Int64] = []
        if count == 0 { return values }
        values.reserveCapacity(count)
        values.append(value)
        let miniblockValues = Int(blockValues / miniblocks)
        var deltas = [UInt64](repeating: 0, count: miniblockValues)
        while values.count < count {
            let least = VarInt.unZigZag(try number(bytes, &position, pages))
            let widthsStart = position
            guard Int(miniblocks) <= bytes.byteCount - position else { throw pages.malformed("deltas end early") }
            position += Int(miniblocks)
            for miniblock in 0..<Int(miniblocks) where values.count < count {
                let width = Int(unsafe bytes.unsafeLoad(fromByteOffset: widthsStart + miniblock, as: UInt8.self))
                let needed = min(miniblockValues, count - values.count)
                guard width <= 64, (width * needed + 7) / 8 <= bytes.byteCount - position else {
                    throw pages.malformed("a miniblock of \(width) bits passes the end of its page")
                }
                unsafe deltas.withUnsafeMutableBufferPointer { buffer in
                    unsafe BitPacking.unpack(
                        bytes.extracting(position..<bytes.byteCount), width: width,
                        into: UnsafeMutableBufferPointer(rebasing: buffer[..<needed]))
                }
                for index in 0..<needed {
                    value = value &+ least &+ Int64(bitPattern: deltas[index])
                    values.append(value)
                }
                position = min(bytes.byteCount, position + width * miniblockValues / 8)
            }
        }
        return values
    }

    private static func number(
        _ bytes: RawSpan, _ position: inout Int, _ pages: borrowing ChunkPages
    ) throws -> UInt64 {
        do { return try VarInt.decode(bytes, at: &position) } catch {
            throw pages.malformed("a delta header is not valid", cause: error)
        }
    }
}
