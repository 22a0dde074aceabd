import Observability

/// A JSON tree whose objects keep the order in which they were written.
package indirect enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// An object without the members whose value is absent.
    static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(members.compactMap { name, value in value.map { JSONMember(name, $0) } })
    }

    static func strings(_ texts: some Sequence<String>) -> JSONValue { .array(texts.map { .string($0) }) }

    /// An object with sorted names.
    static func map(_ entries: [String: String]) -> JSONValue {
        .object(entries.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) })
    }

    /// A 64-bit id as text: JavaScript and others keep 53 bits of a number only.
    static func id(_ id: Int64?) -> JSONValue? { id.map { .string(String($0)) } }

    static func integer(_ value: Int?) -> JSONValue? { value.map { .integer(Int64($0)) } }

    static func integer(_ value: Int64?) -> JSONValue? { value.map { JSONValue.integer($0) } }

    static func string(_ value: String?) -> JSONValue? { value.map { JSONValue.string($0) } }

    /// An instant in ISO 8601, UTC.
    static func time(_ microseconds: Int64?) -> JSONValue? {
        microseconds.map { .string(UTCText.text(microseconds: $0)) }
    }

    package func append(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .boolean(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): JSONText.appendInteger(value, to: &bytes)
        case .double(let value): JSONNumber.append(value, to: &bytes)
        case .string(let text): JSONText.appendString(text, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONText.appendString(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }
}

package struct JSONMember: Sendable, Hashable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { JSONMember($0.0, $0.1) })
    }
}

/// Floating-point numbers in JSON.
enum JSONNumber {
    /// Swift's shortest text that reads back the same value. JSON has no NaN and no infinities: they become the strings
    /// `"NaN"`, `"Infinity"` and `"-Infinity"`, so that they stay apart from null.
    static func append(_ value: Double, to bytes: inout [UInt8]) {
        if value.isFinite {
            bytes.append(contentsOf: value.description.utf8)
        } else if value.isNaN {
            bytes.append(contentsOf: "\"NaN\"".utf8)
        } else {
            bytes.append(contentsOf: (value < 0 ? "\"-Infinity\"" : "\"Infinity\"").utf8)
        }
    }
}
