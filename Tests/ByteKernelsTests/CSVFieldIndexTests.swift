import ByteKernels
import Testing

/// The grammar of the scan, a byte at a time.
struct NaiveRow: Hashable {
    var fields: [Range<Int>]
    var line: Int
}

func naiveRows(_ bytes: [UInt8], delimiter: UInt8, quote: UInt8) -> (rows: [NaiveRow], lines: Int, isOpen: Bool) {
    var rows: [NaiveRow] = []
    var fields: [Range<Int>] = []
    var lines = 0
    var rowLine = 0
    var start = 0
    var at = 0
    var rowStart = 0
    var isQuoted = false
    while at < bytes.count {
        let byte = bytes[at]
        if isQuoted {
            if byte == quote {
                if at + 1 < bytes.count, bytes[at + 1] == quote { at += 1 } else { isQuoted = false }
            } else if byte == 0x0A || (byte == 0x0D && !(at + 1 < bytes.count && bytes[at + 1] == 0x0A)) {
                lines += 1
            }
            at += 1
        } else if byte == quote, at == start {
            isQuoted = true
            at += 1
        } else if byte == delimiter {
            fields.append(start..<at)
            at += 1
            start = at
        } else if byte == 0x0A || byte == 0x0D {
            rows.append(NaiveRow(fields: fields + [start..<at], line: rowLine))
            at += byte == 0x0D && at + 1 < bytes.count && bytes[at + 1] == 0x0A ? 2 : 1
            lines += 1
            rowLine = lines
            fields = []
            start = at
            rowStart = at
        } else {
            at += 1
        }
    }
    if rowStart < bytes.count { rows.append(NaiveRow(fields: fields + [start..<bytes.count], line: rowLine)) }
    return (rows, lines, isQuoted)
}

@Suite struct CSVFieldIndexTests {
    private func indexed(_ bytes: [UInt8], _ level: CSVScanLevel, fieldsMax: Int = 1 << 20) -> [NaiveRow] {
        var index = CSVFieldIndex(delimiter: 0x2C, quote: 0x22, fieldsMax: fieldsMax, level: level)
        index.reset()
        var rows: [NaiveRow] = []
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            while unsafe index.nextTile(start, count: buffer.count) {
                for row in 0..<index.rowCount {
                    let fields = (Int(index.rowFirst[row])..<Int(index.rowLast[row])).map {
                        Int(index.ends[$0] &+ 1)..<Int(index.ends[$0 + 1])
                    }
                    rows.append(NaiveRow(fields: fields, line: Int(index.rowLines[row])))
                }
            }
        }
        return rows
    }

    /// Few kinds of bytes, so that every combination of neighbours comes up, in runs as long as several blocks.
    private func garbage(_ state: inout UInt64) -> [UInt8] {
        let palette = Array("\"\"\"\"\",,\n\r\r\nab".utf8)
        var bytes: [UInt8] = []
        let count = Int(next(&state) % 400)
        let plainness = next(&state) % 40 + 1
        while bytes.count < count {
            if next(&state) % plainness == 0 {
                bytes.append(palette[Int(next(&state) % UInt64(palette.count))])
            } else {
                bytes.append(0x78)
            }
        }
        return bytes
    }

    @Test(arguments: CSVScanLevel.allCases)
    func `random bytes have the rows that a byte at a time finds`(_ level: CSVScanLevel) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        for round in 0..<2000 {
            let bytes = garbage(&state)
            let expected = naiveRows(bytes, delimiter: 0x2C, quote: 0x22)
            #expect(indexed(bytes, level) == expected.rows, "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: CSVScanLevel.allCases)
    func `row ends are found at once and piece by piece`(_ level: CSVScanLevel) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        for round in 0..<500 {
            let bytes = garbage(&state)
            let expected = naiveRows(bytes, delimiter: 0x2C, quote: 0x22)
            for piece in [1, 2, 63, 64, 65, 1000] {
                var scan = CSVRowScan(delimiter: 0x2C, quote: 0x22, level: level)
                unsafe bytes.withUnsafeBufferPointer { buffer in
                    guard let start = buffer.baseAddress else { return }
                    var readable = 0
                    while readable < buffer.count {
                        readable = min(buffer.count, readable + piece)
                        unsafe scan.scan(start, limit: max(scan.position, readable - 1), readable: readable)
                    }
                    unsafe scan.scan(start, limit: readable, readable: readable)
                }
                #expect(scan.lineCount == expected.lines, "seed \(seed), round \(round), piece \(piece)")
                #expect(scan.isInsideQuotes == expected.isOpen, "seed \(seed), round \(round), piece \(piece)")
            }
        }
    }

    @Test func `long files fill many tiles`() {
        let row = Array("1,\"a \"\"b\"\"\nc\",2\r\n,x,\n".utf8)
        let bytes = Array([[UInt8]](repeating: row, count: 9000).joined())
        let expected = naiveRows(bytes, delimiter: 0x2C, quote: 0x22)
        for level in CSVScanLevel.allCases { #expect(indexed(bytes, level) == expected.rows) }
    }

    @Test func `a row of very many fields keeps at most one above the limit`() {
        let bytes = [UInt8](repeating: 0x2C, count: 100_000) + Array("\n1,2\n".utf8)
        let rows = indexed(bytes, .best, fieldsMax: 50)
        #expect(rows.count == 2)
        #expect(rows[0].fields.count > 50 && rows[0].fields.count < 20_000)
        #expect(rows[1].fields == [100_001..<100_002, 100_003..<100_004])
        #expect(indexed(bytes, .best)[0].fields.count == 100_001)
    }
}
