package import AvroFormat
package import LakeModel

/// One change of a view's metadata, in the vocabulary of the Iceberg REST catalog.
package enum ViewUpdate: Sendable, Hashable {
    case assignUUID(String)
    case upgradeFormatVersion(Int)
    case addSchema(Schema)
    case setLocation(String)
    case setProperties([String: String])
    case removeProperties([String])
    case addVersion(ViewMetadata.Version)
    /// -1: the version added last by the same list of updates.
    case setCurrentVersion(Int)

    /// - Throws: ``IcebergError`` `table-metadata-invalid`, `iceberg-unsupported`.
    package static func parse(_ json: JSONValue) throws -> ViewUpdate {
        let reader = try MetadataObject(json, "view update")
        switch try reader.text("action") {
        case "add-view-version":
            return .addVersion(try ViewMetadata.Version.parse(try reader.value("view-version")))
        case "set-current-view-version": return .setCurrentVersion(try reader.int("view-version-id"))
        default: break
        }
        switch try TableUpdate.parse(json) {
        case .assignUUID(let uuid): return .assignUUID(uuid)
        case .upgradeFormatVersion(let version): return .upgradeFormatVersion(version)
        case .addSchema(let schema): return .addSchema(schema)
        case .setLocation(let location): return .setLocation(location)
        case .setProperties(let properties): return .setProperties(properties)
        case .removeProperties(let keys): return .removeProperties(keys)
        default:
            throw IcebergError(.updateInvalid, "the update \(try reader.text("action")) is not one of views")
        }
    }
}

/// What must hold of a view before updates are applied to it.
package enum ViewRequirement: Sendable, Hashable {
    case assertUUID(String)

    package static func parse(_ json: JSONValue) throws -> ViewRequirement {
        let reader = try MetadataObject(json, "view requirement")
        switch try reader.text("type") {
        case "assert-view-uuid": return .assertUUID(try reader.text("uuid"))
        case let type: throw IcebergError(.unsupported, "the view requirement \(type.prefix(64)) is not known")
        }
    }

    /// - Throws: ``IcebergError`` `requirement-failed`.
    package func check(_ metadata: ViewMetadata) throws {
        switch self {
        case .assertUUID(let uuid):
            guard metadata.uuid.lowercased() == uuid.lowercased() else {
                throw IcebergError(
                    .requirementFailed,
                    "Requirement failed: view UUID does not match: expected \(metadata.uuid) != \(uuid)",
                    remedy: "load the view again")
            }
        }
    }
}
