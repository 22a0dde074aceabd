import Foundation
import GRDB
import LakeModel
import SQLiteSupport

/// How values of each type lie in SQLite.
///
/// - `boolean` 0 or 1; `int`, `long` INTEGER; `float`, `double` REAL, NaN as the text `NaN` (SQLite would make it
///   NULL), and −0.0 becomes 0.0;
/// - `date` days, `time` microseconds, `timestamp` and `timestamptz` microseconds since 1970 as INTEGER: half the
///   bytes of text, exact, and fast to compare; the view `<table>_readable` shows them as ISO 8601;
/// - `decimal` TEXT with all digits of its scale, so that equal values are equal text (cast it to compare by size);
/// - `string` TEXT; `uuid`, `fixed`, `binary` BLOB.
enum ColumnCoding {
    static let notANumber = "NaN"

    static func type(_ name: String, table: String) throws -> PrimitiveType {
        guard let type = PrimitiveType(name) else {
            throw OperationalError(
                code: "value-corrupt", message: "the stored definition names the unknown type '\(name)'",
                remedy: "start the program's later version, or load the table again", place: Place(source: table))
        }
        return type
    }

    static func sqlType(of name: String, table: String) throws -> String {
        switch try type(name, table: table) {
        case .boolean, .int, .long, .date, .time, .timestamp, .timestamptz: "INTEGER"
        case .float, .double: "REAL"
        case .decimal, .string: "TEXT"
        case .uuid, .fixed, .binary: "BLOB"
        }
    }

    /// The SQL expression that shows a column's value as text a person reads.
    static func readable(_ column: String, type name: String, table: String) throws -> String {
        let second = 1_000_000
        // Whole seconds rounded down, for the times before 1970 too.
        let seconds = "(\(column) - ((\(column) % \(second)) + \(second)) % \(second)) / \(second)"
        let micros = "((\(column) % \(second)) + \(second)) % \(second)"
        switch try type(name, table: table) {
        case .boolean: return "CASE \(column) WHEN 0 THEN 'false' WHEN 1 THEN 'true' END"
        case .date: return "date(\(column) * 86400, 'unixepoch')"
        case .time:
            return
                "CASE WHEN \(column) IS NOT NULL THEN time(\(seconds), 'unixepoch') || printf('.%06d', \(micros)) END"
        case .timestamp, .timestamptz:
            let zone = name == "timestamptz" ? "Z" : ""
            return "CASE WHEN \(column) IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', \(seconds), 'unixepoch') "
                + "|| printf('.%06d\(zone)', \(micros)) END"
        case .uuid:
            let hex = "lower(hex(\(column)))"
            let parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)].map { "substr(\(hex), \($0.0), \($0.1))" }
            return "CASE WHEN \(column) IS NOT NULL THEN \(parts.joined(separator: " || '-' || ")) END"
        default: return column
        }
    }

    /// The parameter for a key column's value: text comes as its bytes, for a NUL would end it otherwise.
    static func parameter(_ field: SchemaField) -> String {
        field.type.primitive == .string ? "CAST(? AS TEXT)" : "?"
    }

    /// The value to bind for ``parameter(_:)``; bulk rows take the way of `BatchBinder`.
    static func databaseValue(_ datum: Datum, type: PrimitiveType) -> DatabaseValue? {
        switch (datum, type.physical) {
        case (.boolean(let value), .boolean): (value ? 1 : 0).databaseValue
        case (.int(let value), .int32), (.int(let value), .int64): Int64(value).databaseValue
        case (.long(let value), .int64): value.databaseValue
        case (.float(let value), .float): value.isNaN ? notANumber.databaseValue : Double(value).databaseValue
        case (.double(let value), .double): value.isNaN ? notANumber.databaseValue : value.databaseValue
        case (.decimal(let value), .int128): DecimalText.text(value, type: type).databaseValue
        case (.string(let value), .bytes) where type == .string: Data(value.utf8).databaseValue
        case (.bytes(let value), .bytes) where type == .binary: Data(value).databaseValue
        case (.bytes(let value), .fixed(let width)) where value.count == width: Data(value).databaseValue
        default: nil
        }
    }

    /// What to select for a column that ``datum(_:type:table:column:)`` reads: text as its bytes, for a NUL would end it
    /// otherwise.
    static func selected(_ field: SchemaField) -> String {
        let name = SQLiteFile.quoted(field.name)
        return field.type.primitive == .string ? "CAST(\(name) AS BLOB)" : name
    }

    /// The datum of a stored value.
    static func datum(_ value: DatabaseValue, type: PrimitiveType, table: String, column: String) throws -> Datum? {
        let found: Datum?? =
            switch (value.storage, type.physical) {
            case (.null, _): .some(nil)
            case (.int64(let value), .boolean) where value == 0 || value == 1: .boolean(value == 1)
            case (.int64(let value), .int32): Int32(exactly: value).map { .int($0) }
            case (.int64(let value), .int64): .long(value)
            case (.double(let value), .float): .float(Float(value))
            case (.double(let value), .double): .double(value)
            case (.int64(let value), .float): .float(Float(value))
            case (.int64(let value), .double): .double(Double(value))
            case (.string(notANumber), .float): .float(.nan)
            case (.string(notANumber), .double): .double(.nan)
            case (.string(let text), .int128): DecimalText.unscaled(text, type: type).map { .decimal($0) }
            case (.blob(let bytes), .bytes) where type == .string: .string(String(decoding: bytes, as: UTF8.self))
            case (.blob(let bytes), .bytes) where type == .binary: .bytes([UInt8](bytes))
            case (.blob(let bytes), .fixed(let width)) where bytes.count == width: .bytes([UInt8](bytes))
            default: nil
            }
        guard let found else {
            throw OperationalError(
                code: "value-corrupt", message: "a stored value is no \(type)",
                remedy: "another program changed the table: write the row again",
                place: Place(source: table, column: column))
        }
        return found
    }
}

/// Decimals as text with exactly the digits of their scale.
enum DecimalText {
    static func scale(of type: PrimitiveType) -> Int {
        if case .decimal(_, let scale) = type { scale } else { 0 }
    }

    static func text(_ value: Int128, type: PrimitiveType) -> String {
        let scale = scale(of: type)
        var digits = String(value.magnitude)
        if scale > 0 {
            if digits.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.count) + digits }
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale))
        }
        return value < 0 ? "-" + digits : digits
    }

    /// The unscaled value; `nil` when the text has other digits behind the point than the type's scale.
    static func unscaled(_ text: String, type: PrimitiveType) -> Int128? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let scale = scale(of: type)
        guard parts.count == (scale > 0 ? 2 : 1), scale == 0 || parts[1].count == scale else { return nil }
        return Int128(parts.joined())
    }
}
