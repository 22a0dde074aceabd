package import AvroFormat
package import LakeModel

/// Everything that a view's metadata file says.
///
/// Source: Iceberg view specification, "View Metadata".
package struct ViewMetadata: Sendable, Hashable {
    package static let formatVersionMax = 1

    /// One definition of a view.
    package struct Version: Sendable, Hashable {
        package var id: Int
        package var timestampMilliseconds: Int64
        /// -1 in an update: the schema added last.
        package var schemaID: Int
        package var summary: [String: String]
        /// SQL texts by dialect, and forms that this build does not know, as they came.
        package var representations: [JSONValue]
        package var defaultCatalog: String?
        package var defaultNamespace: [String]

        /// Whether both define the same, whatever their ids and times.
        func isSame(as other: Version) -> Bool {
            var other = other
            other.id = id
            other.timestampMilliseconds = timestampMilliseconds
            return self == other
        }

        /// Lower-case names of the SQL dialects.
        var dialects: [String] {
            representations.compactMap {
                $0["type"]?.text == "sql" ? $0["dialect"]?.text?.lowercased() : nil
            }
        }
    }

    package struct LogEntry: Sendable, Hashable {
        package var timestampMilliseconds: Int64
        package var versionID: Int
    }

    package var uuid: String
    package var formatVersion: Int
    package var location: String
    package var schemas: [Schema]
    package var currentVersionID: Int
    package var versions: [Version]
    package var log: [LogEntry]
    package var properties: [String: String]
    /// The file that this was read from or written to. Not part of the JSON form.
    package var metadataLocation: String?

    package func version(id: Int) -> Version? { versions.first { $0.id == id } }

    /// A view without anything, for the updates that define it.
    static func empty() -> ViewMetadata {
        ViewMetadata(
            uuid: "", formatVersion: formatVersionMax, location: "", schemas: [], currentVersionID: -1, versions: [],
            log: [], properties: [:], metadataLocation: nil)
    }
}
