import ByteKernels
package import CSVFormat
import LakeModel

/// Scanner, chunker and converters: a file's rows, rejects, lines and byte offsets are what ``PlainReader`` says, and do
/// not depend on how the file is cut.
package struct CSVTarget: FuzzTarget {
    package static let name = "csv"

    /// Other ways to cut the same file.
    private static let cuttings = 3

    package init() {}

    package mutating func runOnce(_ random: inout FuzzRandom) throws {
        let input = CSVInput(&random)
        let bytes = input.bytes
        let whole = Cutting(limits: input.limits).read(bytes, input.table, input.sniff)
        let expected = PlainReader(bytes, table: input.table, sniff: input.sniff, limits: input.limits).read()
        if let difference = whole.difference(from: expected) {
            throw FuzzFailure(
                "the reader and the plain reader differ: \(difference)\n  table \(input.table.columns.map(\.type))\n"
                    + "  \(input.limits)\n  \(input.sniff)", input: bytes)
        }
        try Self.check(whole, bytes, input.limits)
        for _ in 0..<Self.cuttings {
            var cutting = Cutting(limits: input.limits)
            cutting.blockBytes = 1 + random.below(bytes.count + 1)
            cutting.limits.chunkBytesTarget = 1 + random.below(random.oneIn(2) ? 40 : bytes.count + 1)
            cutting.level = random.pick(CSVScanLevel.allCases)
            cutting.isReversed = random.oneIn(2)
            let cut = cutting.read(bytes, input.table, input.sniff)
            if let difference = cut.difference(from: whole) {
                throw FuzzFailure("cut as \(cutting): \(difference)", input: bytes)
            }
        }
    }

    /// What must hold whatever the plain reader says.
    package static func check(_ rows: ReadRows, _ bytes: [UInt8], _ limits: CSVLimits) throws {
        try require(
            rows.rowsRead == rows.rows.count + rows.rejects.count + rows.blankRows, "rows that land nowhere or twice",
            bytes)
        for reject in rows.rejects {
            let range = reject.place.byteOffset..<reject.place.byteOffset + reject.place.byteCount
            try require(range.upperBound <= bytes.count, "a reject behind the end of the file", bytes)
            let kept = bytes[range].prefix(min(limits.rawBytesMax, limits.rowBytesMax))
            try require(
                reject.raw.elementsEqual(kept) && reject.rawTruncated == (kept.count < range.count),
                "a reject's bytes are not the file's", bytes)
        }
        let places = (rows.places + rows.rejects.map(\.place)).sorted { $0.byteOffset < $1.byteOffset }
        for (before, after) in zip(places, places.dropFirst()) {
            try require(
                before.byteOffset + before.byteCount < after.byteOffset && before.line < after.line,
                "rows overlap", bytes)
        }
    }
}
