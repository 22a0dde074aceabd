import LakeModel

/// New field ids for a schema that a client sent to create a table with, as the specification's own catalogs assign
/// them: from 1, all fields of a level before what is inside them.
struct FreshIDs {
    /// Old id to new id.
    private(set) var map: [Int: Int] = [:]
    private var last = 0

    private mutating func next(for old: Int) -> Int {
        last += 1
        map[old] = last
        return last
    }

    mutating func schema(_ schema: Schema) -> Schema {
        let fields = fields(schema.fields)
        return Schema(id: 0, fields: fields, identifierFieldIDs: schema.identifierFieldIDs.compactMap { map[$0] })
    }

    private mutating func fields(_ fields: [SchemaField]) -> [SchemaField] {
        let ids = fields.map { next(for: $0.id) }
        var fresh: [SchemaField] = []
        for (field, id) in zip(fields, ids) {
            var field = field
            field.id = id
            field.type = type(field.type)
            fresh.append(field)
        }
        return fresh
    }

    private mutating func type(_ old: FieldType) -> FieldType {
        switch old {
        case .primitive: return old
        case .structure(let inner): return .structure(fields(inner))
        case .list(let elementID, let element, let elementRequired):
            let id = next(for: elementID)
            return .list(elementID: id, element: type(element), elementRequired: elementRequired)
        case .map(let keyID, let key, let valueID, let value, let valueRequired):
            let newKeyID = next(for: keyID)
            let newValueID = next(for: valueID)
            return .map(
                keyID: newKeyID, key: type(key), valueID: newValueID, value: type(value), valueRequired: valueRequired)
        }
    }
}
