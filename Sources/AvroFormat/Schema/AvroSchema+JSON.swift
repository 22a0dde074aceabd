extension AvroSchema {
    /// Reads the JSON form.
    /// - Throws: ``AvroError`` `avro-schema-invalid`, `avro-limit-exceeded`, `json-malformed`.
    package static func parse(_ bytes: [UInt8], limits: AvroLimits = AvroLimits()) throws -> AvroSchema {
        let json = try JSONValue.parse(bytes, depthMax: limits.depthMax * 3)
        var parser = AvroSchemaParser(depthMax: limits.depthMax)
        return try parser.schema(json, namespace: "", depth: 0)
    }

    package static func parse(_ text: String) throws -> AvroSchema { try parse(Array(text.utf8)) }

    /// The named types defined anywhere inside, by full name.
    package var namedTypes: [String: AvroSchema] {
        var names: [String: AvroSchema] = [:]
        collectNames(into: &names)
        return names
    }

    private func collectNames(into names: inout [String: AvroSchema]) {
        switch kind {
        case .record(let name, let fields):
            names[name] = self
            for field in fields { field.schema.collectNames(into: &names) }
        case .enumeration(let name, _), .fixed(let name, _): names[name] = self
        case .array(let items): items.collectNames(into: &names)
        case .map(let values): values.collectNames(into: &names)
        case .union(let branches): for branch in branches { branch.collectNames(into: &names) }
        default: break
        }
    }

    /// The JSON form. Full names are written where a type has a namespace.
    package var json: JSONValue {
        var object = JSONObject()
        switch kind {
        case .union(let branches): return .array(branches.map(\.json))
        case .reference(let name): return .string(name)
        case .record(let name, let fields):
            object.append("type", "record")
            object.append("name", .string(name))
            object.append("fields", .array(fields.map(\.json)))
        case .enumeration(let name, let symbols):
            object.append("type", "enum")
            object.append("name", .string(name))
            object.append("symbols", .array(symbols.map { .string($0) }))
        case .array(let items):
            object.append("type", "array")
            object.append("items", items.json)
        case .map(let values):
            object.append("type", "map")
            object.append("values", values.json)
        case .fixed(let name, let size):
            object.append("type", "fixed")
            object.append("name", .string(name))
            object.append("size", JSONValue(size))
        default:
            let name = JSONValue.string(primitiveName)
            if attributes.members.isEmpty { return name }
            object.append("type", name)
        }
        for member in attributes.members { object.append(member.key, member.value) }
        return .object(object)
    }

    private var primitiveName: String {
        switch kind {
        case .null: "null"
        case .boolean: "boolean"
        case .int: "int"
        case .long: "long"
        case .float: "float"
        case .double: "double"
        case .bytes: "bytes"
        case .string: "string"
        default: "record"
        }
    }
}

extension AvroField {
    var json: JSONValue {
        var object = JSONObject()
        object.append("name", .string(name))
        object.append("type", schema.json)
        for member in attributes.members { object.append(member.key, member.value) }
        if let defaultValue { object.append("default", defaultValue) }
        return .object(object)
    }
}

private struct AvroSchemaParser {
    static let primitives: [String: AvroSchema.Kind] = [
        "null": .null, "boolean": .boolean, "int": .int, "long": .long, "float": .float, "double": .double,
        "bytes": .bytes, "string": .string,
    ]

    let depthMax: Int
    var names: Set<String> = []

    init(depthMax: Int) { self.depthMax = depthMax }

    private func invalid(_ message: String) -> AvroError { AvroError(.schemaInvalid, message) }

    mutating func schema(_ json: JSONValue, namespace: String, depth: Int) throws -> AvroSchema {
        if depth > depthMax { throw AvroError(.limitExceeded, "an Avro schema nested deeper than \(depthMax)") }
        switch json {
        case .string(let name): return try named(name, namespace: namespace)
        case .array(let branches):
            return AvroSchema(
                .union(try branches.map { try schema($0, namespace: namespace, depth: depth + 1) }))
        case .object(let object):
            // {"type": {"type": "record", …}} and {"type": [union]} wrap a schema; the inner one counts.
            guard let type = object["type"] else { throw invalid("an Avro schema without a type") }
            guard let name = type.text else { return try schema(type, namespace: namespace, depth: depth + 1) }
            return try complex(name, object, namespace: namespace, depth: depth)
        default: throw invalid("an Avro schema that is neither a name, an array nor an object")
        }
    }

