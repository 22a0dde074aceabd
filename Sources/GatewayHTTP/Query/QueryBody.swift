import LakeModel
import Observability
import QueryEngine

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The JSON body of `POST /api/v2/query`: `{sql, parameters?, asOf?, page?, size?}`.
struct QueryBody: Decodable {
    var question: SQLQuestion
    var page: Int?
    var size: Int?

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private static let names = ["sql", "parameters", "asOf", "page", "size"]

    /// - Throws: ``GatewayError`` `json-syntax`, `json-invalid`.
    init(json: [UInt8]) throws {
        do {
            self = try JSONDecoder().decode(QueryBody.self, from: Data(json))
        } catch let error as GatewayError {
            throw error
        } catch DecodingError.dataCorrupted {
            throw GatewayError(
                code: "json-syntax", message: "the body is not JSON", remedy: "send an object {\"sql\": \"SELECT …\"}")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.keyNotFound(_, let context)
        {
            let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
            throw Self.invalid(path.isEmpty ? "the body is no object" : "`\(path)` has a wrong type")
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        let unknown = container.allKeys.map(\.stringValue).filter { !Self.names.contains($0) }.sorted()
        guard unknown.isEmpty else {
            throw Self.invalid("unknown in the body: \(unknown.map { "`\($0.prefix(64))`" }.joined(separator: ", "))")
        }
        guard container.contains(Name("sql")) else { throw Self.invalid("the body has no `sql`") }
        let sql = try container.decode(String.self, forKey: Name("sql"))
        let parameters = try container.decodeIfPresent(Parameters.self, forKey: Name("parameters"))
        let asOf = try container.decodeIfPresent(Moment.self, forKey: Name("asOf"))
        question = SQLQuestion(sql: sql, parameters: parameters?.value ?? .positional([]), asOf: asOf?.value)
        page = try container.decodeIfPresent(Int.self, forKey: Name("page"))
        size = try container.decodeIfPresent(Int.self, forKey: Name("size"))
    }

    static func invalid(_ message: String) -> GatewayError {
        GatewayError(
            code: "json-invalid", message: message,
            remedy:
                "send {\"sql\": text, \"parameters\": [values] or {name: value}, \"asOf\": time or {table: snapshot id}, "
                + "\"page\": number, \"size\": number}")
    }

    private struct Parameters: Decodable {
        var value: QueryParameters

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let values = try? container.decode([Value].self) {
                value = .positional(values.map(\.value))
            } else if let values = try? container.decode([String: Value].self) {
                value = .named(values.mapValues(\.value))
            } else {
                throw QueryBody.invalid(
                    "`parameters` must be an array or an object of texts, numbers, booleans and nulls")
            }
        }
    }

    /// A JSON scalar. Whole numbers that fit 64 bits stay exact; the others are doubles.
    private struct Value: Decodable {
        var value: QueryValue

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                value = .null
            } else if let boolean = try? container.decode(Bool.self) {
                value = .boolean(boolean)
            } else if let integer = try? container.decode(Int64.self) {
                value = .integer(integer)
            } else if let double = try? container.decode(Double.self) {
                value = .double(double)
            } else {
                value = .text(try container.decode(String.self))
            }
        }
    }

    private struct Moment: Decodable {
        var value: AsOf

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                guard let microseconds = UTCText.microseconds(of: text) else {
                    throw QueryBody.invalid("`asOf` is no time in ISO 8601, such as 2024-01-31T00:00:00Z")
                }
                value = .instant(microseconds: microseconds)
            } else {
                let texts = try container.decode([String: String].self)
                value = .snapshots(
                    try texts.mapValues { text in
                        guard let id = Int64(text) else {
                            throw QueryBody.invalid("`asOf` names snapshots by their ids as text, table by table")
                        }
                        return id
                    })
            }
        }
    }
}
