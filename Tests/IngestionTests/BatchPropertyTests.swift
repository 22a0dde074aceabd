import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

/// Random rows, whole and damaged, as a batch and as NDJSON, against the plain reader.
struct BatchPropertyTests {
    private static let iterations = 3_000

    /// A table with every kind of column that the reader treats by itself, and a second name for one.
    private static func table(_ undeclared: UndeclaredColumns) -> TableDeclaration {
        var table = TableDeclaration(
            name: "things", silverName: "things_cleaned",
            columns: [
                ColumnDeclaration(name: "id", type: .long),
                ColumnDeclaration(name: "name", aliases: ["a long name of it"], type: .string, required: true),
                ColumnDeclaration(name: "number", type: .int), ColumnDeclaration(name: "flag", type: .boolean),
                ColumnDeclaration(name: "at", type: .timestamp), ColumnDeclaration(name: "at_utc", type: .timestamptz),
                ColumnDeclaration(name: "share", type: .double),
            ], key: ["id"])
        table.undeclaredColumns = undeclared
        return table
    }

    @Test(arguments: [UndeclaredColumns.reject, .ignore])
    func `a batch comes to what a plain reader makes of it`(_ undeclared: UndeclaredColumns) throws {
        var random = SeededRandom(purpose: "JSON batches")
        let table = Self.table(undeclared)
        let limits = IngestionLimits()
        let plain = PlainRows(table: table, depthMax: limits.jsonDepthMax)
        // One reader for all, as names that it has learned are kept.
        var reader = try BatchReader(table: table, limits: limits)
        for iteration in 0..<Self.iterations {
            var maker = RowTexts(random: random)
            let body = maker.body()
            random = maker.random
            let comment = Comment(rawValue: "seed \(random.seed), iteration \(iteration): \(Self.shown(body))")
            let expected = try? Self.rows(body, plain)
            let rows: BatchRows
            do {
                rows = try reader.read(body.span)
            } catch let error as IngestionError {
                let isEmpty = expected.map(\.isEmpty) ?? body.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
                #expect(error.code == (isEmpty ? "batch-empty" : "json-syntax"), comment)
                #expect(expected == nil || isEmpty, comment)
                reader = try BatchReader(table: table, limits: limits)
                continue
            }
            let wanted = try #require(expected, comment)
            Self.check(rows, wanted, body, blank: 0, comment)
        }
    }

    @Test func `NDJSON in slices comes to what a plain reader makes of its lines`() throws {
        var random = SeededRandom(purpose: "NDJSON")
        let table = Self.table(.reject)
        let limits = IngestionLimits()
        // A row stands in no array here.
        let plain = PlainRows(table: table, depthMax: limits.jsonDepthMax)
        for iteration in 0..<Self.iterations {
            var maker = RowTexts(random: random)
            let lines = maker.lines()
            random = maker.random
            let body = Array(lines.joined(separator: [0x0A]))
            let comment = Comment(rawValue: "seed \(random.seed), iteration \(iteration): \(Self.shown(body))")
            var reader = try LineReader(table: table, limits: limits)
            var position = LineReader.Position()
            var start = 0
            var parts: [BatchRows] = []
            while start < body.count {
                var end = Int.random(in: start + 1...body.count, using: &random)
                while end < body.count, body[end - 1] != 0x0A { end += 1 }
                parts.append(reader.read(body[start..<end].span, &position))
                start = end
            }
            #expect(position.bytes == body.count, comment)
            let (wanted, blank) = Self.lines(body, plain)
            var wantedRest = wanted[...]
            for part in parts {
                let rows = wantedRest.prefix(part.rowsRead - part.blankRows)
                wantedRest = wantedRest.dropFirst(rows.count)
                Self.check(part, Array(rows), body, blank: part.blankRows, comment)
            }
            #expect(wantedRest.isEmpty && parts.reduce(0) { $0 + $1.blankRows } == blank, comment)
        }
    }

    private static func shown(_ body: [UInt8]) -> String { String(decoding: body, as: UTF8.self).debugDescription }

