/// Delimiter and quote, chosen by how the first rows come out with each.
struct DialectChoice {
    let sample: SampleRows
    /// Sentences on what was not asked for.
    let evidence: [String]

    static let delimiters: [UInt8] = [
        UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|"),
    ]
    private static let apostrophe = UInt8(ascii: "'")

    /// How well a delimiter cuts the first rows.
    struct Score: Comparable {
        var names = 0
        var typedRows = 0
        /// Rows that have the most frequent number of fields, when that is above 1.
        var evenRows = 0
        var fieldCount = 1

        static func < (left: Score, right: Score) -> Bool {
            (left.names, left.typedRows, left.evenRows) < (right.names, right.typedRows, right.evenRows)
        }
    }

    /// - Parameters:
    ///   - delimiter: the one asked for, and `quote` likewise.
    ///   - score: how well a sample comes out.
    init(
        _ body: [UInt8], isWholeFile: Bool, delimiter: UInt8?, quote: UInt8?, score: (SampleRows) -> Score
    ) {
        var best: (sample: SampleRows, score: Score)?
        // What comes first wins a tie.
        for quote in Self.quotes(asked: quote, in: body) {
            for delimiter in delimiter.map({ [$0] }) ?? Self.delimiters where delimiter != quote {
                let sample = SampleRows(body, isWholeFile: isWholeFile, delimiter: delimiter, quote: quote)
                let score = score(sample)
                if best.map({ $0.score < score }) ?? true { best = (sample, score) }
            }
        }
        guard let best else { preconditionFailure("some delimiter is not the quote") }
        sample = best.sample
        var evidence: [String] = []
        if delimiter == nil { evidence.append(Self.why(best.sample, best.score)) }
        if quote == nil, best.sample.quote != CSVDialect.quoteDefault {
            evidence.append("quote ': with it the rows come out better than with \"")
        }
        self.evidence = evidence
    }

    /// The apostrophe is a letter in most texts: without one that opens a row or field there is nothing to try.
    private static func quotes(asked: UInt8?, in body: [UInt8]) -> [UInt8] {
        if let asked { return [asked] }
        return body.contains(apostrophe) ? [CSVDialect.quoteDefault, apostrophe] : [CSVDialect.quoteDefault]
    }

    private static func why(_ sample: SampleRows, _ score: Score) -> String {
        let rowCount = sample.rows.count { !$0.isBlank }
        let name = CSVDialect.text(ofDelimiter: sample.delimiter)
        if score.names > 0 {
            return "delimiter \"\(name)\": it cuts the first row into \(score.names) names of the table's columns"
        }
        if score.typedRows > 0 {
            return "delimiter \"\(name)\": with it \(score.typedRows) of the first \(rowCount) rows hold values of the "
                + "table's columns"
        }
        if score.evenRows > 0 {
            return "delimiter \"\(name)\": it cuts \(score.evenRows) of the first \(rowCount) rows into "
                + "\(score.fieldCount) fields"
        }
        return "delimiter \"\(name)\": no other cuts the rows better"
    }
}

extension DialectChoice.Score {
    /// By the columns of a table.
    init(_ sample: SampleRows, table: CSVTable, rules: [ColumnRule], skipRows: Int?) {
        self.init()
        let rows = sample.rows.dropFirst(skipRows ?? 0).filter { !$0.isBlank }
        names = PreambleRows.headerCandidates(sample, table: table, skipRows: skipRows).map(\.matchedCount).max() ?? 0
        for row in rows where sample.isTyped(row, rules) { typedRows += 1 }
        takeEvenRows(rows)
    }

    /// By the rows alone: those with the same number of fields and with quotes where they belong.
    init(_ sample: SampleRows) {
        self.init()
        takeEvenRows(sample.rows.filter { !$0.isBlank && !sample.hasStrayQuote($0) })
        // Among delimiters that cut all rows evenly, the one that finds more fields.
        typedRows = evenRows * fieldCount
    }

    private mutating func takeEvenRows(_ rows: [SampleRows.Row]) {
        var frequencies: [Int: Int] = [:]
        for row in rows { frequencies[row.fields.count, default: 0] += 1 }
        if let (count, rowCount) = frequencies.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), count > 1 {
            evenRows = rowCount
            fieldCount = count
        }
    }
}
