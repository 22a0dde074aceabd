import ByteKernels
import LakeModel

/// Finds out from a file's first bytes how it is to be read for a table.
///
/// 1. Bytes of another format are refused. A byte order mark and Excel's `sep=` line are taken note of.
/// 2. The delimiter is the one with which the first row names most columns; failing that, most rows hold values of the
///    table's columns; failing that, most rows have the same number of fields. Apostrophes are quotes when this goes
///    better with them than with the double quote.
/// 3. Rows above one that names columns and nothing else are a preamble, unless they hold values of the columns.
/// 4. The first row is a header when all its names are columns', or when some are and it does not hold values. When
///    none is, yet the rows behind it hold values and it does not, it is a header for another table: an error.
/// 5. A header gives each column its field; without one, fields are the declared columns in order.
package enum CSVSniffer {
    /// Bytes at the start of a file that are looked at, however many there are. 1 MiB.
    package static let prefixBytesMax = 1 << 20

    /// - Parameters:
    ///   - prefix: the first bytes of the file, uncompressed: all of them or enough for some rows.
    ///   - isWholeFile: whether nothing follows `prefix`.
    /// - Throws: ``CSVError``.
    package static func sniff(
        _ prefix: RawSpan, isWholeFile: Bool, table: CSVTable, overrides: CSVOverrides = CSVOverrides()
    ) throws -> CSVSniff {
        let count = min(prefix.byteCount, prefixBytesMax)
        let bytes = unsafe prefix.withUnsafeBytes { unsafe Array($0[0..<count]) }
        return try sniff(
            bytes, isWholeFile: isWholeFile && count == prefix.byteCount, table: table, overrides: overrides)
    }

    private static func sniff(
        _ bytes: [UInt8], isWholeFile: Bool, table: CSVTable, overrides: CSVOverrides
    ) throws -> CSVSniff {
        precondition(!table.columns.isEmpty, "a table has columns")
        let rules = try table.columns.indices.map {
            try ColumnRule(table.columns[$0], isRequired: table.isRequired($0))
        }
        try check(overrides)
        try BinarySignature.check(bytes)
        var start = Preamble(bytes)
        if let asked = overrides.delimiter {
            start.evidence.append("delimiter \"\(CSVDialect.text(ofDelimiter: asked))\": as asked for")
        }
        if let asked = overrides.quote {
            start.evidence.append("quote \(CSVDialect.text(ofDelimiter: asked)): as asked for")
        }
        let body = Array(bytes[start.byteCount...])
        let choice = DialectChoice(
            body, isWholeFile: isWholeFile, delimiter: overrides.delimiter ?? start.delimiter(quote: overrides.quote),
            quote: overrides.quote
        ) { DialectChoice.Score($0, table: table, rules: rules, skipRows: overrides.skipRows) }
        start.evidence += choice.evidence
        let sample = choice.sample
        let lineEnding = sample.lineEnding
        start.evidence.append("line ends: \(lineEnding.rawValue)")
        var sniff = CSVSniff(
            dialect: CSVDialect(
                delimiter: sample.delimiter, quote: sample.quote, hasHeader: false,
                hasByteOrderMark: start.hasByteOrderMark,
                lineEnding: lineEnding),
            dataOffset: start.byteCount, dataLine: 1 + start.lineCount,
            layout: .positional(columnCount: table.columns.count))
        let preamble = try PreambleRows(sample, rules: rules, table: table, overrides: overrides)
        start.evidence += preamble.evidence
        guard let first = preamble.first else {
            try checkEmpty(body, isWholeFile: isWholeFile, sample: sample, overrides: overrides)
            sniff.evidence = start.evidence + ["no header: no row with values is near the start"]
            return sniff
        }
        let header = try HeaderDecision(
            sample: sample, first: first, rules: rules, table: table, asked: overrides.header,
            lineCount: start.lineCount)
        sniff.evidence = start.evidence + header.evidence
        guard let match = header.match else {
            if preamble.rowCount > 0 {
                sniff.dataOffset = start.byteCount + sample.rows[preamble.rowCount - 1].nextOffset
                sniff.dataLine = 1 + start.lineCount + sample.rows[preamble.rowCount - 1].nextLine
            }
            return sniff
        }
        sniff.layout = try match.layout()
        for column in sniff.layout.undeclared {
            sniff.evidence.append("column \"\(column.name)\" is not declared and is ignored")
        }
        sniff.header = match.names
        sniff.dialect.hasHeader = true
        sniff.dataOffset = start.byteCount + sample.rows[first].nextOffset
        sniff.dataLine = 1 + start.lineCount + sample.rows[first].nextLine
        return sniff
    }

    static func check(_ overrides: CSVOverrides) throws(CSVError) {
        func isUsable(_ byte: UInt8) -> Bool { byte == 0x09 || (byte > 0x1F && byte < 0x7F) }
        let quote = overrides.quote ?? CSVDialect.quoteDefault
        if let delimiter = overrides.delimiter, !isUsable(delimiter) || delimiter == quote {
            throw CSVError(
                .delimiterInvalid, "byte 0x\(SHA256Stream.hex([delimiter])) cannot be the delimiter",
                remedy: "use one ASCII character other than the quote, such as , ; | or a tab")
        }
        if !isUsable(quote) {
            throw CSVError(
                .delimiterInvalid, "byte 0x\(SHA256Stream.hex([quote])) cannot be the quote",
                remedy: "use one ASCII character, such as \" or '")
        }
    }

    private static func checkEmpty(
        _ body: [UInt8], isWholeFile: Bool, sample: SampleRows, overrides: CSVOverrides
    ) throws(CSVError) {
        if isWholeFile {
            throw CSVError(
                .empty, body.isEmpty ? "the file is empty" : "the file has nothing but empty rows",
                remedy: "upload a file with at least a header")
        }
        if sample.rows.isEmpty, overrides.header != false || overrides.delimiter == nil {
            throw CSVError(
                .headerTooLong, "the first row does not end within \(body.count) bytes",
                remedy: "check that quotes are closed; say delimiter and header=false to read the file as it is",
                place: Place(line: 1))
        }
    }
}

/// What stands before the first row.
struct Preamble {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private(set) var byteCount = 0
    private(set) var lineCount = 0
    private(set) var hasByteOrderMark = false
    /// The delimiter that a `sep=` line names.
    private var delimiter: UInt8?
    var evidence: [String] = []

    /// The delimiter that a `sep=` line names, `nil` when it is the quote that was asked for.
    func delimiter(quote: UInt8?) -> UInt8? { delimiter == quote ? nil : delimiter }

    init(_ bytes: [UInt8]) {
        if bytes.starts(with: Self.byteOrderMark) {
            hasByteOrderMark = true
            byteCount = Self.byteOrderMark.count
            evidence.append("the file begins with the byte order mark of UTF-8, which is left out")
        }
        let line = Array(bytes[byteCount...].prefix(7))
        guard line.count >= 6, String(decoding: line[0..<4], as: UTF8.self).lowercased() == "sep=",
            line[4] != UInt8(ascii: "\""), line[4] == 0x09 || (0x20...0x7E).contains(line[4]),
            line[5] == 0x0A || line[5] == 0x0D
        else { return }
        delimiter = line[4]
        lineCount = 1
        byteCount += line.count > 6 && line[5] == 0x0D && line[6] == 0x0A ? 7 : 6
        evidence.append("delimiter \"\(CSVDialect.text(ofDelimiter: line[4]))\": the file's first line says so (sep=)")
    }
}
