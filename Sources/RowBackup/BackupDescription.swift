package import AvroFormat
package import Iceberg
package import LakeModel

/// What a backup is of: written into the header of its Avro file, and into its manifest.
package struct BackupDescription: Sendable, Hashable {
    /// The qualified Iceberg name.
    package var table: String
    /// `nil` for a table that had none.
    package var snapshotID: Int64?
    package var schema: Schema
    package var partitionSpec: PartitionSpec
    package var sortOrder: SortOrder
    package var properties: [String: String]
    package var rowCount: Int64
    /// RFC 3339, UTC.
    package var createdAt: String

    package init(
        table: String, snapshotID: Int64?, schema: Schema, partitionSpec: PartitionSpec, sortOrder: SortOrder,
        properties: [String: String], rowCount: Int64, createdAt: String
    ) {
        self.table = table
        self.snapshotID = snapshotID
        self.schema = schema
        self.partitionSpec = partitionSpec
        self.sortOrder = sortOrder
        self.properties = properties
        self.rowCount = rowCount
        self.createdAt = createdAt
    }

    /// Of this form.
    static let version: Int64 = 1
    /// The header entry that holds it, and the one under which Iceberg's own Avro files hold the schema.
    package static let headerKey = "dipper.backup"
    static let schemaKey = "iceberg.schema"

    package var json: JSONValue {
        .object(
            JSONObject([
                ("version", .integer(Self.version)), ("table", .string(table)),
                // 64 bits do not fit a JSON number everywhere.
                ("snapshotId", snapshotID.map { .string(String($0)) } ?? .null),
                ("createdAt", .string(createdAt)), ("rowCount", .integer(rowCount)),
                ("schema", SchemaJSON.json(schema)), ("partitionSpec", partitionSpec.json),
                ("sortOrder", sortOrder.json),
                (
                    "properties",
                    .object(JSONObject(properties.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
                ),
            ]))
    }

    /// - Throws: ``BackupError`` `backup-damaged`.
    package init(_ json: JSONValue) throws {
        guard json["version"]?.integer == Self.version, let table = json["table"]?.text,
            let schema = json["schema"], let spec = json["partitionSpec"], let order = json["sortOrder"],
            let rowCount = json["rowCount"]?.integer, rowCount >= 0, let createdAt = json["createdAt"]?.text
        else {
            throw BackupError.damaged("the description of the backup is not of version \(Self.version), or not whole")
        }
        var properties: [String: String] = [:]
        for member in json["properties"]?.object?.members ?? [] { properties[member.key] = member.value.text }
        do {
            self.init(
                table: table, snapshotID: json["snapshotId"]?.text.flatMap { Int64($0) },
                schema: try SchemaJSON.parse(schema), partitionSpec: try PartitionSpec.parse(spec),
                sortOrder: try SortOrder.parse(order), properties: properties, rowCount: rowCount, createdAt: createdAt)
        } catch {
            throw BackupError.damaged("the description of the backup can't be read", cause: error)
        }
    }

    var header: [(key: String, value: [UInt8])] {
        [(Self.headerKey, json.serialized()), (Self.schemaKey, Array(SchemaJSON.text(schema).utf8))]
    }
}

/// The file beside a backup's Avro files that says what they are: `manifest.json`.
package struct BackupManifest: Sendable, Hashable {
    package static let fileName = "manifest.json"

    package struct File: Sendable, Hashable {
        /// Beside the manifest.
        package var name: String
        package var byteCount: Int64
        package var rowCount: Int64
        package var sha256: String

        package init(name: String, byteCount: Int64, rowCount: Int64, sha256: String) {
            self.name = name
            self.byteCount = byteCount
            self.rowCount = rowCount
            self.sha256 = sha256
        }
    }

    package var description: BackupDescription
    package var files: [File]

    package init(description: BackupDescription, files: [File]) {
        self.description = description
        self.files = files
    }

    package var json: JSONValue {
        var object = description.json.object ?? JSONObject()
        object.append(
            "files",
            .array(
                files.map { file in
                    [
                        "name": .string(file.name), "byteCount": .integer(file.byteCount),
                        "rowCount": .integer(file.rowCount), "sha256": .string(file.sha256),
                    ]
                }))
        return .object(object)
    }

    /// - Throws: ``BackupError`` `backup-damaged`.
    package init(parsing bytes: [UInt8]) throws {
        let json: JSONValue
        do {
            json = try JSONValue.parse(bytes)
        } catch {
            throw BackupError.damaged("\(Self.fileName) is no JSON", cause: error)
        }
        description = try BackupDescription(json)
        files = try (json["files"]?.array ?? []).map { file in
            guard let name = file["name"]?.text, !name.contains("/"), name != "..",
                let byteCount = file["byteCount"]?.integer, let rowCount = file["rowCount"]?.integer,
                let sha256 = file["sha256"]?.text
            else { throw BackupError.damaged("\(Self.fileName) does not describe its files") }
            return File(name: name, byteCount: byteCount, rowCount: rowCount, sha256: sha256)
        }
    }
}
