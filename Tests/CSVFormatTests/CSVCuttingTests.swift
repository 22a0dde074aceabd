import ByteKernels
import CSVFormat
import LakeModel
import Testing

/// Files with every trait that moves a boundary.
let cuttingFixtures: [String] = [
    "1,Ann,2021-11-07T02:48:42Z,2,96\n2,Bob,2021-05-30T05:43:46Z,8,\n3,Cy,2021-09-01T23:27:38Z,5,52",
    "1,Ann,2021-11-07T02:48:42Z,2,96\r\n2,Bob,2021-05-30T05:43:46Z,8,\r\n\r\n,,,,\r\n3,Cy,2021-09-01T23:27:38Z,5,52\r\n",
    "1,Ann,2021-11-07T02:48:42Z,2,96\r2,Bob,2021-05-30T05:43:46Z,8,\r3,Cy,2021-09-01T23:27:38Z,5,52\r",
    "id,name,datetime,department_id,job_id\r\n1,\"A, \"\"the\"\"\r\nfirst\",2021-11-07,1,2\r\n2,\"\",2021-11-07,,\n3,b\"c\"\"d,2021-11-07,,\r\n",
    "1,\"a\nb\",2021-11-07,1,2\n2,\"\"\"\",2021-11-07,1,2\n3,\"\"\"x\"\"\",2021-11-07,1,2\n4,\"x\"y,2021-11-07,1,2\n5,z,2021-11-07,1,2\n",
    "\u{FEFF}1,Åsa,2021-11-07,1,2,\n2,Øyvind,2021-11-07,1,2,,,\n3,x,2021-11-07,1,2,9\n4,x\n5,x,2021-11-07\n",
    "1,Ann,2021-11-07,1,2\n2,\"open, 2021-11-07,1,2\n3,Cy,2021-11-07,5,52\n",
    "1,Ann,2021-11-07,1,2\nx,Ann,2021-11-07,1,2\n2,Ann,2021-02-30,1,2\n3,,2021-11-07,1,2\n4,\0,2021-11-07,1,2\n\n\n",
    "1,\"\r\n\r\n\r\",2021-11-07,1,2\r\n\"2\",\"q\"\"\",\"2021-11-07\",\"1\",\"\"\r\n",
    "1,a rather long name that does not fit thirty-two bytes in any way at all,2021-11-07,1,2\n2,b,2021-11-07,1,2\n",
]

@Suite struct CSVCuttingTests {
    /// A byte 0 near the start would make the sniffer refuse the file.
    private func sniffed(_ bytes: [UInt8]) throws -> CSVSniff {
        let text = bytes.map { $0 == 0 ? UInt8(ascii: "x") : $0 }
        return try CSVFixture.sniff(text, CSVFixture.employees, CSVOverrides(delimiter: 0x2C))
    }

    @Test(arguments: cuttingFixtures.indices)
    func `the result does not depend on block or chunk size`(_ fixture: Int) throws {
        let bytes = Array(cuttingFixtures[fixture].utf8)
        let sniff = try sniffed(bytes)
        let whole = try CSVFixture.read(bytes, CSVFixture.employees, sniff: sniff)
        #expect(whole.rowsRead == whole.rows.count + whole.rejects.count + whole.blankRows)
        for chunkBytes in [1, 2, 3, 7, 20, 33, 64, 100, bytes.count] {
            for blockBytes in 1...bytes.count {
                var limits = CSVLimits()
                limits.chunkBytesTarget = chunkBytes
                let cut = try CSVFixture.read(
                    bytes, CSVFixture.employees, sniff: sniff, blockBytes: blockBytes, limits: limits)
                try #require(cut == whole, "blocks of \(blockBytes), chunks of \(chunkBytes)")
            }
        }
    }

    @Test(arguments: cuttingFixtures.indices, [5, 24, 40])
    func `rows above the limit do not depend on block or chunk size`(_ fixture: Int, _ rowBytesMax: Int) throws {
        let bytes = Array(cuttingFixtures[fixture].utf8)
        let sniff = try sniffed(bytes)
        for rawBytesMax in [3, 1000] {
            var limits = CSVLimits(rowBytesMax: rowBytesMax, rawBytesMax: rawBytesMax)
            let whole = try CSVFixture.read(bytes, CSVFixture.employees, sniff: sniff, limits: limits)
            for chunkBytes in [1, 2, 9, 30, 64] {
                for blockBytes in 1...bytes.count {
                    limits.chunkBytesTarget = chunkBytes
                    let cut = try CSVFixture.read(
                        bytes, CSVFixture.employees, sniff: sniff, blockBytes: blockBytes, limits: limits)
                    try #require(cut == whole, "blocks of \(blockBytes), chunks of \(chunkBytes)")
                }
            }
        }
    }

    @Test(arguments: cuttingFixtures.indices)
    func `every instruction set finds the same`(_ fixture: Int) throws {
        let bytes = Array(cuttingFixtures[fixture].utf8)
        let sniff = try sniffed(bytes)
        let best = try CSVFixture.read(bytes, CSVFixture.employees, sniff: sniff)
        for level in CSVScanLevel.allCases {
            let other = try CSVFixture.read(bytes, CSVFixture.employees, sniff: sniff, blockBytes: 17, level: level)
            #expect(other == best, "\(level)")
        }
    }
}