    private func named(_ name: String, namespace: String) throws -> AvroSchema {
        if let kind = Self.primitives[name] { return AvroSchema(kind) }
        let full = fullName(name, namespace: namespace)
        if names.contains(full) { return AvroSchema(.reference(name: full)) }
        if names.contains(name) { return AvroSchema(.reference(name: name)) }
        throw invalid("the Avro type \(name) is not defined before its use")
    }

    private func fullName(_ name: String, namespace: String) -> String {
        name.contains(".") || namespace.isEmpty ? name : namespace + "." + name
    }

    private mutating func define(_ object: JSONObject, namespace: String) throws -> (name: String, space: String) {
        guard let name = object["name"]?.text, !name.isEmpty else { throw invalid("a named Avro type without a name") }
        let full = fullName(name, namespace: object["namespace"]?.text ?? namespace)
        guard names.insert(full).inserted else { throw invalid("the Avro type \(full) is defined twice") }
        return (full, full.lastIndex(of: ".").map { String(full[..<$0]) } ?? "")
    }

    private func rest(_ object: JSONObject, but known: Set<String>) -> JSONObject {
        JSONObject(object.members.filter { !known.contains($0.key) }.map { ($0.key, $0.value) })
    }

    private mutating func complex(
        _ type: String, _ object: JSONObject, namespace: String, depth: Int
    ) throws -> AvroSchema {
        switch type {
        case "record", "error":
            let (name, space) = try define(object, namespace: namespace)
            guard let list = object["fields"]?.array else { throw invalid("the record \(name) has no fields") }
            let fields = try list.map { try field($0, namespace: space, depth: depth + 1) }
            guard Set(fields.map(\.name)).count == fields.count else {
                throw invalid("the record \(name) has two fields of one name")
            }
            return AvroSchema(
                .record(name: name, fields: fields),
                attributes: rest(object, but: ["type", "name", "namespace", "fields"]))
        case "enum":
            let (name, _) = try define(object, namespace: namespace)
            guard let symbols = object["symbols"]?.array?.compactMap(\.text), !symbols.isEmpty else {
                throw invalid("the enum \(name) has no symbols")
            }
            return AvroSchema(
                .enumeration(name: name, symbols: symbols),
                attributes: rest(object, but: ["type", "name", "namespace", "symbols"]))
        case "fixed":
            let (name, _) = try define(object, namespace: namespace)
            guard let size = object["size"]?.integer, (0...Int64(Int32.max)).contains(size) else {
                throw invalid("the fixed type \(name) has no valid size")
            }
            return AvroSchema(
                .fixed(name: name, size: Int(size)),
                attributes: rest(object, but: ["type", "name", "namespace", "size"]))
        case "array":
            guard let items = object["items"] else { throw invalid("an Avro array without items") }
            return AvroSchema(
                .array(items: try schema(items, namespace: namespace, depth: depth + 1)),
                attributes: rest(object, but: ["type", "items"]))
        case "map":
            guard let values = object["values"] else { throw invalid("an Avro map without values") }
            return AvroSchema(
                .map(values: try schema(values, namespace: namespace, depth: depth + 1)),
                attributes: rest(object, but: ["type", "values"]))
        default:
            var named = try named(type, namespace: namespace)
            named.attributes = rest(object, but: ["type"])
            return named
        }
    }

    private mutating func field(_ json: JSONValue, namespace: String, depth: Int) throws -> AvroField {
        guard let object = json.object, let name = object["name"]?.text, let type = object["type"] else {
            throw invalid("a record field without a name or type")
        }
        return AvroField(
            name, try schema(type, namespace: namespace, depth: depth), defaultValue: object["default"],
            attributes: rest(object, but: ["name", "type", "default"]))
    }
}
