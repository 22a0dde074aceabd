/// A primitive type of the Apache Iceberg specification, format version 2.
///
/// Source: Iceberg specification, "Primitive Types".
package enum PrimitiveType: Sendable, Hashable {
    case boolean
    /// 32-bit signed integer.
    case int
    /// 64-bit signed integer.
    case long
    case float
    case double
    /// Fixed point with `precision` digits (1...38), of which `scale` stand after the point.
    case decimal(precision: Int, scale: Int)
    /// Days since 1970-01-01.
    case date
    /// Microseconds since midnight.
    case time
    /// Microseconds since 1970-01-01 00:00:00, no time zone.
    case timestamp
    /// Microseconds since 1970-01-01 00:00:00 UTC.
    case timestamptz
    /// UTF-8 text.
    case string
    /// 16 bytes, big-endian.
    case uuid
    /// Exactly `length` bytes.
    case fixed(length: Int)
    case binary

    /// The largest number of decimal digits that Iceberg allows.
    package static let decimalPrecisionMax = 38

    /// How values of this type lie in a ``ColumnVector``.
    package var physical: PhysicalType {
        switch self {
        case .boolean: .boolean
        case .int, .date: .int32
        case .long, .time, .timestamp, .timestamptz: .int64
        case .float: .float
        case .double: .double
        case .decimal: .int128
        case .string, .binary: .bytes
        case .uuid: .fixed(width: 16)
        case .fixed(let length): .fixed(width: length)
        }
    }
}

/// The layout of a column's values in memory.
package enum PhysicalType: Sendable, Hashable {
    case boolean, int32, int64, float, double, int128, bytes
    case fixed(width: Int)
}

extension PrimitiveType: CustomStringConvertible {
    /// The name in Iceberg's JSON form, for example `decimal(9, 2)` or `fixed[16]`.
    package var description: String {
        switch self {
        case .boolean: "boolean"
        case .int: "int"
        case .long: "long"
        case .float: "float"
        case .double: "double"
        case .decimal(let precision, let scale): "decimal(\(precision), \(scale))"
        case .date: "date"
        case .time: "time"
        case .timestamp: "timestamp"
        case .timestamptz: "timestamptz"
        case .string: "string"
        case .uuid: "uuid"
        case .fixed(let length): "fixed[\(length)]"
        case .binary: "binary"
        }
    }

    /// Reads the JSON form; `nil` when `text` names no primitive type. Spaces inside parentheses are optional.
    package init?(_ text: some StringProtocol) {
        switch text {
        case "boolean": self = .boolean
        case "int": self = .int
        case "long": self = .long
        case "float": self = .float
        case "double": self = .double
        case "date": self = .date
        case "time": self = .time
        case "timestamp": self = .timestamp
        case "timestamptz": self = .timestamptz
        case "string": self = .string
        case "uuid": self = .uuid
        case "binary": self = .binary
        default:
            if text.hasPrefix("decimal("), text.hasSuffix(")") {
                let parts = text.dropFirst(8).dropLast().split(separator: ",").map {
                    Int($0.drop { $0 == " " }.prefix { $0 != " " })
                }
                guard parts.count == 2, let precision = parts[0], let scale = parts[1],
                    (1...Self.decimalPrecisionMax).contains(precision), (0...precision).contains(scale)
                else { return nil }
                self = .decimal(precision: precision, scale: scale)
            } else if text.hasPrefix("fixed["), text.hasSuffix("]") {
                guard let length = Int(text.dropFirst(6).dropLast()), length > 0 else { return nil }
                self = .fixed(length: length)
            } else {
                return nil
            }
        }
    }
}
