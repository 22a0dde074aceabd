import QueryEngine

/// Types of a cluster's results whose values have the same form in the embedded engine's answers.
enum ClusterType: Sendable, Hashable {
    case boolean
    case integer(String)
    case double, real
    case text(String)
    case decimal(String)
    case date
    case timestamp, timestamptz
    /// Of a column of nulls.
    case unknown

    /// - Parameter name: as the protocol writes types; `nil` for one that is not taken.
    init?(_ name: String) {
        let base = name.prefix { $0 != "(" && $0 != " " }
        switch base {
        case "boolean": self = .boolean
        case "tinyint", "smallint", "integer", "bigint": self = .integer(base.uppercased())
        case "double": self = .double
        case "real": self = .real
        case "varchar", "char": self = .text("VARCHAR")
        case "uuid": self = .text("UUID")
        case "decimal": self = .decimal(name.uppercased())
        case "date": self = .date
        case "timestamp": self = name.hasSuffix(" with time zone") ? .timestamptz : .timestamp
        case "unknown": self = .unknown
        default: return nil
        }
    }

    /// The embedded engine's name of the type.
    var engineName: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .integer(let name), .text(let name), .decimal(let name): name
        case .double: "DOUBLE"
        case .real: "FLOAT"
        case .date: "DATE"
        case .timestamp: "TIMESTAMP"
        case .timestamptz: "TIMESTAMP WITH TIME ZONE"
        case .unknown: "INTEGER"
        }
    }

    /// The value as the embedded engine gives it; `nil` for one that is none of this type.
    func value(_ value: ClusterPage.Value) -> QueryValue? {
        switch (self, value) {
        case (_, .null): return .null
        case (.boolean, .boolean(let flag)): return .boolean(flag)
        case (.integer, .integer(let number)): return .integer(number)
        // Both write a `real` with the digits that tell it from other reals.
        case (.double, _), (.real, _): return Self.double(value).map { .double($0) }
        case (.text, .text(let text)), (.decimal, .text(let text)), (.date, .text(let text)): return .text(text)
        case (.timestamp, .text(let text)): return Self.time(text[...]).map { .text($0) }
        case (.timestamptz, .text(let text)):
            // Iceberg's times are in UTC; another zone would have to be computed.
            guard text.hasSuffix(" UTC") else { return nil }
            return Self.time(text.dropLast(4)).map { .text($0 + "Z") }
        default: return nil
        }
    }

    private static func double(_ value: ClusterPage.Value) -> Double? {
        switch value {
        case .double(let number): number
        case .integer(let number): Double(number)
        case .text("NaN"): .nan
        case .text("Infinity"): .infinity
        case .text("-Infinity"): -.infinity
        default: nil
        }
    }

    /// `2021-02-03 10:00:00.500000` as `2021-02-03T10:00:00.5`.
    private static func time(_ text: Substring) -> String? {
        let parts = text.split(separator: " ")
        guard parts.count == 2 else { return nil }
        var clock = parts[1]
        if clock.contains(".") {
            while clock.last == "0" { clock.removeLast() }
            if clock.last == "." { clock.removeLast() }
        }
        return "\(parts[0])T\(clock)"
    }
}
