import ByteKernels
import LakeModel

/// Finds out from a file's first bytes how it is to be read for a table.
///
/// 1. Bytes of another format are refused. A byte order mark and Excel's `sep=` line are taken note of.
/// 2. The delimiter is the one with which the first row names most columns; failing that, most rows hold values of the
///    table's columns; failing that, most rows have the same number of fields.
/// 3. The first row is a header when all its names are columns', or when some are and it does not hold values. When
///    none is, yet the rows behind it hold values and it does not, it is a header for another table: an error.
/// 4. A header gives each column its field; without one, fields are the declared columns in order.
package enum CSVSniffer {
    /// Bytes at the start of a file that are looked at, however many there are. 1 MiB.
    package static let prefixBytesMax = 1 << 20

    private static let delimiters: [UInt8] = [
        UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|"),
    ]
    private static let quote = UInt8(ascii: "\"")

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
        let body = Array(bytes[start.byteCount...])
        let choice = chooseDelimiter(
            body, isWholeFile: isWholeFile, table: table, rules: rules, asked: overrides.delimiter ?? start.delimiter)
        if let why = choice.why { start.evidence.append(why) }
        let sample = choice.sample
        let lineEnding = sample.lineEnding
        start.evidence.append("line ends: \(lineEnding.rawValue)")
        var sniff = CSVSniff(
            dialect: CSVDialect(
                delimiter: sample.delimiter, quote: quote, hasHeader: false, hasByteOrderMark: start.hasByteOrderMark,
                lineEnding: lineEnding),
            dataOffset: start.byteCount, dataLine: 1 + start.lineCount,
            layout: .positional(columnCount: table.columns.count))
        guard let first = sample.rows.firstIndex(where: { !$0.isBlank }) else {
            try checkEmpty(body, isWholeFile: isWholeFile, sample: sample, overrides: overrides)
            sniff.evidence = start.evidence + ["no header: no row with values is near the start"]
            return sniff
        }
        let header = try HeaderDecision(
            sample: sample, first: first, rules: rules, table: table, asked: overrides.header,
            lineCount: start.lineCount)
        sniff.evidence = start.evidence + header.evidence
        guard let match = header.match else { return sniff }
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

    private static func check(_ overrides: CSVOverrides) throws(CSVError) {
        guard let delimiter = overrides.delimiter else { return }
        let isUsable = delimiter == 0x09 || (delimiter > 0x1F && delimiter < 0x7F && delimiter != quote)
        if !isUsable {
            throw CSVError(
                .delimiterInvalid, "byte 0x\(SHA256Stream.hex([delimiter])) cannot be the delimiter",
                remedy: "use one ASCII character other than the quote, such as , ; | or a tab")
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

    // MARK: The delimiter

    private struct DelimiterChoice {
        let sample: SampleRows
        /// `nil` when it was asked for.
        let why: String?
    }

    private struct DelimiterScore: Comparable {
        var names = 0
        var typedRows = 0
        /// Rows that have the most frequent number of fields, when that is above 1.
        var evenRows = 0
        var fieldCount = 1

        static func < (left: DelimiterScore, right: DelimiterScore) -> Bool {
            (left.names, left.typedRows, left.evenRows) < (right.names, right.typedRows, right.evenRows)
        }
    }

    private static func chooseDelimiter(
        _ body: [UInt8], isWholeFile: Bool, table: CSVTable, rules: [ColumnRule], asked: UInt8?
    ) -> DelimiterChoice {
        if let asked {
            let sample = SampleRows(body, isWholeFile: isWholeFile, delimiter: asked, quote: quote)
            return DelimiterChoice(sample: sample, why: nil)
        }
        var best = SampleRows(body, isWholeFile: isWholeFile, delimiter: delimiters[0], quote: quote)
        var bestScore = score(best, table: table, rules: rules)
        for delimiter in delimiters.dropFirst() {
            let sample = SampleRows(body, isWholeFile: isWholeFile, delimiter: delimiter, quote: quote)
            let score = score(sample, table: table, rules: rules)
            if bestScore < score { (best, bestScore) = (sample, score) }
        }
        let rowCount = best.rows.count { !$0.isBlank }
        let name = CSVDialect.text(ofDelimiter: best.delimiter)
        let why =
            if bestScore.names > 0 {
                "delimiter \"\(name)\": it cuts the first row into \(bestScore.names) names of the table's columns"
            } else if bestScore.typedRows > 0 {
                "delimiter \"\(name)\": with it \(bestScore.typedRows) of the first \(rowCount) rows hold values of the "
                    + "table's columns"
            } else if bestScore.evenRows > 0 {
                "delimiter \"\(name)\": it cuts \(bestScore.evenRows) of the first \(rowCount) rows into "
                    + "\(bestScore.fieldCount) fields"
            } else {
                "delimiter \"\(name)\": no other cuts the rows better"
            }
        return DelimiterChoice(sample: best, why: why)
    }

    private static func score(_ sample: SampleRows, table: CSVTable, rules: [ColumnRule]) -> DelimiterScore {
        var score = DelimiterScore()
        let rows = sample.rows.filter { !$0.isBlank }
        if let first = rows.first {
            let cells = first.fields.map { sample.text($0) ?? "" }
            score.names = HeaderMatch(table: table, cells: cells, line: 1).matchedCount
        }
        var frequencies: [Int: Int] = [:]
        for row in rows {
            if sample.isTyped(row, rules) { score.typedRows += 1 }
            frequencies[row.fields.count, default: 0] += 1
        }
        if let (fieldCount, rowCount) = frequencies.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), fieldCount > 1
        {
            score.evenRows = rowCount
            score.fieldCount = fieldCount
        }
        return score
    }
}

/// What stands before the first row.
struct Preamble {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private(set) var byteCount = 0
    private(set) var lineCount = 0
    private(set) var hasByteOrderMark = false
    /// The delimiter that a `sep=` line names.
    private(set) var delimiter: UInt8?
    var evidence: [String] = []

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