    /// A row of the body with what it must come to.
    private struct Wanted {
        var range: Range<Int>
        var line: Int
        var expected: PlainRows.Expected
    }

    /// - Throws: for a body that is no JSON array.
    private static func rows(_ body: [UInt8], _ plain: PlainRows) throws -> [Wanted] {
        var json = PlainJSON(body)
        var wanted: [Wanted] = []
        guard json.take("[") else { throw PlainJSON.SyntaxError() }
        if !json.take("]") {
            repeat {
                json.skipSpace()
                let start = json.position
                let expected = plain.expected(try json.value(), depth: 2)
                let line = body[..<start].count { $0 == 0x0A } + 1
                wanted.append(Wanted(range: start..<json.position, line: line, expected: expected))
            } while json.take(",")
            guard json.take("]") else { throw PlainJSON.SyntaxError() }
        }
        json.skipSpace()
        guard json.isAtEnd else { throw PlainJSON.SyntaxError() }
        return wanted
    }

    /// The lines that are not blank, and how many are.
    private static func lines(_ body: [UInt8], _ plain: PlainRows) -> ([Wanted], blank: Int) {
        var wanted: [Wanted] = []
        var blank = 0
        var start = 0
        var number = 0
        while start < body.count {
            number += 1
            var end = body[start...].firstIndex(of: 0x0A) ?? body.count
            let next = min(end + 1, body.count)
            if end > start, body[end - 1] == 0x0D { end -= 1 }
            var json = PlainJSON(Array(body[start..<end]))
            json.skipSpace()
            if json.isAtEnd {
                blank += 1
            } else {
                var expected = PlainRows.Expected.refused("json-syntax")
                if let row = try? json.value() {
                    json.skipSpace()
                    if json.isAtEnd { expected = plain.expected(row, depth: 1) }
                }
                wanted.append(Wanted(range: start..<end, line: number, expected: expected))
            }
            start = next
        }
        return (wanted, blank)
    }

    private static func check(_ rows: BatchRows, _ wanted: [Wanted], _ body: [UInt8], blank: Int, _ comment: Comment) {
        #expect(rows.rowsRead == rows.accepted.rowCount + rows.refused.count + rows.blankRows, comment)
        #expect(rows.rowsRead == wanted.count + blank, comment)
        var refused = rows.refused[...]
        var acceptedIndex = 0
        for row in wanted {
            if let next = refused.first, next.place.byteOffset == row.range.lowerBound {
                refused = refused.dropFirst()
                #expect(next.raw == Array(body[row.range]) && next.place.line == row.line, comment)
                #expect(next.verdict.index == next.place.index && !next.verdict.message.isEmpty, comment)
                switch row.expected {
                case .accepted(_, let open): #expect(!open.isEmpty, comment)
                case .refused(let code): #expect(next.verdict.code == code, comment)
                case .open: break
                }
                continue
            }
            let values = rows.accepted.columns.map { $0.datum(acceptedIndex) }
            acceptedIndex += 1
            switch row.expected {
            case .accepted(let expected, let open):
                for column in values.indices where !open.contains(column) {
                    #expect(values[column] == expected[column], comment)
                }
            case .refused(let code): Issue.record("\(code) is expected at \(row.range); \(comment)")
            case .open: break
            }
        }
        #expect(refused.isEmpty && acceptedIndex == rows.accepted.rowCount, comment)
    }
}

/// Texts of rows: mostly right, some wrong, some damaged.
struct RowTexts {
    var random: SeededRandom

    private mutating func below(_ end: Int) -> Int { Int.random(in: 0..<end, using: &random) }
    private mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
    private mutating func pick(_ texts: [String]) -> String { texts[below(texts.count)] }

    mutating func body() -> [UInt8] {
        let rows = (0..<below(7)).map { _ in row() }
        let space = pick(["", "", " ", "\n", "\r\n\t"])
        let text = pick(["", "", "", "\n"]) + "[" + space + rows.joined(separator: "," + space) + space + "]" + space
        var bytes = Array(text.utf8)
        if oneIn(2) { damage(&bytes) }
        return bytes
    }

