/// A type of Trino, as far as values of it can be told apart here.
package indirect enum TrinoType: Sendable, Hashable {
    /// Not known before the engine has looked; comparisons and casts take it as it is.
    case unresolved
    /// The type of `NULL`, which Trino calls `unknown`.
    case null
    case boolean, tinyint, smallint, integer, bigint, real, double
    case decimal(precision: Int, scale: Int)
    /// `nil`: without a bound.
    case varchar(length: Int?)
    case char(length: Int)
    case varbinary, json, date, uuid
    case time(precision: Int)
    case timeWithZone(precision: Int)
    case timestamp(precision: Int)
    case timestampWithZone(precision: Int)
    case intervalDayToSecond, intervalYearToMonth
    case array(TrinoType)
    case map(TrinoType, TrinoType)
    case row([Field])

    package struct Field: Sendable, Hashable {
        package var name: String?
        package var type: TrinoType

        package init(name: String?, type: TrinoType) {
            self.name = name
            self.type = type
        }
    }

    package static let varchar = TrinoType.varchar(length: nil)
    /// What the lake's own columns hold.
    package static let microseconds = 6
    static let decimalPrecisionMax = 38

    /// The name as clients see it.
    package var name: String {
        switch self {
        case .unresolved, .null: "unknown"
        case .boolean: "boolean"
        case .tinyint: "tinyint"
        case .smallint: "smallint"
        case .integer: "integer"
        case .bigint: "bigint"
        case .real: "real"
        case .double: "double"
        case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
        case .varchar(let length): length.map { "varchar(\($0))" } ?? "varchar"
        case .char(let length): "char(\(length))"
        case .varbinary: "varbinary"
        case .json: "json"
        case .date: "date"
        case .uuid: "uuid"
        case .time(let precision): "time(\(precision))"
        case .timeWithZone(let precision): "time(\(precision)) with time zone"
        case .timestamp(let precision): "timestamp(\(precision))"
        case .timestampWithZone(let precision): "timestamp(\(precision)) with time zone"
        case .intervalDayToSecond: "interval day to second"
        case .intervalYearToMonth: "interval year to month"
        case .array(let element): "array(\(element.name))"
        case .map(let key, let value): "map(\(key.name), \(value.name))"
        case .row(let fields):
            "row("
                + fields.map { field in field.name.map { "\(Self.quoted($0)) \(field.type.name)" } ?? field.type.name }
                .joined(separator: ", ") + ")"
        }
    }

    /// A field's name as it stands in a type's name: quoted when it is no plain lower-case word.
    private static func quoted(_ name: String) -> String {
        let isPlain =
            name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            } && !name.isEmpty && name.first?.isNumber == false
        return isPlain ? name : SQLText.quoted(name)
    }

    var isInteger: Bool {
        switch self {
        case .tinyint, .smallint, .integer, .bigint: true
        default: false
        }
    }

    var isFloating: Bool { self == .real || self == .double }

    var isDecimal: Bool { if case .decimal = self { true } else { false } }

    var isNumeric: Bool { isInteger || isFloating || isDecimal }

    var isText: Bool {
        switch self {
        case .varchar, .char: true
        default: false
        }
    }

    /// A date or a timestamp.
    var isMoment: Bool {
        switch self {
        case .date, .timestamp, .timestampWithZone: true
        default: false
        }
    }

    var isInterval: Bool { self == .intervalDayToSecond || self == .intervalYearToMonth }

    var isOpen: Bool { self == .unresolved || self == .null }

    /// Whole numbers and decimals as a decimal: digits and digits behind the point.
    var decimalShape: (precision: Int, scale: Int)? {
        switch self {
        case .tinyint: (3, 0)
        case .smallint: (5, 0)
        case .integer: (10, 0)
        case .bigint: (19, 0)
        case .decimal(let precision, let scale): (precision, scale)
        default: nil
        }
    }
}
