import ByteKernels

/// The first rows of a file, cut with one delimiter.
struct SampleRows {
    struct Row {
        var fields: [Range<Int>]
        /// The row without its line end.
        var range: Range<Int>
        /// Where the next row starts.
        var nextOffset: Int
        /// 0-based lines before the row, and before the next.
        var line: Int
        var nextLine: Int

        /// Whether all fields are empty.
        var isBlank: Bool { range.count == fields.count - 1 }
    }

    /// Rows to look at.
    static let rowsMax = 200
    /// Fields of a row to look at.
    static let fieldsMax = CSVLimits.fieldsMaxDefault

    let bytes: [UInt8]
    let delimiter: UInt8
    let quote: UInt8
    /// Complete rows, blank ones too.
    private(set) var rows: [Row] = []

    init(_ bytes: [UInt8], isWholeFile: Bool, delimiter: UInt8, quote: UInt8) {
        self.bytes = bytes
        self.delimiter = delimiter
        self.quote = quote
        var index = CSVFieldIndex(delimiter: delimiter, quote: quote, fieldsMax: Self.fieldsMax)
        index.reset()
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            while rows.count < Self.rowsMax, unsafe index.nextTile(start, count: buffer.count) {
                for row in 0..<min(index.rowCount, Self.rowsMax - rows.count) { append(index, row) }
            }
        }
        if !isWholeFile, let last = rows.last, last.range.upperBound == bytes.count { rows.removeLast() }
    }

    private mutating func append(_ index: CSVFieldIndex, _ row: Int) {
        let first = Int(index.rowFirst[row])
        let last = Int(index.rowLast[row])
        let fields = (first..<last).map { Int(index.ends[$0] &+ 1)..<Int(index.ends[$0 + 1]) }
        let range = index.byteRange(row)
        var next = min(range.upperBound + 1, bytes.count)
        if range.upperBound + 1 < bytes.count, bytes[range.upperBound] == 0x0D, bytes[next] == 0x0A { next += 1 }
        rows.append(
            Row(
                fields: fields, range: range, nextOffset: next, line: Int(index.rowLines[row]),
                nextLine: Int(index.rowLines[row + 1])))
    }

    /// The field's text without quotes, `nil` when it is not UTF-8 or badly quoted.
    func text(_ field: Range<Int>) -> String? {
        var content = Array(bytes[field])
        if content.first == quote {
            let raw = content
            switch QuotedField.shape(raw.span, quote: quote) {
            case .plain(let range): content = Array(raw[range])
            case .doubled(let range):
                content = []
                QuotedField.append(raw.span, range, quote: quote, to: &content)
            case .misplaced, .unterminated: return nil
            }
        }
        return UTF8Scan.firstInvalid(content.span) == nil ? String(decoding: content, as: UTF8.self) : nil
    }

    /// Whether the row's fields are values of the columns in declared order.
    func isTyped(_ row: Row, _ rules: [ColumnRule]) -> Bool {
        for (position, field) in row.fields.enumerated() {
            if position >= rules.count {
                if !field.isEmpty { return false }
                continue
            }
            if rules[position].fault(of: bytes.span.extracting(field), quote: quote) != nil { return false }
        }
        return !rules.enumerated().contains { $0.offset >= row.fields.count && $0.element.isRequired }
    }

    /// What the rows end with.
    var lineEnding: LineEnding {
        var kinds: Set<LineEnding> = []
        for row in rows where row.range.upperBound < bytes.count {
            let end = row.range.upperBound
            kinds.insert(bytes[end] == 0x0A ? .lf : row.nextOffset == end + 2 ? .crlf : .cr)
        }
        return kinds.count > 1 ? .mixed : kinds.first ?? .lf
    }
}