    mutating func lines() -> [[UInt8]] {
        (0..<below(9)).map { _ in
            var line = oneIn(8) ? Array(pick(["", " ", "\t", "\r"]).utf8) : Array(row().utf8)
            if oneIn(4) { damage(&line) }
            if oneIn(4) { line.append(0x0D) }
            return line
        }
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        let pieces = [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "\\u", "\\ud83d", "null", "1e", "0", "é", "\u{0}", "\n", "id",
        ]
        for _ in 0..<1 + below(3) where !bytes.isEmpty {
            let at = below(bytes.count)
            switch below(5) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: at)
            case 2: bytes.insert(contentsOf: pick(pieces).utf8, at: at)
            case 3: bytes.insert(contentsOf: bytes[at..<min(at + 1 + below(30), bytes.count)], at: at)
            default: if oneIn(4) { bytes.removeSubrange(at...) } else { bytes[at] ^= 1 << UInt8(below(8)) }
            }
        }
    }

    private mutating func row() -> String {
        if oneIn(20) { return value() }
        let space = pick(["", "", " ", "  "])
        var fields: [(String, String)] = [
            ("id", pick(["1", "-7", "\"12\"", "9223372036854775807", "123456789012345678"])), ("name", name()),
        ]
        if oneIn(2) { fields.append(("number", pick(["0", "-2147483648", "2147483647", "null"]))) }
        if oneIn(2) { fields.append(("flag", pick(["true", "false", "null"]))) }
        if oneIn(2) { fields.append(("at", pick(["\"2021-11-07T02:48:42\"", "\"2024-02-29T23:59:59\"", "null"]))) }
        if oneIn(2) { fields.append(("at_utc", pick(["\"2021-11-07T02:48:42Z\"", "\"1999-12-31T00:00:00Z\""]))) }
        if oneIn(2) { fields.append(("share", pick(["0", "-1.5", "1e3", "0.1", "123456789012345678901234567890"]))) }
        if oneIn(4) { fields[below(fields.count)].1 = value() }
        if oneIn(8) { fields.append((pick(["ID", "Name", "a long name of it", "x", "at", ""]), value())) }
        if oneIn(8) { fields.remove(at: below(fields.count)) }
        if oneIn(4) { fields.shuffle(using: &random) }
        let texts = fields.map { name, value in "\"\(spelled(name))\"\(space):\(space)\(value)" }
        return "{" + space + texts.joined(separator: ",\(space)") + "}"
    }

    /// A field's name, now and then in another spelling of the same.
    private mutating func spelled(_ name: String) -> String {
        guard oneIn(10), let first = name.unicodeScalars.first else { return name }
        if oneIn(2) { return name.uppercased() }
        let digits = String(first.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            + String(name.unicodeScalars.dropFirst())
    }

    private mutating func name() -> String {
        "\""
            + (0...below(4)).map { _ in
                pick(["a", "Zoë", "\\n", "\\\"", "\\u00e9", "\\ud83d\\ude00", "😀", "/", "\\/", " "])
            }
            .joined() + "\""
    }

    private mutating func value() -> String {
        switch below(10) {
        case 0:
            let depth = below(11)
            return String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        case 1: return "{\"a\": \(value()), \"b\": [\(value())]}"
        case 2: return "[\(value()), \(value())]"
        case 3: return pick(["\"\\ud800\"", "\"\\udc00x\"", "\"\\ud800\\n\"", "\"a\tb\"", "\"\\u0000\"", "\"\""])
        case 4:
            return pick(["1.5", "-0", "1e400", "9223372036854775808", "2147483648", "-1E-2", "1000000000000000000"])
        case 5: return pick(["true", "false", "null"])
        case 6: return pick(["\"2021-02-30T00:00:00Z\"", "\"2021-11-07 02:48:42\"", "\"x\"", "\"true\"", "\" 1\""])
        default: return name()
        }
    }
}
