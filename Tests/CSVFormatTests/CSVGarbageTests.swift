import ByteKernels
import CSVFormat
import Foundation
import LakeModel
import Testing

@Suite struct CSVGarbageTests {
    private static let table = CSVTable(
        columns: [
            ColumnDeclaration(name: "a", type: .long, required: true, minimum: .long(-5)),
            ColumnDeclaration(name: "b", type: .string, pattern: "[^z]*"),
            ColumnDeclaration(name: "c", type: .timestamptz), ColumnDeclaration(name: "d", type: .int),
            ColumnDeclaration(name: "e", type: .decimal(precision: 5, scale: 1)),
            ColumnDeclaration(name: "f", type: .double, maximum: .double(1e6)),
            ColumnDeclaration(name: "g", type: .boolean), ColumnDeclaration(name: "h", type: .string, required: true),
            ColumnDeclaration(name: "i", type: .date), ColumnDeclaration(name: "j", type: .uuid),
            ColumnDeclaration(name: "k", type: .binary),
        ], key: ["a"], undeclared: .ignore)

    private static let cells = [
        "", "1", "-3", "-9", "12345678", "123456789012", "99999999999", "x", "ann", "2021-11-07T02:48:42Z",
        "2021-02-30",
        "2021-11-07T02:48:42.25+02:00", "1.5", "1e3", "nan", "true", "\"\"", "\"a\"\"b\"", "\"q\nr\"", "\"x,y\"",
        "\"1\"",
        "\"2021-11-07T02:48:42Z\"", "\"a\"b", "a\"b", "å", "\u{FFFD}", " 7 ", "zzz", "\0", "0aff", "\"", "1970-01-02",
        "f81d4fae7dec11d0a76500a0c91e6bf6", "a text of more than thirty-two bytes, without end",
    ]

    private func file(_ state: inout UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        let wildness = next(&state) % 8
        for _ in 0..<next(&state) % 12 {
            let fieldCount = next(&state) % 6 == 0 ? next(&state) % 14 : 11
            for field in 0..<fieldCount {
                if field > 0 { bytes.append(0x2C) }
                let cell = Self.cells[Int(next(&state) % UInt64(Self.cells.count))]
                if wildness > 3 || next(&state) % 3 == 0 {
                    bytes += Array(cell.utf8)
                } else {
                    let good = ["1", "ann", "2021-11-07T02:48:42Z", "2", "1.5", "2", "t", "x", "1970-01-02", "", "0a"]
                    bytes += Array(good[Int(field) % good.count].utf8)
                }
                if wildness == 7, next(&state) % 20 == 0 { bytes.append(UInt8(truncatingIfNeeded: next(&state))) }
            }
            bytes += [[0x0A], [0x0D, 0x0A], [0x0D], [0x0A]][Int(next(&state) % 4)]
        }
        if next(&state) % 2 == 0, !bytes.isEmpty { bytes.removeLast() }
        return bytes
    }

    /// What must hold of any file.
    private func check(_ bytes: [UInt8], _ file: ReadFile, _ limits: CSVLimits, _ note: Comment) throws {
        try #require(file.rowsRead == file.rows.count + file.rejects.count + file.blankRows, note)
        var ranges = file.places.map { $0.byteOffset..<$0.byteOffset + $0.byteCount }
        for reject in file.rejects {
            let range = reject.byteOffset..<reject.byteOffset + reject.byteCount
            let kept = bytes[range].prefix(min(limits.rawBytesMax, limits.rowBytesMax))
            try #require(reject.raw == Array(kept) && reject.rawTruncated == (kept.count < range.count), note)
            ranges.append(range)
        }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        for (before, after) in zip(ranges, ranges.dropFirst()) {
            try #require(before.upperBound < after.lowerBound, note)
        }
        try #require(file.rejects.map(\.byteOffset) == file.rejects.map(\.byteOffset).sorted(), note)
    }

