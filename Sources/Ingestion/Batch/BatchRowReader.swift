import CSVFormat
import LakeModel

/// Reads one JSON object after the other into the columns of a table.
struct BatchRowReader {
    /// Why a row is refused.
    struct Fault {
        var column: String?
        var code: String
        var message: String
    }

    /// What decides about a column's values.
    private enum Kind {
        case string, long, int, boolean
        case timestamp(hasZone: Bool)
        /// Every value goes the full way.
        case other
    }

    private let table: TableDeclaration
    private let depthMax: Int
    private let kinds: [Kind]
    /// Made when the first value needs them, those with a pattern at once.
    private var rules: [FieldRule?]
    private let isRequired: [Bool]
    private var names: FieldNames
    private var columns: [BatchColumn] = []
    /// The number of the last row that each column has a value in, from 1.
    private var seen: [Int]
    private var rowNumber = 0
    private var rowCount = 0
    private var fault: Fault?
    private var scratch: [UInt8] = []
    private let replaysRejects: Bool
    /// Where the field stands that names a reject.
    private var isReject = false
    /// The reject that the last row mends.
    private(set) var replayed: RejectIdentity?

    /// - Throws: ``CSVError`` `pattern-invalid`.
    init(_ table: TableDeclaration, depthMax: Int, replaysRejects: Bool = false) throws {
        self.replaysRejects = replaysRejects
        self.table = table
        self.depthMax = depthMax
        kinds = table.columns.map(Self.kind)
        isRequired = table.columns.map { $0.required || table.key.contains($0.name) }
        rules = try zip(table.columns, isRequired).map {
            $0.pattern == nil ? nil : try FieldRule($0, isRequired: $1)
        }
        names = FieldNames(table)
        seen = [Int](repeating: 0, count: table.columns.count)
    }

    /// Bounds and patterns are for the full way.
    private static func kind(_ column: ColumnDeclaration) -> Kind {
        guard column.minimum == nil, column.maximum == nil, column.pattern == nil else { return .other }
        switch column.type {
        case .string: return .string
        case .long: return .long
        case .int: return .int
        case .boolean: return .boolean
        case .timestamp: return .timestamp(hasZone: false)
        case .timestamptz: return .timestamp(hasZone: true)
        default: return .other
        }
    }

    /// Makes ready for a batch of about `rowCapacity` rows.
    mutating func begin(rowCapacity: Int) {
        columns = table.columns.map { BatchColumn(type: $0.type, rowCapacity: rowCapacity) }
        rowCount = 0
    }

    /// The accepted rows since ``begin(rowCapacity:)``.
    mutating func finish() -> ColumnBatch {
        let batch = ColumnBatch(columns: columns.map { $0.finish() }, rowCount: rowCount)
        columns = []
        return batch
    }

    var acceptedCount: Int { rowCount }

    /// Reads the row that begins at `at`.
    /// - Returns: why it is refused, or `nil`.
    /// - Throws: `JSONScan.Failure` when the text is no JSON; the row is taken back.
    mutating func read(_ text: Span<UInt8>, _ at: inout Int) throws(JSONScan.Failure) -> Fault? {
        rowNumber += 1
        fault = nil
        replayed = nil
        do throws(JSONScan.Failure) {
            try object(text, &at)
        } catch {
            takeBack()
            throw error
        }
        if fault == nil { fillMissing() }
        guard let fault else {
            rowCount &+= 1
            return nil
        }
        takeBack()
        return fault
    }

    /// Takes the row back that ``read(_:_:)`` accepted last.
    mutating func takeBackLast() {
        rowCount -= 1
        takeBack()
    }

    private mutating func takeBack() {
        for column in columns.indices { columns[column].truncate(to: rowCount) }
    }

    private mutating func refuse(_ column: String?, _ code: String, _ message: String) {
        if fault == nil { fault = Fault(column: column, code: code, message: message) }
    }

