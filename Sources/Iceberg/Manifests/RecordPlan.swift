import AvroFormat

/// The fields of a written record in their order, each with what a decoder needs to pick it by field id.
///
/// Files of other engines may order fields differently, leave some out or add unknown ones, which are skipped.
struct RecordPlan: Sendable {
    struct Field: Sendable {
        /// The Iceberg field id; for files without ids (early version 1) -1.
        let id: Int
        let name: String
        /// The written schema, `null` stripped when the field is a union with it.
        let schema: AvroSchema
        /// The branch that means null, when the field is a union of null and one type.
        let nullBranch: Int?
        /// The plan of a record.
        let record: RecordPlan?
        /// The plan of the items when the field is an array of records.
        let items: RecordPlan?
    }

    let fields: [Field]
    let coding: AvroCodingSchema

    init(_ schema: AvroSchema, coding: AvroCodingSchema, depth: Int = 0) throws {
        guard depth < 8, let fields = schema.fields else {
            throw IcebergError(.manifestInvalid, "an Avro schema without the record that is due")
        }
        self.coding = coding
        self.fields = try fields.map { field in
            var schema = field.schema
            var nullBranch: Int?
            if case .union(let branches) = schema.kind, branches.count == 2,
                let null = branches.firstIndex(where: { $0.kind == .null })
            {
                nullBranch = null
                schema = branches[1 - null]
            }
            var items: RecordPlan?
            if case .array(let item) = schema.kind, item.fields != nil {
                items = try RecordPlan(item, coding: coding, depth: depth + 1)
            }
            let record = schema.fields == nil ? nil : try RecordPlan(schema, coding: coding, depth: depth + 1)
            return Field(
                id: field.fieldID ?? -1, name: field.name, schema: schema, nullBranch: nullBranch, record: record,
                items: items)
        }
    }

    /// Throws unless all fields of these ids are there.
    func require(_ ids: [Int], in subject: String) throws {
        for id in ids where !fields.contains(where: { $0.id == id }) {
            throw IcebergError(.manifestInvalid, "a \(subject) without field \(id)")
        }
    }
}

extension AvroCursor {
    /// Whether the field that stands here is null.
    mutating func isNull(_ field: RecordPlan.Field) throws -> Bool {
        guard let nullBranch = field.nullBranch else { return false }
        return try readBranch(of: 2) == nullBranch
    }

    mutating func readLong(_ field: RecordPlan.Field) throws -> Int64? {
        if try isNull(field) { return nil }
        switch field.schema.kind {
        case .int, .long: return try readLong()
        default: throw Self.mismatch(field)
        }
    }

    mutating func readInt(_ field: RecordPlan.Field) throws -> Int? {
        guard let value = try readLong(field) else { return nil }
        guard let narrow = Int32(exactly: value) else { throw Self.mismatch(field) }
        return Int(narrow)
    }

    mutating func readBoolean(_ field: RecordPlan.Field) throws -> Bool? {
        if try isNull(field) { return nil }
        guard case .boolean = field.schema.kind else { throw Self.mismatch(field) }
        return try readBoolean()
    }

    mutating func readString(_ field: RecordPlan.Field) throws -> String? {
        if try isNull(field) { return nil }
        guard case .string = field.schema.kind else { throw Self.mismatch(field) }
        return try readString()
    }

    mutating func readBytes(_ field: RecordPlan.Field) throws -> [UInt8]? {
        if try isNull(field) { return nil }
        switch field.schema.kind {
        case .bytes, .string: return try readBytes()
        case .fixed(_, let size): return try readFixed(size)
        default: throw Self.mismatch(field)
        }
    }

    mutating func readLongs(_ field: RecordPlan.Field) throws -> [Int64]? {
        if try isNull(field) { return nil }
        guard case .array(let items) = field.schema.kind, items.kind == .long || items.kind == .int else {
            throw Self.mismatch(field)
        }
        var values: [Int64] = []
        while case let count = try readBlockCount(), count > 0 {
            for _ in 0..<count { values.append(try readLong()) }
        }
        return values
    }

    /// Reads an array of key and value records whose keys are field ids.
    mutating func readMap<Value>(
        _ field: RecordPlan.Field, _ readValue: (inout AvroCursor) throws -> Value
    ) throws -> FieldMap<Value>? {
        if try isNull(field) { return nil }
        guard let items = field.items, items.fields.count == 2, items.fields[0].nullBranch == nil,
            items.fields[0].schema.kind == .int
        else { throw Self.mismatch(field) }
        let valueField = items.fields[1]
        var entries: [FieldMap<Value>.Entry] = []
        while case let count = try readBlockCount(), count > 0 {
            if entries.isEmpty { entries.reserveCapacity(min(count, remaining)) }
            for _ in 0..<count {
                let id = try readInt()
                if try isNull(valueField) { continue }
                entries.append(FieldMap.Entry(id: Int(id), value: try readValue(&self)))
            }
        }
        return FieldMap(entries)
    }

    mutating func readLongMap(_ field: RecordPlan.Field) throws -> FieldMap<Int64>? {
        if let items = field.items, items.fields.count == 2, items.fields[1].schema.kind != .long,
            items.fields[1].schema.kind != .int
        {
            throw Self.mismatch(field)
        }
        return try readMap(field) { try $0.readLong() }
    }

    mutating func readBytesMap(_ field: RecordPlan.Field) throws -> FieldMap<[UInt8]>? {
        if let items = field.items, items.fields.count == 2, items.fields[1].schema.kind != .bytes {
            throw Self.mismatch(field)
        }
        return try readMap(field) { try $0.readBytes() }
    }

    mutating func skip(_ field: RecordPlan.Field, _ coding: AvroCodingSchema) throws {
        if try isNull(field) { return }
        try coding.skip(field.schema, &self)
    }

    static func mismatch(_ field: RecordPlan.Field) -> IcebergError {
        IcebergError(.manifestInvalid, "field \(field.name) (\(field.id)) has an unexpected Avro type or value")
    }
}
