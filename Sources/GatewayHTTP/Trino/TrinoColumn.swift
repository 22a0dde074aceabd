import TrinoSQL

/// A column of a result, as a client is told it.
struct TrinoColumn: Sendable {
    var name: String
    var type: TrinoType

    /// - Parameter isParametric: whether the client knows times of any precision (`PARAMETRIC_DATETIME`); others get
    ///   milliseconds, and types without a precision in their names.
    func json(isParametric: Bool) -> JSONValue {
        let shown = isParametric ? type : type.milliseconds
        return [
            "name": .string(name), "type": .string(isParametric ? shown.name : shown.plainName),
            "typeSignature": Self.signature(shown, isParametric: isParametric),
        ]
    }

    /// The encoder of the column's values.
    func encoder(isParametric: Bool) -> ValueEncoder { ValueEncoder(isParametric ? type : type.milliseconds) }

    private static let unboundedLength: Int64 = 2_147_483_647

    static func signature(_ type: TrinoType, isParametric: Bool) -> JSONValue {
        var raw = type.plainName
        var arguments: [JSONValue] = []
        func number(_ value: Int64) -> JSONValue { ["kind": "LONG", "value": .integer(value)] }
        func nested(_ type: TrinoType) -> JSONValue {
            ["kind": "TYPE", "value": signature(type, isParametric: isParametric)]
        }
        switch type {
        case .decimal(let precision, let scale):
            raw = "decimal"
            arguments = [number(Int64(precision)), number(Int64(scale))]
        case .varchar(let length):
            raw = "varchar"
            arguments = [number(length.map(Int64.init) ?? unboundedLength)]
        case .char(let length):
            raw = "char"
            arguments = [number(Int64(length))]
        case .time(let digits), .timeWithZone(let digits), .timestamp(let digits), .timestampWithZone(let digits):
            if isParametric { arguments = [number(Int64(digits))] }
        case .array(let element):
            raw = "array"
            arguments = [nested(element)]
        case .map(let key, let value):
            raw = "map"
            arguments = [nested(key), nested(value)]
        case .row(let fields):
            raw = "row"
            arguments = fields.map { field in
                [
                    "kind": "NAMED_TYPE",
                    "value": .object([
                        "fieldName": field.name.map { ["name": .string($0)] },
                        "typeSignature": signature(field.type, isParametric: isParametric),
                    ]),
                ]
            }
        default: break
        }
        return ["rawType": .string(raw), "arguments": .array(arguments)]
    }
}

extension TrinoType {
    /// The type with times of three digits, which is all that older clients know.
    fileprivate var milliseconds: TrinoType {
        switch self {
        case .time: .time(precision: 3)
        case .timeWithZone: .timeWithZone(precision: 3)
        case .timestamp: .timestamp(precision: 3)
        case .timestampWithZone: .timestampWithZone(precision: 3)
        case .array(let element): .array(element.milliseconds)
        case .map(let key, let value): .map(key.milliseconds, value.milliseconds)
        case .row(let fields): .row(fields.map { Field(name: $0.name, type: $0.type.milliseconds) })
        default: self
        }
    }

    /// The name without the precision of times.
    fileprivate var plainName: String {
        switch self {
        case .time: "time"
        case .timeWithZone: "time with time zone"
        case .timestamp: "timestamp"
        case .timestampWithZone: "timestamp with time zone"
        default: name
        }
    }
}