    private mutating func object(_ text: Span<UInt8>, _ at: inout Int) throws(JSONScan.Failure) {
        guard JSONScan.peek(text, &at) == UInt8(ascii: "{") else {
            let kind = try skip(text, &at)
            return refuse(nil, "row-not-object", "the row is \(kind); send an object with \(columnNames)")
        }
        at &+= 1
        if JSONScan.take(UInt8(ascii: "}"), text, &at) { return }
        var place = 0
        repeat {
            guard JSONScan.peek(text, &at) == UInt8(ascii: "\"") else {
                throw JSONScan.failure("a field name in quotes is expected", text, at: at)
            }
            let column = try name(text, &at, place)
            guard JSONScan.take(UInt8(ascii: ":"), text, &at) else {
                throw JSONScan.failure(": is expected", text, at: at)
            }
            JSONScan.skipSpace(text, &at)
            if let column, fault == nil {
                try value(text, &at, column)
            } else if isReject {
                try reject(text, &at)
            } else {
                _ = try skip(text, &at)
            }
            place &+= 1
        } while JSONScan.take(UInt8(ascii: ","), text, &at)
        guard JSONScan.take(UInt8(ascii: "}"), text, &at) else {
            throw JSONScan.failure(", or } is expected", text, at: at)
        }
    }

    private var columnNames: String { table.columns.map(\.name).joined(separator: ", ") }

    /// The column that a field is for; `nil` for one that is to be skipped, of an undeclared column or in a refused row.
    @inline(__always)
    private mutating func name(_ text: Span<UInt8>, _ at: inout Int, _ place: Int) throws(JSONScan.Failure) -> Int? {
        guard let column = names.guess(text, &at, place: place) else { return try otherName(text, &at, place) }
        if seen[column] != rowNumber {
            seen[column] = rowNumber
            return column
        }
        return repeated(column)
    }

    @inline(never)
    private mutating func repeated(_ column: Int) -> Int? {
        let name = table.columns[column].name
        refuse(name, "field-repeated", "`\(name)` stands in the row twice; send it once")
        return nil
    }

    @inline(never)
    private mutating func otherName(
        _ text: Span<UInt8>, _ at: inout Int, _ place: Int
    ) throws(JSONScan.Failure) -> Int? {
        let token = try JSONScan.string(text, &at)
        let found: Int?
        if token.isPlain {
            found = names.find(text.extracting(token.start..<token.end), place: place)
        } else {
            guard try unescape(token, text, column: nil) else { return nil }
            let content = scratch
            found = names.find(content.span, place: place)
        }
        guard let column = found else {
            if replaysRejects, token.isPlain, isAboutReject(text, token) { return nil }
            if table.undeclaredColumns == .reject {
                if token.isPlain { scratch = BatchReader.bytes(text, token.start..<token.end) }
                let name = String(decoding: scratch.prefix(Self.shownNameBytesMax), as: UTF8.self)
                refuse(name, "field-unknown", "`\(name)` is no column of \(table.name); it has \(columnNames)")
            }
            return nil
        }
        if seen[column] == rowNumber { return repeated(column) }
        seen[column] = rowNumber
        return column
    }

    /// Whether the field is one of those that the download of rejects has beside the table's columns.
    private mutating func isAboutReject(_ text: Span<UInt8>, _ token: JSONScan.Text) -> Bool {
        let name = BatchReader.bytes(text, token.start..<token.end)
        isReject = name.elementsEqual(RejectIdentity.field.utf8)
        return isReject || name.elementsEqual(RejectIdentity.errorField.utf8)
    }

    private mutating func reject(_ text: Span<UInt8>, _ at: inout Int) throws(JSONScan.Failure) {
        isReject = false
        let start = at
        _ = try skip(text, &at)
        guard at - start > 2, text[start] == UInt8(ascii: "\"") else { return }
        let name = String(decoding: BatchReader.bytes(text, start + 1..<at - 1), as: UTF8.self)
        replayed = RejectIdentity(name)
        if replayed == nil {
            refuse(
                RejectIdentity.field, "value-invalid",
                "`\(name.prefix(Self.shownNameBytesMax))` names no reject; leave the field as the download has it")
        }
    }

    /// Bytes of a field's name that a message shows.
    private static let shownNameBytesMax = 128

