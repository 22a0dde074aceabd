import CSVFormat
import LakeModel

/// The sniffer answers or throws its own error, and what it answers can be read.
package struct SniffTarget: FuzzTarget {
    package static let name = "sniff"

    private static let words: [[UInt8]] = [
        "sep=;\r\n", "\u{FEFF}", "id,name,datetime\n", "id;name;hire_date\r\n", "\"", "\"\"", "\n", "\r\n", "\r", ",",
        ";",
        "\t", "|", "'", "1,Ann,2021-11-07\n", "1;\"Ann, B\";2021-11-07\n", "Report of May\n", ",,\n", "\0", "{\"", "id",
        " name ", "NAME", "x,y,z\n",
    ].map { Array($0.utf8) }
    private static let mutator = Mutator(words: words)

    private let tables = [
        CSVTable(
            columns: [
                ColumnDeclaration(name: "id", type: .long, required: true),
                ColumnDeclaration(name: "name", type: .string),
                ColumnDeclaration(name: "hire_datetime", aliases: ["datetime", "hire_date"], type: .timestamptz),
            ], key: ["id"], undeclared: .reject),
        CSVTable(
            columns: [ColumnDeclaration(name: "name", type: .string), ColumnDeclaration(name: "id", type: .string)],
            key: [], undeclared: .ignore),
    ]

    package init() {}

    package mutating func runOnce(_ random: inout FuzzRandom) throws {
        var bytes: [UInt8] = []
        for _ in 0..<random.below(12) { bytes += random.pick(Self.words) }
        Self.mutator.mutate(&bytes, using: &random)
        let table = random.pick(tables)
        var overrides = CSVOverrides()
        if random.oneIn(4) { overrides.delimiter = random.pick([0x2C, 0x3B, 0x22, 0x00, 0xFF]) }
        if random.oneIn(4) { overrides.header = random.oneIn(2) }
        let isWholeFile = !random.oneIn(4)
        do {
            let sniff = try unsafe CSVSniffer.sniff(
                bytes.span.bytes, isWholeFile: isWholeFile, table: table, overrides: overrides)
            try check(sniff, bytes, table)
        } catch let error as any LakeError {
            try require(error is CSVError, "an error of another target: \(error)", bytes)
        }
    }

    private func check(_ sniff: CSVSniff, _ bytes: [UInt8], _ table: CSVTable) throws {
        try require((0...bytes.count).contains(sniff.dataOffset), "the data begins outside the file", bytes)
        try require(
            sniff.dataLine == 1 + PlainCSV.lineEndCount(bytes[..<sniff.dataOffset]),
            "line \(sniff.dataLine) is not where the data begins", bytes)
        try require(sniff.layout.columnFields.count == table.columns.count, "a layout of another table", bytes)
        let rows = Cutting().read(bytes, table, sniff)
        try CSVTarget.check(rows, bytes, CSVLimits())
        let expected = PlainReader(bytes, table: table, sniff: sniff, limits: CSVLimits()).read()
        if let difference = rows.difference(from: expected) {
            throw FuzzFailure("the reader and the plain reader differ: \(difference)", input: bytes)
        }
    }
}
