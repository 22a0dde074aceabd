/// The types of the Arrow columnar format that results have.
package indirect enum ArrowType: Sendable, Hashable {
    package enum TimeUnit: Int16, Sendable { case second = 0, millisecond, microsecond, nanosecond }

    case null
    case bool
    case int(bits: Int, isSigned: Bool)
    case float32
    case float64
    case utf8
    case binary
    /// In 128 bits: at most 38 digits.
    case decimal(precision: Int, scale: Int)
    /// Days since 1970.
    case date
    /// Since midnight, in 64 bits: microseconds or nanoseconds.
    case time(TimeUnit)
    case timestamp(TimeUnit, zone: String?)
    /// Months, days and nanoseconds.
    case interval
    case list(ArrowField)
    case fixedList(ArrowField, count: Int)
    case structure([ArrowField])
    case map(key: ArrowField, value: ArrowField)

    package static let decimalPrecisionMax = 38
}

/// A named column, or a part of one.
package struct ArrowField: Sendable, Hashable {
    package var name: String
    package var type: ArrowType
    package var isNullable: Bool

    package init(_ name: String, _ type: ArrowType, isNullable: Bool = true) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

/// One value on its way into a column.
package enum ArrowValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    /// Text; and every type without a form of its own here, as `QueryValue` writes it.
    case text(String)
    case list([ArrowValue])
    /// The values of a structure in the order of its fields.
    case structure([ArrowValue])
    /// Keys and values in turn.
    case map([ArrowValue])
}

extension ArrowField {
    /// The field as `Schema.fbs` describes it.
    var table: FlatBuffer.Table {
        let (kind, details) = type.tables
        return FlatBuffer.Table([
            .string(name), .bool(isNullable), .uint8(kind), .table(details), nil,
            .tables(type.children.map(\.table)),
        ])
    }
}

extension ArrowType {
    /// What lies below: elements, fields, entries.
    var children: [ArrowField] {
        switch self {
        case .list(let element), .fixedList(let element, _): [element]
        case .structure(let fields): fields
        case .map(let key, let value):
            [ArrowField("entries", .structure([key, value]), isNullable: false)]
        default: []
        }
    }

    /// The number of the union `Type` of `Schema.fbs`, and the table that goes with it.
    fileprivate var tables: (UInt8, FlatBuffer.Table) {
        switch self {
        case .null: (1, .init([]))
        case .int(let bits, let isSigned): (2, .init([.int32(Int32(bits)), .bool(isSigned)]))
        case .float32: (3, .init([.int16(1)]))
        case .float64: (3, .init([.int16(2)]))
        case .binary: (4, .init([]))
        case .utf8: (5, .init([]))
        case .bool: (6, .init([]))
        case .decimal(let precision, let scale):
            (7, .init([.int32(Int32(precision)), .int32(Int32(scale)), .int32(128)]))
        case .date: (8, .init([.int16(0)]))
        case .time(let unit): (9, .init([.int16(unit.rawValue), .int32(64)]))
        case .timestamp(let unit, let zone): (10, .init([.int16(unit.rawValue), zone.map { .string($0) }]))
        case .interval: (11, .init([.int16(2)]))
        case .list: (12, .init([]))
        case .structure: (13, .init([]))
        case .fixedList(_, let count): (16, .init([.int32(Int32(count))]))
        case .map: (17, .init([.bool(false)]))
        }
    }
}
