/// A CSV reader that is written to be obviously right: byte by byte, after the grammar of RFC 4180 and the rules for
/// what it leaves open. It shares no code with the reader that it judges.
///
/// Rows end at LF, CR or CR LF. A quote opens a quoted field only as the first byte of a field; inside, a doubled quote
/// is one quote. What follows a closing quote belongs to the field and makes it misquoted.
package struct PlainCSV {
    package struct Field: Hashable {
        /// As it stands in the file, quotes included.
        package var range: Range<Int>
        package var content: [UInt8]
        package var isQuoted = false
        /// Text follows the closing quote.
        package var isMisquoted = false
    }

    package struct Row: Hashable {
        package var fields: [Field] = []
        /// Without the row's end.
        package var range: Range<Int>
        /// 1-based.
        package var line: Int
        /// The bytes end inside quotes.
        package var isUnterminated = false
    }

    private let bytes: [UInt8]
    private let delimiter: UInt8
    private let quote: UInt8
    private var at: Int
    private var line: Int
    private var isUnterminated = false

    private init(_ bytes: [UInt8], from start: Int, line: Int, delimiter: UInt8, quote: UInt8) {
        self.bytes = bytes
        self.delimiter = delimiter
        self.quote = quote
        self.line = line
        at = start
    }

    /// All rows, empty ones too.
    package static func rows(
        of bytes: [UInt8], from start: Int = 0, line: Int = 1, delimiter: UInt8 = 0x2C, quote: UInt8 = 0x22
    ) -> [Row] {
        var reader = PlainCSV(bytes, from: start, line: line, delimiter: delimiter, quote: quote)
        var rows: [Row] = []
        while reader.at < bytes.count { rows.append(reader.row()) }
        return rows
    }

    /// Line ends in `bytes`, wherever they stand.
    package static func lineEndCount(_ bytes: ArraySlice<UInt8>) -> Int {
        var count = 0
        var before: UInt8 = 0
        for byte in bytes {
            if byte == 0x0D || (byte == 0x0A && before != 0x0D) { count += 1 }
            before = byte
        }
        return count
    }

    private mutating func row() -> Row {
        var row = Row(range: at..<at, line: line)
        let start = at
        while true {
            row.fields.append(field())
            if at < bytes.count, bytes[at] == delimiter {
                at += 1
            } else {
                break
            }
        }
        row.range = start..<at
        row.isUnterminated = isUnterminated
        if at < bytes.count { at += bytes[at] == 0x0D && at + 1 < bytes.count && bytes[at + 1] == 0x0A ? 2 : 1 }
        line += Self.lineEndCount(bytes[start..<at])
        return row
    }

    private mutating func field() -> Field {
        let start = at
        var field = Field(range: at..<at, content: [])
        if at < bytes.count, bytes[at] == quote {
            field.isQuoted = true
            at += 1
            quoted(&field.content)
        }
        let tail = at
        while at < bytes.count, bytes[at] != delimiter, bytes[at] != 0x0A, bytes[at] != 0x0D { at += 1 }
        field.content += bytes[tail..<at]
        field.isMisquoted = field.isQuoted && tail < at
        field.range = start..<at
        return field
    }

    private mutating func quoted(_ content: inout [UInt8]) {
        while at < bytes.count {
            if bytes[at] == quote {
                if at + 1 < bytes.count, bytes[at + 1] == quote {
                    at += 1
                } else {
                    at += 1
                    return
                }
            }
            content.append(bytes[at])
            at += 1
        }
        isUnterminated = true
    }
}
