import ByteKernels
import CSVFormat
import Fuzzing
import LakeModel
import Testing

/// More files than ``cuttingFixtures``, each for some trait of a dialect.
private let sweepFixtures: [String] =
    cuttingFixtures + [
        "id,name,datetime\n1,Ann,2021-11-07\n", "id;name;datetime\r\n1;\"A;B\";2021-11-07\r\n;;\r\n",
        "\u{FEFF}sep=\t\r\nid\tname\tdatetime\r\n1\tAnn\t2021-11-07", "\n\r\n\r1,Ann,2021-11-07\n\r\n\r",
        "1,\"\"\"\",2021-11-07\r\"2\",\"\"\"\"\"\",\"2021-11-07\"\r\n", "1,\"a\"\"\",2021-11-07,\"\",\"\"\n\"\"\"\n",
        "\"id\",\"name\",\"datetime\"\n\"1\",\"\r\",\"2021-11-07\"\r\"\n",
        "1,日本語,2021-11-07\n2,\"é\n😀\",2021-11-07\n3,x\n",
        "1,a,2021-11-07,,,,,,,,,,,,\n2,b,2021-11-07,,,,x\n,,\n\"\"\n", ",", "\"", "\r", "1,Ann,2021-11-07\"\n\"",
        "1,x\"\"y\"z,2021-11-07\n2,\"x\" y\"z,2021-11-07\n3,\"x\"\"y\",2021-11-07\n4,\"\"x,2021-11-07\n",
    ]

/// Each file at every block size, chunk size and split point.
@Suite struct CSVSweepTests {
    private func sniff(_ bytes: [UInt8]) -> CSVSniff {
        do {
            return try CSVFixture.sniff(bytes, CSVFixture.employees)
        } catch {
            return CSVSniff(dialect: CSVDialect(), layout: .positional(columnCount: 5))
        }
    }

    private func check(_ cutting: Cutting, _ bytes: [UInt8], _ sniff: CSVSniff, _ expected: ReadRows) throws {
        let difference = cutting.read(bytes, CSVFixture.employees, sniff).difference(from: expected)
        try #require(difference == nil, "\(cutting)")
    }

    @Test(arguments: sweepFixtures.indices)
    func `every block size and every chunk size give what the plain reader gives`(_ fixture: Int) throws {
        let bytes = Array(sweepFixtures[fixture].utf8)
        let sniff = sniff(bytes)
        for (rowBytesMax, rawBytesMax) in [(1 << 20, 1 << 20), (24, 1 << 20), (5, 3)] {
            var limits = CSVLimits(rowBytesMax: rowBytesMax, rawBytesMax: rawBytesMax)
            let expected = PlainReader(bytes, table: CSVFixture.employees, sniff: sniff, limits: limits).read()
            #expect(expected.rowsRead == expected.rows.count + expected.rejects.count + expected.blankRows)
            for size in 1...bytes.count {
                try check(Cutting(blockBytes: size, limits: limits), bytes, sniff, expected)
                limits.chunkBytesTarget = size
                let level = CSVScanLevel.allCases[size % CSVScanLevel.allCases.count]
                try check(Cutting(limits: limits, level: level, isReversed: true), bytes, sniff, expected)
                try check(Cutting(blockBytes: size, limits: limits, level: level), bytes, sniff, expected)
                limits.chunkBytesTarget = 1
                try check(Cutting(blockBytes: size, limits: limits, level: level), bytes, sniff, expected)
                limits.chunkBytesTarget = CSVLimits.chunkBytesTargetDefault
            }
        }
    }

    @Test(arguments: sweepFixtures.indices)
    func `a stream cut at any place gives the same chunks`(_ fixture: Int) throws {
        let bytes = Array(sweepFixtures[fixture].utf8)
        let sniff = sniff(bytes)
        let limits = CSVLimits(chunkBytesTarget: 32)
        let expected = PlainReader(bytes, table: CSVFixture.employees, sniff: sniff, limits: limits).read()
        for split in 0...bytes.count {
            var chunker = CSVChunker(
                dialect: sniff.dialect, dataOffset: sniff.dataOffset, dataLine: sniff.dataLine, limits: limits)
            var parser = CSVChunkParser(sniff: sniff, table: CSVFixture.employees, limits: limits)
            var rows = ReadRows()
            for part in [Array(bytes[..<split]), Array(bytes[split...])] {
                chunker.push(part)
                while let chunk = chunker.next() { rows.add(parser.parse(chunk)) }
            }
            chunker.finish()
            while let chunk = chunker.next() { rows.add(parser.parse(chunk)) }
            try #require(rows.difference(from: expected) == nil, "cut at byte \(split)")
        }
    }

    /// Where a worker may begin: at any row end that the plain reader finds, with the line that it has there.
    @Test(arguments: sweepFixtures.indices)
    func `a file read from any of its rows on gives the rows from there`(_ fixture: Int) throws {
        let bytes = Array(sweepFixtures[fixture].utf8)
        let start = sniff(bytes)
        let rows = PlainCSV.rows(
            of: bytes, from: start.dataOffset, line: start.dataLine, delimiter: start.dialect.delimiter)
        for row in rows {
            var later = start
            later.dataOffset = row.range.lowerBound
            later.dataLine = row.line
            let expected = PlainReader(bytes, table: CSVFixture.employees, sniff: later, limits: CSVLimits()).read()
            try check(Cutting(), bytes, later, expected)
            try check(Cutting(blockBytes: 1, isReversed: true), bytes, later, expected)
        }
    }

    @Test(arguments: FuzzTargets.names)
    func `a fuzz target finds nothing in a second`(_ name: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("\(name): seed \(seed)")
        _ = try FuzzTargets.run(name, FuzzRun(seed: seed, duration: .seconds(1)))
    }
}
