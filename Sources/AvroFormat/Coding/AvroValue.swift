/// A value of any Avro schema. The schema beside it gives names and logical types.
package indirect enum AvroValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case int(Int32)
    case long(Int64)
    case float(Float)
    case double(Double)
    case bytes([UInt8])
    case string(String)
    /// Values in the order of the schema's fields.
    case record([AvroValue])
    /// The position of the symbol.
    case enumeration(Int)
    case array([AvroValue])
    case map([AvroMapEntry])
    case union(branch: Int, AvroValue)
    case fixed([UInt8])
}

package struct AvroMapEntry: Sendable, Hashable {
    package var key: String
    package var value: AvroValue

    package init(key: String, value: AvroValue) {
        self.key = key
        self.value = value
    }
}

/// Reads, skips and writes generic values along a schema.
package struct AvroCodingSchema: Sendable {
    package let schema: AvroSchema
    let names: [String: AvroSchema]

    package init(_ schema: AvroSchema) {
        self.schema = schema
        names = schema.namedTypes
    }

    /// Reads one value.
    /// - Throws: ``AvroError`` `avro-malformed`, `avro-limit-exceeded`.
    package func decode(_ cursor: inout AvroCursor) throws -> AvroValue {
        try decode(schema, &cursor, depth: 0)
    }

    /// Passes one value of `part`, a schema inside ``schema``.
    package func skip(_ part: AvroSchema, _ cursor: inout AvroCursor) throws { try skip(part, &cursor, depth: 0) }

    /// Appends one value.
    /// - Throws: ``AvroError`` `avro-value-mismatch` when `value` is not one of ``schema``.
    package func encode(_ value: AvroValue, into encoder: inout AvroEncoder) throws {
        try encode(value, schema, &encoder, depth: 0)
    }

    private func resolve(_ name: String) throws -> AvroSchema {
        guard let schema = names[name] else { throw AvroError(.schemaInvalid, "the type \(name) is not defined") }
        return schema
    }

    private func check(_ depth: Int, _ cursor: AvroCursor) throws {
        if depth > cursor.limits.depthMax {
            throw AvroError(
                .limitExceeded, "a value nested deeper than depthMax (\(cursor.limits.depthMax))",
                byteOffset: cursor.offset)
        }
    }

    private func decode(_ schema: AvroSchema, _ cursor: inout AvroCursor, depth: Int) throws -> AvroValue {
        try check(depth, cursor)
        switch schema.kind {
        case .null: return .null
        case .boolean: return .boolean(try cursor.readBoolean())
        case .int: return .int(try cursor.readInt())
        case .long: return .long(try cursor.readLong())
        case .float: return .float(try cursor.readFloat())
        case .double: return .double(try cursor.readDouble())
        case .bytes: return .bytes(try cursor.readBytes())
        case .string: return .string(try cursor.readString())
        case .fixed(_, let size): return .fixed(try cursor.readFixed(size))
        case .reference(let name): return try decode(try resolve(name), &cursor, depth: depth + 1)
        case .enumeration(_, let symbols): return .enumeration(try cursor.readBranch(of: symbols.count))
        case .union(let branches):
            let branch = try cursor.readBranch(of: branches.count)
            return .union(branch: branch, try decode(branches[branch], &cursor, depth: depth + 1))
        case .record(_, let fields):
            let start = cursor.offset
            var values: [AvroValue] = []
            values.reserveCapacity(fields.count)
            for field in fields { values.append(try decode(field.schema, &cursor, depth: depth + 1)) }
            if cursor.offset == start { try cursor.countEmptyItem() }
            return .record(values)
        case .array(let items):
            var values: [AvroValue] = []
            try forEachItem(&cursor) { values.append(try decode(items, &$0, depth: depth + 1)) }
            return .array(values)
        case .map(let schema):
            var entries: [AvroMapEntry] = []
            try forEachItem(&cursor) {
                let key = try $0.readString()
                entries.append(AvroMapEntry(key: key, value: try decode(schema, &$0, depth: depth + 1)))
            }
            return .map(entries)
        }
    }

    private func forEachItem(_ cursor: inout AvroCursor, _ body: (inout AvroCursor) throws -> Void) throws {
        while case let count = try cursor.readBlockCount(), count > 0 {
            for _ in 0..<count {
                let start = cursor.offset
                try body(&cursor)
                if cursor.offset == start { try cursor.countEmptyItem() }
            }
        }
    }

    private func skip(_ schema: AvroSchema, _ cursor: inout AvroCursor, depth: Int) throws {
        try check(depth, cursor)
        switch schema.kind {
        case .null: return
        case .boolean: _ = try cursor.readBoolean()
        case .int, .long, .enumeration: _ = try cursor.readLong()
        case .float: _ = try cursor.take(4)
        case .double: _ = try cursor.take(8)
        case .bytes, .string: _ = try cursor.takeSized()
        case .fixed(_, let size): _ = try cursor.take(size)
        case .reference(let name): try skip(try resolve(name), &cursor, depth: depth + 1)
        case .union(let branches):
            try skip(branches[try cursor.readBranch(of: branches.count)], &cursor, depth: depth + 1)
        case .record(_, let fields):
            let start = cursor.offset
            for field in fields { try skip(field.schema, &cursor, depth: depth + 1) }
            if cursor.offset == start { try cursor.countEmptyItem() }
        case .array(let items): try forEachItem(&cursor) { try skip(items, &$0, depth: depth + 1) }
        case .map(let values):
            try forEachItem(&cursor) {
                _ = try $0.takeSized()
                try skip(values, &$0, depth: depth + 1)
            }
        }
    }

    private func encode(_ value: AvroValue, _ schema: AvroSchema, _ encoder: inout AvroEncoder, depth: Int) throws {
        guard depth <= AvroLimits().depthMax else {
            throw AvroError(.limitExceeded, "a value nested deeper than \(AvroLimits().depthMax)")
        }
        switch (schema.kind, value) {
        case (.reference(let name), _): try encode(value, try resolve(name), &encoder, depth: depth + 1)
        case (.null, .null): return
        case (.boolean, .boolean(let value)): encoder.write(value)
        case (.int, .int(let value)): encoder.write(Int64(value))
        case (.long, .long(let value)): encoder.write(value)
        case (.float, .float(let value)): encoder.write(value)
        case (.double, .double(let value)): encoder.write(value)
        case (.bytes, .bytes(let value)): encoder.write(value)
        case (.string, .string(let value)): encoder.write(value)
        case (.fixed(_, let size), .fixed(let value)) where value.count == size: encoder.writeFixed(value)
        case (.enumeration(_, let symbols), .enumeration(let index)) where symbols.indices.contains(index):
            encoder.writeBranch(index)
        case (.union(let branches), .union(let branch, let value)) where branches.indices.contains(branch):
            encoder.writeBranch(branch)
            try encode(value, branches[branch], &encoder, depth: depth + 1)
        case (.record(_, let fields), .record(let values)) where fields.count == values.count:
            for (field, value) in zip(fields, values) {
                try encode(value, field.schema, &encoder, depth: depth + 1)
            }
        case (.array(let items), .array(let values)):
            if !values.isEmpty { encoder.writeBlockCount(values.count) }
            for value in values { try encode(value, items, &encoder, depth: depth + 1) }
            encoder.writeBlockCount(0)
        case (.map(let schema), .map(let entries)):
            if !entries.isEmpty { encoder.writeBlockCount(entries.count) }
            for entry in entries {
                encoder.write(entry.key)
                try encode(entry.value, schema, &encoder, depth: depth + 1)
            }
            encoder.writeBlockCount(0)
        default: throw AvroError(.valueMismatch, "a value does not fit its schema \(schema.json.serializedText)")
        }
    }
}
