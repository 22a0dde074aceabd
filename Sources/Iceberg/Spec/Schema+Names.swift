package import LakeModel

/// A field at any depth with its full name.
package struct NamedField: Sendable, Hashable {
    package var id: Int
    package var name: String
    package var type: FieldType
    /// Whether it lies in a list or map, so that a row has any number of it.
    package var isRepeated: Bool
}

extension Schema {
    /// All fields with the names between dots, as `Schema.findField` of the Java library names them.
    package var namedFields: [NamedField] {
        var fields: [NamedField] = []
        func visit(_ type: FieldType, _ prefix: String, _ isRepeated: Bool) {
            func add(_ id: Int, _ part: String, _ type: FieldType, _ isRepeated: Bool) {
                fields.append(NamedField(id: id, name: prefix + part, type: type, isRepeated: isRepeated))
                visit(type, prefix + part + ".", isRepeated)
            }
            switch type {
            case .primitive: return
            case .structure(let members):
                for member in members { add(member.id, member.name, member.type, isRepeated) }
            case .list(let id, let element, _): add(id, "element", element, true)
            case .map(let keyID, let key, let valueID, let value, _):
                add(keyID, "key", key, true)
                add(valueID, "value", value, true)
            }
        }
        visit(.structure(self.fields), "", false)
        return fields
    }

    /// The ids of fields by their full names; those of the row lineage and others that every table has are passed over.
    /// - Throws: ``IcebergError`` `expression-invalid` for a name that no field has.
    package func fieldIDs(named names: [String], isCaseSensitive: Bool) throws -> Set<Int> {
        if names.isEmpty { return [] }
        var ids: [String: Int] = [:]
        for field in namedFields { ids[isCaseSensitive ? field.name : field.name.lowercased()] = field.id }
        var found: Set<Int> = []
        for name in names where !name.hasPrefix("_") || ids[name] != nil {
            guard let id = ids[isCaseSensitive ? name : name.lowercased()] else {
                throw IcebergError(.expressionInvalid, "Cannot find field '\(name.prefix(128))' in struct")
            }
            found.insert(id)
        }
        return found
    }
}
