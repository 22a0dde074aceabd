import Foundation
import LakeModel
import QueryEngine

/// What a worker is told once, before its first request.
struct WorkerSetup: Codable, Sendable {
    /// Paths or names of the DuckDB library, to be tried in order.
    var libraries: [LibraryCandidate]
    var threads: Int
    var memoryBytesMax: Int
    var temporaryFolder: String
    var temporaryBytesMax: Int
    /// The only folders that the engine may open files in.
    var dataFolders: [String]
    /// A database that is attached before the engine is locked.
    var attachment: DuckDBAttachment?
}

struct WorkerReady: Codable, Sendable {
    var engineVersion: String
    /// Whether the kernel keeps the process to its files.
    var isConfined: Bool
}

/// A request as it goes to a worker. Tables that the worker has in the same version travel without their files.
struct WireRequest: Codable, Sendable {
    struct Table: Codable, Sendable {
        var namespace: String
        var name: String
        /// The table's whole definition, or `nil` when the worker has it.
        var definition: Definition?
    }

    struct Definition: Codable, Sendable {
        var fields: [WireField]
        var plainFiles: [String]
        var deletedFromFiles: [String]
        var deleteFiles: [String]
        var locationScheme: String
        var locationRoot: String
        var rowCount: Int64?
        var equalityGroups: [EqualityGroup]
        var json: String?
        var attached: Attached?
    }

    struct EqualityGroup: Codable, Sendable {
        var files: [String]
        var hasPositionDeletes: Bool
        var deletes: [EqualityDeletes]
    }

    struct EqualityDeletes: Codable, Sendable {
        var files: [String]
        var fields: [WireField]
    }

    struct Attached: Codable, Sendable {
        /// As SQL names it.
        var name: String
        var expressions: [String]
    }

    var sql: String
    var positional: [WireValue]?
    var named: [String: WireValue]?
    var tables: [Table]
    var rowsMax: Int
    var resultBytesMax: Int
    /// Whether the caller listens to how far the query is.
    var reportsProgress = false
}

/// A statement that is to be parsed.
struct WireOutlineRequest: Codable, Sendable {
    var sql: String
}

/// A field's name and id with its type as DuckDB writes it.
struct WireField: Codable, Sendable, Hashable {
    var id: Int
    var name: String
    var type: String
    var isNested: Bool
}

struct WireEnd: Codable, Sendable {
    var isTruncated: Bool
    var elapsedMicroseconds: Int64
}

struct WireError: Codable, Sendable, Error {
    var code: String
    var message: String
    var remedy: String?
    var isRetryable = false
    /// Bytes from the start of the SQL text, 0-based.
    var byteOffset: Int?
    /// Whether the tables of the request are not ready in the worker.
    var tablesLost = false

    var queryError: QueryError {
        QueryError(code: code, message: message, remedy: remedy, isRetryable: isRetryable, place: place)
    }

    private var place: Place? { byteOffset.map { Place(source: "sql", byteOffset: $0) } }
}

/// A parameter's value on the wire.
enum WireValue: Codable, Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// The bits, so that every value arrives as it was.
    case double(UInt64)
    case text(String)

    init(_ value: QueryValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .double(let value): self = .double(value.bitPattern)
        case .text(let value): self = .text(value)
        }
    }
}

extension Frame {
    init(_ kind: Kind, json value: some Encodable) throws {
        self.init(kind: kind, payload: [UInt8](try JSONEncoder().encode(value)))
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(payload))
    }
}
