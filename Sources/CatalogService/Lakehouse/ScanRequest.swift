package import AvroFormat
import Iceberg
import LakeModel

/// What a client asks to be planned.
package struct ScanRequest: Sendable, Hashable {
    package enum Range: Sendable, Hashable {
        /// `nil`: the current snapshot.
        case snapshot(Int64?)
        /// What appends added, `after` excluded.
        case appended(after: Int64, through: Int64)
    }

    package var range: Range
    /// Names of columns, checked and otherwise left to the reader.
    package var selected: [String]
    /// The filter as it came; its names are known only with a schema.
    package var filter: JSONValue?
    package var isCaseSensitive: Bool
    package var usesSnapshotSchema: Bool
    /// Columns whose statistics are wanted.
    package var statisticsColumns: [String]

    /// Reads the body of a request for planning.
    /// - Throws: ``CatalogError`` `request-invalid`.
    package init(_ json: JSONValue) throws {
        func invalid(_ message: String) -> CatalogError {
            CatalogError(
                code: "request-invalid", message: "Invalid scan: \(message)",
                remedy: "see the Iceberg REST catalog's specification")
        }
        func value<Value>(_ key: String, _ read: (JSONValue) -> Value?) throws -> Value? {
            guard let member = json[key], member != .null else { return nil }
            guard let value = read(member) else { throw invalid("\(key) is of a wrong type") }
            return value
        }
        func texts(_ key: String) throws -> [String] {
            try value(key) { list in
                let texts = list.array?.compactMap(\.text)
                return texts?.count == list.array?.count ? texts : nil
            } ?? []
        }
        let snapshot = try value("snapshot-id", \.integer)
        let start = try value("start-snapshot-id", \.integer)
        let end = try value("end-snapshot-id", \.integer)
        switch (start, end) {
        case (nil, nil): range = .snapshot(snapshot)
        case (let start?, let end?) where snapshot == nil: range = .appended(after: start, through: end)
        default:
            throw invalid(
                "Either snapshotId must be provided or both startSnapshotId and endSnapshotId must be provided")
        }
        selected = try texts("select")
        // A filter of null is none that the specification knows: to read it as "everything" would widen the scan.
        if json["filter"] == .null { throw invalid("filter is null") }
        filter = json["filter"]
        isCaseSensitive = try value("case-sensitive", \.bool) ?? true
        usesSnapshotSchema = try value("use-snapshot-schema", \.bool) ?? false
        statisticsColumns = try texts("stats-fields")
    }

    /// What ``init(_:)`` reads.
    var json: JSONValue {
        var object = JSONObject()
        switch range {
        case .snapshot(let id?): object.append("snapshot-id", .integer(id))
        case .snapshot(nil): break
        case .appended(let start, let end):
            object.append("start-snapshot-id", .integer(start))
            object.append("end-snapshot-id", .integer(end))
        }
        if let filter { object.append("filter", filter) }
        object.append("case-sensitive", .bool(isCaseSensitive))
        object.append("use-snapshot-schema", .bool(usesSnapshotSchema))
        if !statisticsColumns.isEmpty {
            object.append("stats-fields", .array(statisticsColumns.map { .string($0) }))
        }
        return .object(object)
    }
}
