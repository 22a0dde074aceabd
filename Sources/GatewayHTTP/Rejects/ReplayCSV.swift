import Observability

/// The corrected download of a table's rejects as a JSON array of objects, each field a string: a column takes the texts
/// that a CSV field may have.
///
/// An empty field is left out, `""` is an empty text. The `'` that keeps spreadsheets from taking a text for a formula is
/// taken off again.
enum ReplayCSV {
    /// - Throws: ``GatewayError`` `csv-malformed`.
    static func json(_ body: [UInt8]) throws -> [UInt8] {
        var parser = Parser(body)
        guard let header = try parser.row() else {
            throw GatewayError(
                code: "csv-malformed", message: "the body is empty", remedy: "send the download with its header")
        }
        let names = header.map { String(decoding: $0.bytes, as: UTF8.self) }
        var json: [UInt8] = [UInt8(ascii: "[")]
        json.reserveCapacity(body.count * 2)
        while let row = try parser.row() {
            if row.count == 1, row[0].bytes.isEmpty, !row[0].isQuoted { continue }
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            json.append(UInt8(ascii: "{"))
            var isFirst = true
            for (index, field) in row.enumerated() where !field.bytes.isEmpty || field.isQuoted {
                if !isFirst { json.append(UInt8(ascii: ",")) }
                isFirst = false
                JSONText.appendString(index < names.count ? names[index] : "field \(index + 1)", to: &json)
                json.append(UInt8(ascii: ":"))
                try append(field.bytes, to: &json)
            }
            json.append(UInt8(ascii: "}"))
        }
        json.append(UInt8(ascii: "]"))
        return json
    }

    private static func append(_ bytes: [UInt8], to json: inout [UInt8]) throws {
        var bytes = bytes[...]
        if bytes.first == UInt8(ascii: "'"), CSVText.looksLikeFormula(bytes.dropFirst()) { bytes.removeFirst() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw GatewayError(
                code: "csv-malformed", message: "a field is not UTF-8", remedy: "save the file as UTF-8")
        }
        JSONText.appendString(text, to: &json)
    }

    private struct Field {
        var bytes: [UInt8] = []
        var isQuoted = false
    }

    /// RFC 4180 with `,` alone, as the download is written.
    private struct Parser {
        private let body: [UInt8]
        private var at: Int

        init(_ body: [UInt8]) {
            self.body = body
            at = body.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        }

        /// `nil` at the end.
        mutating func row() throws -> [Field]? {
            if at >= body.count { return nil }
            var fields: [Field] = []
            while true {
                fields.append(try field())
                guard at < body.count else { return fields }
                let byte = body[at]
                at += 1
                if byte == UInt8(ascii: ",") { continue }
                if byte == 0x0D, at < body.count, body[at] == 0x0A { at += 1 }
                return fields
            }
        }

        private mutating func field() throws -> Field {
            var field = Field()
            guard at < body.count, body[at] == UInt8(ascii: "\"") else {
                let start = at
                while at < body.count, ![UInt8(ascii: ","), 0x0A, 0x0D].contains(body[at]) { at += 1 }
                field.bytes = Array(body[start..<at])
                return field
            }
            let open = at
            field.isQuoted = true
            at += 1
            while at < body.count {
                let byte = body[at]
                at += 1
                guard byte == UInt8(ascii: "\"") else {
                    field.bytes.append(byte)
                    continue
                }
                if at < body.count, body[at] == UInt8(ascii: "\"") {
                    field.bytes.append(byte)
                    at += 1
                    continue
                }
                guard at == body.count || [UInt8(ascii: ","), 0x0A, 0x0D].contains(body[at]) else { break }
                return field
            }
            throw GatewayError(
                code: "csv-malformed", message: "the quotes of the field at byte \(open) are not in order",
                remedy: "write a quote inside quotes twice, and close each")
        }
    }
}
