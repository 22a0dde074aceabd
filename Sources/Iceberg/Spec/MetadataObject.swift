import AvroFormat

/// A JSON object of table metadata, read member by member with errors that say which one is wrong.
struct MetadataObject {
    let object: JSONObject
    /// What the object is, for messages.
    let subject: String

    init(_ json: JSONValue, _ subject: String) throws {
        guard let object = json.object else { throw IcebergError(.metadataInvalid, "a \(subject) is no JSON object") }
        self.object = object
        self.subject = subject
    }

    func invalid(_ key: String) -> IcebergError {
        if object[key] == nil { return IcebergError(.metadataInvalid, "a \(subject) has no \(key)") }
        return IcebergError(.metadataInvalid, "a \(subject) has a \(key) of a wrong type or value")
    }

    /// A member that is there and not null.
    func optional(_ key: String) -> JSONValue? { object[key].flatMap { $0 == .null ? nil : $0 } }

    func value(_ key: String) throws -> JSONValue {
        guard let value = optional(key) else { throw invalid(key) }
        return value
    }

    private func convert<T>(_ key: String, _ convert: (JSONValue) -> T?) throws -> T? {
        guard let value = optional(key) else { return nil }
        guard let converted = convert(value) else { throw invalid(key) }
        return converted
    }

    private func require<T>(_ key: String, _ value: T?) throws -> T {
        guard let value else { throw invalid(key) }
        return value
    }

    func optionalText(_ key: String) throws -> String? { try convert(key, \.text) }
    func text(_ key: String) throws -> String { try require(key, try optionalText(key)) }
    func optionalLong(_ key: String) throws -> Int64? { try convert(key, \.integer) }
    func long(_ key: String) throws -> Int64 { try require(key, try optionalLong(key)) }
    func optionalInt(_ key: String) throws -> Int? {
        try convert(key) { $0.integer.flatMap { Int32(exactly: $0) }.map { Int($0) } }
    }
    func int(_ key: String) throws -> Int { try require(key, try optionalInt(key)) }
    func bool(_ key: String) throws -> Bool { try require(key, try convert(key, \.bool)) }
    func optionalArray(_ key: String) throws -> [JSONValue]? { try convert(key, \.array) }
    func array(_ key: String) throws -> [JSONValue] { try require(key, try optionalArray(key)) }

    func optionalInts(_ key: String) throws -> [Int]? {
        try optionalArray(key)?.map { item in
            guard let value = item.integer.flatMap({ Int32(exactly: $0) }) else { throw invalid(key) }
            return Int(value)
        }
    }

    func optionalLongs(_ key: String) throws -> [Int64]? {
        try optionalArray(key)?.map { item in
            guard let value = item.integer else { throw invalid(key) }
            return value
        }
    }

    func optionalTexts(_ key: String) throws -> [String]? {
        try optionalArray(key)?.map { item in
            guard let value = item.text else { throw invalid(key) }
            return value
        }
    }

    /// An object whose values are all text.
    func optionalTextMap(_ key: String) throws -> [String: String]? {
        guard let members = try convert(key, \.object)?.members else { return nil }
        var map: [String: String] = [:]
        for member in members {
            guard let text = member.value.text else { throw invalid(key) }
            map[member.key] = text
        }
        return map
    }
}

extension JSONValue {
    /// A map as an object with its keys in order, so that equal metadata has equal bytes.
    init(_ map: [String: String]) {
        self = .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}
