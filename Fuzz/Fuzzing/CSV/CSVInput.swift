package import CSVFormat
import LakeModel

/// A table, a file for it that is right in most places, and how to read it.
package struct CSVInput {
    package var bytes: [UInt8]
    package let table: CSVTable
    package let sniff: CSVSniff
    package let limits: CSVLimits

    private static let types: [PrimitiveType] = [
        .boolean, .int, .long, .float, .double, .decimal(precision: 9, scale: 2), .decimal(precision: 38, scale: 10),
        .date, .time, .timestamp, .timestamptz, .string, .string, .string, .uuid, .fixed(length: 3), .binary, .long,
        .timestamptz,
    ]
    private static let rowEnds: [[UInt8]] = [[0x0A], [0x0D, 0x0A], [0x0D]]
    private static let mutator = Mutator(
        words: [
            [0x22], [0x22, 0x22], [0x2C], [0x0A], [0x0D], [0x0D, 0x0A], [0x22, 0x0A], [0x2C, 0x22], [0x22, 0x2C],
            [0x00],
            [0xEF, 0xBB, 0xBF], [0xC3, 0xA9], [0xFF], [0x27], [0x5C],
        ])

    package init(_ random: inout FuzzRandom) {
        table = Self.table(&random)
        let quote: UInt8 = random.oneIn(8) ? 0x27 : 0x22
        let delimiter = random.pick([0x2C, 0x2C, 0x3B, 0x09, 0x7C, 0x20] as [UInt8])
        let layout = Self.layout(table.columns.count, &random)
        var text: [UInt8] = random.oneIn(4) ? random.bytes(random.below(20)) : []
        let start = text.count
        let wildness = random.below(4)
        let rowEnd = random.pick(Self.rowEnds)
        for _ in 0..<random.below(random.oneIn(20) ? 400 : 14) {
            Self.appendRow(table, layout, delimiter, quote, wildness, &text, &random)
            text += wildness > 1 ? random.pick(Self.rowEnds) : rowEnd
        }
        if random.oneIn(2), text.count > start { text.removeLast() }
        if wildness == 3 { Self.mutator.mutate(&text, from: min(start, text.count), using: &random) }
        bytes = text
        sniff = CSVSniff(
            dialect: CSVDialect(delimiter: delimiter, quote: quote), dataOffset: min(start, text.count),
            dataLine: 1 + random.below(3), layout: layout)
        limits = Self.limits(&random)
    }

    private static func table(_ random: inout FuzzRandom) -> CSVTable {
        let columns = (0...random.below(7)).map { index in
            var column = ColumnDeclaration(name: "c\(index)", type: random.pick(types), required: random.oneIn(4))
            guard random.oneIn(6) else { return column }
            switch column.type {
            case .int: (column.minimum, column.maximum) = (.int(-5), .int(1000))
            case .long: (column.minimum, column.maximum) = (.long(0), .long(1 << 40))
            case .double: (column.minimum, column.maximum) = (.double(-1e9), .double(1e9))
            default: break
            }
            return column
        }
        return CSVTable(columns: columns, key: random.oneIn(3) ? ["c0"] : [], undeclared: .ignore)
    }

    /// The columns in any order, some fields that no column wants, now and then a column that the file lacks.
    private static func layout(_ columnCount: Int, _ random: inout FuzzRandom) -> CSVLayout {
        if random.oneIn(2) { return .positional(columnCount: columnCount) }
        let fieldCount = columnCount + random.below(3)
        var fields: [Int?] = Array((0..<fieldCount).shuffled(using: &random).prefix(columnCount))
        if random.oneIn(4) { fields[random.below(columnCount)] = nil }
        return CSVLayout(fieldCount: fieldCount, columnFields: fields)
    }

    private static func limits(_ random: inout FuzzRandom) -> CSVLimits {
        func small(_ random: inout FuzzRandom) -> Int { random.oneIn(4) ? 1 + random.below(60) : 1 << 14 }
        return CSVLimits(
            rowBytesMax: small(&random), fieldBytesMax: small(&random), fieldsMax: random.oneIn(6) ? 3 : 4096,
            rawBytesMax: small(&random) - 1, chunkBytesTarget: 1 << 14)
    }

    private static func appendRow(
        _ table: CSVTable, _ layout: CSVLayout, _ delimiter: UInt8, _ quote: UInt8, _ wildness: Int,
        _ text: inout [UInt8], _ random: inout FuzzRandom
    ) {
        if random.oneIn(20) { return }
        var fieldCount = layout.fieldCount
        if wildness > 0, random.oneIn(8) { fieldCount = random.below(fieldCount + 4) }
        for field in 0..<fieldCount {
            if field > 0 { text.append(delimiter) }
            if random.oneIn(wildness > 1 ? 6 : 12) { continue }
            let column = layout.columnFields.firstIndex { $0 == field }
            let type = wildness > 0 && random.oneIn(8) ? .string : column.map { table.columns[$0].type } ?? .string
            appendField(ValueTexts.text(type, &random), delimiter, quote, wildness, &text, &random)
        }
    }

    private static func appendField(
        _ content: [UInt8], _ delimiter: UInt8, _ quote: UInt8, _ wildness: Int, _ text: inout [UInt8],
        _ random: inout FuzzRandom
    ) {
        let needsQuotes = content.contains { $0 == delimiter || $0 == quote || $0 == 0x0A || $0 == 0x0D }
        let isCareless = wildness > 1 && random.oneIn(30)
        guard needsQuotes != isCareless || random.oneIn(10) else {
            text += content
            return
        }
        text.append(quote)
        for byte in content {
            if byte == quote, !isCareless { text.append(quote) }
            text.append(byte)
        }
        text.append(quote)
        if wildness > 1, random.oneIn(40) { text += random.pick([[0x78], [0x20], [quote], [0x78, quote]]) }
    }
}
