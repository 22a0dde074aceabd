import AvroFormat

/// The fields of a written record in their order, each with what a decoder needs to pick it by field id.
///
/// Files of other engines may order fields differently, leave some out or add unknown ones, which are skipped.
struct RecordPlan: Sendable {
    /// How a field's values are read, without a look at the schema for each of them.
    enum Form: Sendable, Equatable {
        case integer, boolean, bytes, string
        case fixed(byteCount: Int)
        case integers
        /// Records of a field id and an integer, or of a field id and bytes.
        case integerMap, bytesMap
        case other
    }

    /// A class, so that passing one to a reader costs one count of references and not one for each part.
    final class Field: Sendable {
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
        let form: Form

        init(_ field: AvroField, coding: AvroCodingSchema, depth: Int) throws {
            id = field.fieldID ?? -1
            name = field.name
            if case .union(let branches) = field.schema.kind, branches.count == 2,
                let null = branches.firstIndex(where: { $0.kind == .null })
            {
                nullBranch = null
                schema = branches[1 - null]
            } else {
                nullBranch = nil
                schema = field.schema
            }
            if case .array(let item) = schema.kind, item.fields != nil {
                items = try RecordPlan(item, coding: coding, depth: depth + 1)
            } else {
                items = nil
            }
            record = schema.fields == nil ? nil : try RecordPlan(schema, coding: coding, depth: depth + 1)
            form = Self.form(schema, items: items)
        }

        private static func form(_ schema: AvroSchema, items: RecordPlan?) -> Form {
            switch schema.kind {
            case .int, .long: return .integer
            case .boolean: return .boolean
            case .bytes: return .bytes
            case .string: return .string
            case .fixed(_, let size): return .fixed(byteCount: size)
            case .array(let item) where item.kind == .int || item.kind == .long: return .integers
            case .array:
                guard let pair = items?.fields, pair.count == 2, pair[0].nullBranch == nil, pair[0].form == .integer
                else { return .other }
                return pair[1].form == .integer ? .integerMap : pair[1].form == .bytes ? .bytesMap : .other
            default: return .other
            }
        }
    }

    let fields: [Field]
    let coding: AvroCodingSchema

    init(_ schema: AvroSchema, coding: AvroCodingSchema, depth: Int = 0) throws {
        guard depth < 8, let fields = schema.fields else {
            throw IcebergError(.manifestInvalid, "an Avro schema without the record that is due")
        }
        self.coding = coding
        self.fields = try fields.map { try Field($0, coding: coding, depth: depth) }
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
        guard field.form == .integer else { throw Self.mismatch(field) }
        return try readLong()
    }

    mutating func readInt(_ field: RecordPlan.Field) throws -> Int? {
        guard let value = try readLong(field) else { return nil }
        guard let narrow = Int32(exactly: value) else { throw Self.mismatch(field) }
        return Int(narrow)
    }

    mutating func readBoolean(_ field: RecordPlan.Field) throws -> Bool? {
        if try isNull(field) { return nil }
        guard field.form == .boolean else { throw Self.mismatch(field) }
        return try readBoolean()
    }

    mutating func readString(_ field: RecordPlan.Field) throws -> String? {
        if try isNull(field) { return nil }
        guard field.form == .string else { throw Self.mismatch(field) }
        return try readString()
    }

    mutating func readBytes(_ field: RecordPlan.Field) throws -> [UInt8]? {
        if try isNull(field) { return nil }
        switch field.form {
        case .bytes, .string: return try readBytes()
        case .fixed(let size): return try readFixed(size)
        default: throw Self.mismatch(field)
        }
    }

    mutating func readLongs(_ field: RecordPlan.Field) throws -> [Int64]? {
        if try isNull(field) { return nil }
        guard field.form == .integers else { throw Self.mismatch(field) }
        var values: [Int64] = []
        while case let count = try readBlockCount(), count > 0 {
            for _ in 0..<count { values.append(try readLong()) }
        }
        return values
    }

    /// Items that room is made for before they are read: a count in a file is not believed.
    private static let reservedItemsMax = 1024

    /// Reads an array of records of a field id and an integer.
    mutating func readLongMap(_ field: RecordPlan.Field) throws -> FieldMap<Int64>? {
        if try isNull(field) { return nil }
        guard field.form == .integerMap, let value = field.items?.fields[1] else { throw Self.mismatch(field) }
        var entries: [FieldMap<Int64>.Entry] = []
        while case let count = try readBlockCount(), count > 0 {
            entries.reserveCapacity(entries.count + min(count, Self.reservedItemsMax))
            for _ in 0..<count {
                let id = try readInt()
                if try isNull(value) { continue }
                entries.append(FieldMap.Entry(id: Int(id), value: try readLong()))
            }
        }
        return FieldMap(entries)
    }

    /// Reads an array of records of a field id and bytes.
    mutating func readBytesMap(_ field: RecordPlan.Field) throws -> FieldMap<[UInt8]>? {
        if try isNull(field) { return nil }
        guard field.form == .bytesMap, let value = field.items?.fields[1] else { throw Self.mismatch(field) }
        var entries: [FieldMap<[UInt8]>.Entry] = []
        while case let count = try readBlockCount(), count > 0 {
            entries.reserveCapacity(entries.count + min(count, Self.reservedItemsMax))
            for _ in 0..<count {
                let id = try readInt()
                if try isNull(value) { continue }
                entries.append(FieldMap.Entry(id: Int(id), value: try readBytes()))
            }
        }
        return FieldMap(entries)
    }

    mutating func skip(_ field: RecordPlan.Field, _ coding: AvroCodingSchema) throws {
        if try isNull(field) { return }
        try coding.skip(field.schema, &self)
    }

    static func mismatch(_ field: RecordPlan.Field) -> IcebergError {
        IcebergError(.manifestInvalid, "field \(field.name) (\(field.id)) has an unexpected Avro type or value")
    }
}
