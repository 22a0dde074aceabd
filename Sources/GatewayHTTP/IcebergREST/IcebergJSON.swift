import AvroFormat

/// JSON as Iceberg's own types read and write it.
typealias IcebergJSON = AvroFormat.JSONValue

/// The members of a request's body, with errors that say which one is wrong.
struct IcebergBody {
    private let object: AvroFormat.JSONObject

    /// The whole body.
    var json: IcebergJSON { .object(object) }

    /// - Throws: ``GatewayError`` `request-malformed`.
    init(_ bytes: [UInt8]) throws {
        do {
            self = try IcebergBody(try IcebergJSON.parse(bytes))
        } catch let error as AvroError {
            throw GatewayError(
                code: "request-malformed", message: "Malformed request: the body is no JSON: \(error.message)",
                remedy: "send a JSON object", cause: error)
        }
    }

    init(_ json: IcebergJSON) throws {
        guard let object = json.object else {
            throw GatewayError(code: "request-malformed", message: "Malformed request: a JSON object is expected")
        }
        self.object = object
    }

    static func invalid(_ key: String, _ wanted: String) -> GatewayError {
        GatewayError(
            code: "request-malformed", message: "Malformed request: \(key) is missing or no \(wanted)",
            remedy: "see the Iceberg REST catalog's specification")
    }

    /// A member that is there and not null.
    func optional(_ key: String) -> IcebergJSON? { object[key].flatMap { $0 == .null ? nil : $0 } }

    func value(_ key: String) throws -> IcebergJSON {
        guard let value = optional(key) else { throw Self.invalid(key, "value") }
        return value
    }

    func optionalText(_ key: String) throws -> String? {
        guard let value = optional(key) else { return nil }
        guard let text = value.text else { throw Self.invalid(key, "text") }
        return text
    }

    func text(_ key: String) throws -> String {
        guard let text = try optionalText(key) else { throw Self.invalid(key, "text") }
        return text
    }

    func boolean(_ key: String) throws -> Bool {
        guard let value = optional(key) else { return false }
        guard let boolean = value.bool else { throw Self.invalid(key, "boolean") }
        return boolean
    }

    func list(_ key: String) throws -> [IcebergJSON] {
        guard let value = optional(key) else { return [] }
        guard let list = value.array else { throw Self.invalid(key, "list") }
        return list
    }

    func texts(_ key: String) throws -> [String] {
        try list(key).map { item in
            guard let text = item.text else { throw Self.invalid(key, "list of text") }
            return text
        }
    }

    func textMap(_ key: String) throws -> [String: String] {
        guard let value = optional(key) else { return [:] }
        guard let members = value.object?.members else { throw Self.invalid(key, "object of text") }
        var map: [String: String] = [:]
        for member in members {
            guard let text = member.value.text else { throw Self.invalid(key, "object of text") }
            map[member.key] = text
        }
        return map
    }
}