    /// Puts a string's content into `scratch`, or refuses the row.
    private mutating func unescape(
        _ token: JSONScan.Text, _ text: Span<UInt8>, column: Int?
    ) throws(JSONScan.Failure) -> Bool {
        let name = column.map { table.columns[$0].name }
        let what = name.map { "`\($0)`" } ?? "a field's name"
        do throws(JSONEscapes.Fault) {
            try JSONEscapes.content(token, of: text, into: &scratch)
            return true
        } catch {
            switch error {
            case .control: refuse(name, "control-character", "\(what) has a control character; escape it")
            case .utf8: refuse(name, "utf8-invalid", "\(what) is not UTF-8")
            case .surrogate:
                refuse(name, "surrogate-lone", "\(what) has half of a surrogate pair, which is no character")
            case .escape(let offset): throw JSONScan.failure("this escape means nothing in JSON", text, at: offset)
            }
            return false
        }
    }

    // MARK: Values

    @inline(__always)
    private mutating func value(_ text: Span<UInt8>, _ at: inout Int, _ column: Int) throws(JSONScan.Failure) {
        guard at < text.count else { throw JSONScan.failure("a value is expected", text, at: at) }
        let byte = text[at]
        if byte == UInt8(ascii: "\"") {
            let token = try JSONScan.string(text, &at)
            guard token.isPlain else { return try odd(token, text, column) }
            let count = token.end &- token.start
            switch kinds[column] {
            case .string where count > 0:
                columns[column].append(text.extracting(token.start..<token.end))
            case .timestamp(let hasZone):
                if let value = QuickTime.timestamp(text, token.start, count, hasZone: hasZone) {
                    columns[column].append(value)
                } else {
                    checked(text.extracting(token.start..<token.end), column)
                }
            default: checked(text.extracting(token.start..<token.end), column)
            }
        } else if byte == UInt8(ascii: "-") || byte &- 0x30 <= 9 {
            let number = try JSONScan.number(text, &at)
            switch (kinds[column], number.whole) {
            case (.long, .some(let value)): columns[column].append(value)
            case (.int, .some(let value)):
                if let value = Int32(exactly: value) {
                    columns[column].append(value)
                } else {
                    checked(text.extracting(number.start..<number.end), column)
                }
            default: self.number(text.extracting(number.start..<number.end), column)
            }
        } else {
            try rest(text, &at, column)
        }
    }

    /// A string with escapes or bytes beyond ASCII.
    @inline(never)
    private mutating func odd(_ token: JSONScan.Text, _ text: Span<UInt8>, _ column: Int) throws(JSONScan.Failure) {
        guard try unescape(token, text, column: column) else { return }
        // Taken out and put back, so that the buffer is not copied.
        var content: [UInt8] = []
        swap(&content, &scratch)
        if case .string = kinds[column], !content.isEmpty {
            columns[column].append(content.span)
        } else {
            checked(content.span, column)
        }
        swap(&content, &scratch)
    }

    @inline(never)
    private mutating func number(_ text: Span<UInt8>, _ column: Int) {
        switch table.columns[column].type {
        case .int, .long, .float, .double, .decimal: checked(text, column)
        default: mismatch("a number", column)
        }
    }

    /// A text by the rules of a CSV field.
    @inline(never)
    private mutating func checked(_ text: Span<UInt8>, _ column: Int) {
        guard let rule = rule(column) else { return }
        do throws(FieldRule.Refusal) {
            columns[column].append(try rule.value(of: text))
        } catch {
            refuse(table.columns[column].name, error.code, error.message)
        }
    }

    private mutating func rule(_ column: Int) -> FieldRule? {
        if let rule = rules[column] { return rule }
        do {
            let rule = try FieldRule(table.columns[column], isRequired: isRequired[column])
            rules[column] = rule
            return rule
        } catch {
            refuse(table.columns[column].name, "pattern-invalid", "\(error)")
            return nil
        }
    }

    /// null, true, false, and what belongs in no column.
    @inline(never)
    private mutating func rest(_ text: Span<UInt8>, _ at: inout Int, _ column: Int) throws(JSONScan.Failure) {
        let byte = text[at]
        let kind = try skip(text, &at)
        if byte == UInt8(ascii: "n") {
            isRequired[column] ? missing(column) : columns[column].appendNull()
        } else if table.columns[column].type == .boolean, byte == UInt8(ascii: "t") || byte == UInt8(ascii: "f") {
            columns[column].append(byte == UInt8(ascii: "t"))
        } else {
            mismatch(kind, column)
        }
    }

