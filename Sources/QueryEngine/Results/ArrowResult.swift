import ArrowFormat
import AvroFormat

/// A result as a stream of Arrow's IPC.
package struct ArrowResult: Sendable {
    /// Rows of a record batch.
    package static let batchRows = 8_192
    /// Nesting of values that are read.
    private static let depthMax = 128

    private let types: [ArrowType]
    private let writer: ArrowStreamWriter

    package init(columns: [QueryResult.Column]) {
        types = columns.map { ResultType.arrow($0.type) }
        writer = ArrowStreamWriter(fields: zip(columns, types).map { ArrowField($0.name, $1) })
    }

    /// The whole stream: schema, batches, end.
    /// - Throws: ``QueryError`` `value-unrepresentable`.
    package func stream(_ rows: ArraySlice<[QueryValue]>) throws -> [UInt8] {
        var bytes = writer.schema
        var rest = rows
        while !rest.isEmpty {
            bytes += try batch(rest.prefix(Self.batchRows))
            rest = rest.dropFirst(Self.batchRows)
        }
        return bytes + ArrowStreamWriter.end
    }

    private func batch(_ rows: ArraySlice<[QueryValue]>) throws -> [UInt8] {
        let columns = try types.enumerated().map { index, type in
            try rows.map { try Self.value($0[index], type) }
        }
        do {
            return try writer.batch(columns)
        } catch let error as ArrowError {
            throw QueryError(code: error.code, message: error.message, remedy: error.remedy, place: error.place)
        }
    }

    private static func value(_ value: QueryValue, _ type: ArrowType) throws -> ArrowValue {
        switch value {
        case .null: return .null
        case .boolean(let flag): return .bool(flag)
        case .integer(let number): return .integer(number)
        case .double(let number): return .double(number)
        case .text(let text):
            guard type.isNested else { return .text(text) }
            return try nested(try JSONValue.parse(text, depthMax: depthMax), type)
        }
    }

    /// A part of a nested value, which travels as JSON.
    private static func nested(_ json: JSONValue, _ type: ArrowType) throws -> ArrowValue {
        switch (type, json) {
        case (_, .null): return .null
        case (.list(let element), .array(let parts)), (.fixedList(let element, _), .array(let parts)):
            return .list(try parts.map { try nested($0, element.type) })
        case (.structure(let fields), .object(let object)):
            // Members stand in the order of the fields, whose names may be alike.
            let members = object.members.map(\.value)
            guard members.count == fields.count else { return .text(json.serializedText) }
            return .structure(try zip(members, fields).map { try nested($0, $1.type) })
        case (.map(let key, let value), .object(let object)):
            return .map(
                try object.members.flatMap {
                    [try nested(.string($0.key), key.type), try nested($0.value, value.type)]
                })
        case (.map(let key, let value), .array(let pairs)):
            return .map(
                try pairs.flatMap { pair -> [ArrowValue] in
                    let parts = pair.array ?? []
                    guard parts.count == 2 else { return [] }
                    return [try nested(parts[0], key.type), try nested(parts[1], value.type)]
                })
        case (_, .bool(let flag)): return .bool(flag)
        case (_, .integer(let number)): return .integer(number)
        case (_, .number(let digits)): return Double(digits).map { .double($0) } ?? .text(digits)
        case (_, .string(let text)): return .text(text)
        case (_, .array), (_, .object): return .text(json.serializedText)
        }
    }
}

extension ArrowType {
    fileprivate var isNested: Bool {
        switch self {
        case .list, .fixedList, .structure, .map: true
        default: false
        }
    }
}
