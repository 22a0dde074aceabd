import CSVFormat
import LakeModel

/// Texts to values, one by one and a column at a time, against ``ValueOracle``.
package struct ValuesTarget: FuzzTarget {
    package static let name = "values"

    private static let types: [PrimitiveType] = [
        .boolean, .int, .long, .float, .double, .decimal(precision: 1, scale: 0), .decimal(precision: 9, scale: 2),
        .decimal(precision: 18, scale: 4), .decimal(precision: 38, scale: 0), .decimal(precision: 38, scale: 38), .date,
        .time, .timestamp, .timestamptz, .uuid, .fixed(length: 3), .binary, .string,
    ]
    /// Texts of one type in one run.
    private static let textCount = 40

    package init() {}

    package mutating func runOnce(_ random: inout FuzzRandom) throws {
        let type = random.pick(Self.types)
        var texts: [[UInt8]] = []
        for _ in 0..<Self.textCount {
            let text = ValueTexts.text(type, &random)
            try checkOne(text, type)
            let isPlain = !text.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D || $0 == 0 }
            if isPlain { texts.append(text) }
        }
        try checkColumn(texts, type)
        try checkFormatting(texts, type)
    }

    private static func trimmed(_ text: [UInt8], _ type: PrimitiveType) -> [UInt8] {
        if type == .string { return text }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var content = text[...].drop(while: isSpace)
        while let last = content.last, isSpace(last) { content.removeLast() }
        return Array(content)
    }

    private static func parsed(_ text: [UInt8], _ type: PrimitiveType) -> Datum? {
        do throws(ValueParseError) {
            return try ValueParser.parse(text.span, as: type)
        } catch {
            return nil
        }
    }

    private func checkOne(_ text: [UInt8], _ type: PrimitiveType) throws {
        let found = Self.parsed(text, type)
        let content = Self.trimmed(text, type)
        let expected = content.isEmpty && type != .string ? nil : ValueOracle.value(content, type)
        try require(
            areSame(found, expected),
            "as \(type): \(String(describing: found)), expected \(String(describing: expected))",
            text)
    }

    /// The loops that convert whole columns come to the same.
    private func checkColumn(_ texts: [[UInt8]], _ type: PrimitiveType) throws {
        let table = CSVTable(columns: [ColumnDeclaration(name: "v", type: type)], key: [], undeclared: .reject)
        let sniff = CSVSniff(dialect: CSVDialect(), layout: .positional(columnCount: 1))
        let bytes: [UInt8] = Array(texts.map { $0 + [0x0A as UInt8] }.joined())
        let rows = Cutting().read(bytes, table, sniff)
        let expected = PlainReader(bytes, table: table, sniff: sniff, limits: CSVLimits()).read()
        if let difference = rows.difference(from: expected) {
            throw FuzzFailure("a column of \(type): \(difference)", input: bytes)
        }
    }

    /// A value's text reads back as the value.
    private func checkFormatting(_ texts: [[UInt8]], _ type: PrimitiveType) throws {
        for text in texts {
            guard let value = Self.parsed(text, type) else { continue }
            let written = ValueFormatter.text(value, type: type)
            let again = Self.parsed(Array(written.utf8), type)
            // No text stands for the empty bytes but the empty one, which is no value.
            if written.isEmpty { continue }
            try require(areSame(again, value), "as \(type) it is written \"\(written)\" and reads back otherwise", text)
        }
    }
}