    private mutating func mismatch(_ kind: String, _ column: Int) {
        let declaration = table.columns[column]
        refuse(
            declaration.name, "type-mismatch",
            "`\(declaration.name)` is \(kind) where \(Self.expected(declaration.type)) is expected")
    }

    private mutating func missing(_ column: Int) {
        let declaration = table.columns[column]
        refuse(declaration.name, "value-missing", "`\(declaration.name)` is required; send a \(declaration.type)")
    }

    /// Nulls for the columns that the row has not.
    private mutating func fillMissing() {
        for column in columns.indices where seen[column] != rowNumber {
            if isRequired[column] { return missing(column) }
            columns[column].appendNull()
        }
    }

    private static func expected(_ type: PrimitiveType) -> String {
        switch type {
        case .boolean: "true or false"
        case .int, .long: "a whole number"
        case .float, .double, .decimal: "a number, or its digits in quotes,"
        case .date: "a date such as \"2021-11-07\""
        case .timestamp, .timestamptz: "a time such as \"2021-11-07T02:48:42Z\""
        case .time: "a time such as \"02:48:42\""
        case .string: "a string"
        case .uuid: "a UUID in quotes"
        case .fixed, .binary: "hexadecimal digits in quotes"
        }
    }

    // MARK: Skipping

    /// Steps over a value of any kind, checking its form. Depth is counted, not recursed into.
    /// - Returns: what it is, for messages.
    @inline(never)
    mutating func skip(_ text: Span<UInt8>, _ at: inout Int) throws(JSONScan.Failure) -> String {
        JSONScan.skipSpace(text, &at)
        guard at < text.count else { throw JSONScan.failure("a value is expected", text, at: at) }
        switch text[at] {
        case UInt8(ascii: "\""):
            let token = try JSONScan.string(text, &at)
            if !token.isPlain { _ = try unescape(token, text, column: nil) }
            return "a string"
        case UInt8(ascii: "t"):
            try JSONScan.word("true", text, &at)
            return "a boolean"
        case UInt8(ascii: "f"):
            try JSONScan.word("false", text, &at)
            return "a boolean"
        case UInt8(ascii: "n"):
            try JSONScan.word("null", text, &at)
            return "null"
        case UInt8(ascii: "{"):
            try skipNested(text, &at)
            return "an object"
        case UInt8(ascii: "["):
            try skipNested(text, &at)
            return "an array"
        default:
            _ = try JSONScan.number(text, &at)
            return "a number"
        }
    }

    private mutating func skipNested(_ text: Span<UInt8>, _ at: inout Int) throws(JSONScan.Failure) {
        // For each level that is open whether it is an object.
        var levels: [Bool] = []
        while true {
            let byte = JSONScan.peek(text, &at)
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                at += 1
                levels.append(byte == UInt8(ascii: "{"))
                if levels.count > depthMax - Self.depthOfFields {
                    refuse(nil, "depth-exceeded", "arrays and objects are nested deeper than \(depthMax)")
                }
                if !JSONScan.take(levels.last == true ? UInt8(ascii: "}") : UInt8(ascii: "]"), text, &at) {
                    if levels.last == true { try skipName(text, &at) }
                    continue
                }
                levels.removeLast()
            } else {
                _ = try skip(text, &at)
            }
            while let isObject = levels.last {
                if JSONScan.take(UInt8(ascii: ","), text, &at) {
                    if isObject { try skipName(text, &at) }
                    break
                }
                guard JSONScan.take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"), text, &at) else {
                    throw JSONScan.failure(isObject ? ", or } is expected" : ", or ] is expected", text, at: at)
                }
                levels.removeLast()
            }
            if levels.isEmpty { return }
        }
    }

    /// The body's array and the row.
    private static let depthOfFields = 2

    private mutating func skipName(_ text: Span<UInt8>, _ at: inout Int) throws(JSONScan.Failure) {
        guard JSONScan.peek(text, &at) == UInt8(ascii: "\"") else {
            throw JSONScan.failure("a name in quotes is expected", text, at: at)
        }
        let token = try JSONScan.string(text, &at)
        if !token.isPlain { _ = try unescape(token, text, column: nil) }
        guard JSONScan.take(UInt8(ascii: ":"), text, &at) else { throw JSONScan.failure(": is expected", text, at: at) }
    }
}
