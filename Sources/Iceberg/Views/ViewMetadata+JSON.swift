package import AvroFormat
import LakeModel

extension ViewMetadata {
    package var jsonValue: JSONValue {
        .object(
            JSONObject([
                ("view-uuid", .string(uuid)), ("format-version", JSONValue(formatVersion)),
                ("location", .string(location)), ("schemas", .array(schemas.map(SchemaJSON.json))),
                ("current-version-id", JSONValue(currentVersionID)), ("versions", .array(versions.map(\.json))),
                (
                    "version-log",
                    .array(
                        log.map {
                            [
                                "timestamp-ms": .integer($0.timestampMilliseconds),
                                "version-id": JSONValue($0.versionID),
                            ]
                        })
                ), ("properties", JSONValue(properties)),
            ]))
    }

    /// - Throws: ``IcebergError`` `table-metadata-invalid`, `iceberg-unsupported`; ``AvroError`` `json-malformed`.
    package static func parse(_ bytes: [UInt8], from location: String? = nil) throws -> ViewMetadata {
        let reader = try MetadataObject(try JSONValue.parse(bytes), "view metadata")
        let version = try reader.int("format-version")
        guard (1...formatVersionMax).contains(version) else {
            throw IcebergError(.unsupported, "Unsupported format version: \(version)", location: location)
        }
        let metadata = ViewMetadata(
            uuid: try reader.text("view-uuid"), formatVersion: version, location: try reader.text("location"),
            schemas: try reader.array("schemas").map(SchemaJSON.parse),
            currentVersionID: try reader.int("current-version-id"),
            versions: try reader.array("versions").map(Version.parse),
            log: try reader.array("version-log").map { json in
                let entry = try MetadataObject(json, "version log entry")
                return LogEntry(
                    timestampMilliseconds: try entry.long("timestamp-ms"), versionID: try entry.int("version-id"))
            }, properties: try reader.optionalTextMap("properties") ?? [:], metadataLocation: location)
        guard metadata.version(id: metadata.currentVersionID) != nil else {
            throw IcebergError(
                .metadataInvalid, "there is no view version \(metadata.currentVersionID), the current one",
                location: location)
        }
        return metadata
    }
}

extension ViewMetadata.Version {
    package var json: JSONValue {
        var object = JSONObject([
            ("version-id", JSONValue(id)), ("timestamp-ms", .integer(timestampMilliseconds)),
            ("schema-id", JSONValue(schemaID)), ("summary", JSONValue(summary)),
        ])
        if let defaultCatalog { object.append("default-catalog", .string(defaultCatalog)) }
        object.append("default-namespace", .array(defaultNamespace.map { .string($0) }))
        object.append("representations", .array(representations))
        return .object(object)
    }

    package static func parse(_ json: JSONValue) throws -> ViewMetadata.Version {
        let reader = try MetadataObject(json, "view version")
        guard let namespace = try reader.optionalTexts("default-namespace") else {
            throw reader.invalid("default-namespace")
        }
        return ViewMetadata.Version(
            id: try reader.int("version-id"), timestampMilliseconds: try reader.long("timestamp-ms"),
            schemaID: try reader.int("schema-id"), summary: try reader.optionalTextMap("summary") ?? [:],
            representations: try reader.array("representations"),
            defaultCatalog: try reader.optionalText("default-catalog"), defaultNamespace: namespace)
    }
}
