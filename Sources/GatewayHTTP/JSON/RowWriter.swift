import Observability
import QueryEngine

/// Writes the rows of a result as JSON, without a tree in between.
///
/// Integers are JSON numbers with all their digits up to 64 bits: readers that keep numbers as doubles (JavaScript)
/// lose digits past 2^53, and cast such columns to text in SQL. Doubles are the shortest text that reads back the same;
/// NaN and the infinities are strings (see ``JSONNumber``). Types without a JSON form arrive as text already.
struct RowWriter {
    /// `"name":` of each column, escaped once.
    private let names: [[UInt8]]

    /// - Precondition: the column names are distinct when rows are written as objects; a repeated one would hide a
    ///   value, so it gets `_2`, `_3` … behind it.
    init(columns: [String]) {
        var used: Set<String> = []
        names = columns.map { name in
            var unique = name
            var number = 2
            while !used.insert(unique).inserted {
                unique = "\(name)_\(number)"
                number += 1
            }
            var bytes: [UInt8] = []
            JSONText.appendString(unique, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            return bytes
        }
    }

    func appendObject(_ row: [QueryValue], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for index in row.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: names[index])
            Self.append(row[index], to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    func appendArray(_ row: [QueryValue], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for index in row.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            Self.append(row[index], to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    static func append(_ value: QueryValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .boolean(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): JSONText.appendInteger(value, to: &bytes)
        case .double(let value): JSONNumber.append(value, to: &bytes)
        case .text(let text): JSONText.appendString(text, to: &bytes)
        }
    }
}