    @Test func `garbage lands row by row, the same way however it is cut`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("garbage seed \(seed)")
        var state = seed
        let sniff = CSVSniff(dialect: CSVDialect(), layout: .positional(columnCount: Self.table.columns.count))
        for round in 0..<1500 {
            let bytes = file(&state)
            let rowBytesMax = next(&state) % 3 == 0 ? Int(next(&state) % 60) + 1 : 4096
            let rawBytesMax = next(&state) % 3 == 0 ? Int(next(&state) % 60) : 4096
            let fieldBytesMax = next(&state) % 3 == 0 ? Int(next(&state) % 60) + 1 : 4096
            let fieldsMax = next(&state) % 8 == 0 ? 12 : 4096
            var limits = CSVLimits(
                rowBytesMax: rowBytesMax, fieldBytesMax: fieldBytesMax, fieldsMax: fieldsMax, rawBytesMax: rawBytesMax)
            let note: Comment = "seed \(seed), round \(round)"
            let whole = try CSVFixture.read(bytes, Self.table, sniff: sniff, limits: limits)
            try check(bytes, whole, limits, note)
            for _ in 0..<4 {
                limits.chunkBytesTarget = Int(next(&state) % 150) + 1
                let level = CSVScanLevel.allCases[Int(next(&state) % 5)]
                let cut = try CSVFixture.read(
                    bytes, Self.table, sniff: sniff, blockBytes: Int(next(&state) % 90) + 1, limits: limits,
                    level: level)
                try #require(cut == whole, note)
            }
        }
    }

    @Test func `the sniffer answers or throws, whatever the bytes`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        for _ in 0..<400 {
            var bytes = file(&state)
            if next(&state) % 4 == 0 {
                bytes = (0..<next(&state) % 200).map { _ in UInt8(truncatingIfNeeded: next(&state)) }
            }
            do {
                let sniff = try CSVFixture.sniff(bytes, Self.table)
                let read = try CSVFixture.read(bytes, Self.table, sniff: sniff)
                #expect(read.rowsRead == read.rows.count + read.rejects.count + read.blankRows, "seed \(seed)")
            } catch {
                #expect(error is CSVError, "seed \(seed)")
            }
        }
    }

    /// Python's csv module as another reader: the same rows and fields for everything that both define.
    @Test func `well-formed files read as Python's csv module reads them`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("csv seed \(seed)")
        var state = seed
        let table = CSVFixture.table([("a", .string), ("b", .string), ("c", .string)])
        let cells = [
            "x", "a b", "\"a\"", "\"p,q\"", "\"r\ns\"", "\"t\r\nu\"", "\"\"\"v\"\"\"", "w\"x", "é", "\"\"\"\"", "7",
            " y ",
        ]
        var bytes: [UInt8] = []
        for _ in 0..<4000 {
            for field in 0..<3 {
                if field > 0 { bytes.append(0x2C) }
                bytes += Array(cells[Int(next(&state) % UInt64(cells.count))].utf8)
            }
            bytes += [[0x0A], [0x0D, 0x0A]][Int(next(&state) % 2)]
        }
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("csv-\(UUID().uuidString).csv")
        try Data(bytes).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        let script = """
            import csv, sys
            with open(sys.argv[1], newline="", encoding="utf-8") as f:
                for row in csv.reader(f):
                    print(" ".join(cell.encode().hex() for cell in row))
            """
        let expected = try runPython(script, path.path).split(separator: "\n").map(String.init)
        let sniff = CSVSniff(dialect: CSVDialect(), layout: .positional(columnCount: 3))
        let file = try CSVFixture.read(bytes, table, sniff: sniff, limits: CSVLimits(chunkBytesTarget: 10_000))
        let actual = file.rows.map { row in
            row.map { datum -> String in
                guard case .string(let text) = datum else { return "null" }
                return SHA256Stream.hex(Array(text.utf8))
            }.joined(separator: " ")
        }
        #expect(file.rejects.isEmpty)
        #expect(actual == expected, "seed \(seed)")
    }

    private func runPython(_ script: String, _ argument: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, argument]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: output, as: UTF8.self)
    }
}
