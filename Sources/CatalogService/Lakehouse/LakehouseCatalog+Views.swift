import AvroFormat
package import Iceberg
package import LakeModel

/// What a client asks for when it creates a view.
package struct ViewRequest: Sendable {
    package var schema: Schema
    package var version: ViewMetadata.Version
    package var location: String?
    package var properties: [String: String]

    package init(
        schema: Schema, version: ViewMetadata.Version, location: String?, properties: [String: String]
    ) {
        self.schema = schema
        self.version = version
        self.location = location
        self.properties = properties
    }
}

extension LakehouseCatalog {
    /// - Throws: `namespace-missing`, `view-exists`, `table-exists`, `location-refused`, and what is wrong with the request.
    package func createView(
        _ name: TableIdentifier, _ request: ViewRequest, ticket: IdempotencyTicket?
    ) async throws -> TableDocument {
        try await requireFree(name, for: .view)
        let location: String
        if let wanted = request.location { location = wanted } else { location = try await defaultLocation(name) }
        var version = request.version
        version.id = 1
        version.schemaID = -1
        var metadata = try ViewMetadata.creating(
            [
                .setLocation(location), .setProperties(request.properties), .addSchema(request.schema),
                .addVersion(version), .setCurrentVersion(-1),
            ], nowMilliseconds: now())
        let bytes = try await write(&metadata, version: 0)
        let written = metadata.metadataLocation ?? ""
        try await settle(written: written, isCurrent: { try await self.store.viewPointer(name)?.metadataLocation }) {
            try await self.commit(ticket, status: 200, metadataLocation: written) {
                $0.viewSwaps = [.init(table: name, expectedMetadataLocation: nil, newMetadataLocation: written)]
            }
        } onConflict: {
            try await self.requireFree(name, for: .view)
        }
        return TableDocument(metadataLocation: written, json: bytes)
    }

    /// - Throws: `view-missing`, `file-missing`.
    package func loadView(_ name: TableIdentifier) async throws -> TableDocument {
        let location = try await requirePointer(.view, name).metadataLocation
        return TableDocument(metadataLocation: location, json: try await readBytes(location))
    }

    /// - Throws: `view-missing`.
    package func viewLocation(_ name: TableIdentifier) async throws -> String {
        try await requirePointer(.view, name).metadataLocation
    }

    /// Changes a view; updates are applied to whatever other commits have made of it while the requirements hold.
    package func commitView(
        _ name: TableIdentifier, requirements: [ViewRequirement], updates: [ViewUpdate], ticket: IdempotencyTicket?
    ) async throws -> TableDocument {
        try await locks.with([name]) {
            for _ in 0..<Self.rebasesMax {
                let expected = try await requirePointer(.view, name).metadataLocation
                let base = try ViewMetadata.parse(try await readBytes(expected), from: expected)
                for requirement in requirements { try requirement.check(base) }
                var metadata = try base.applying(updates, nowMilliseconds: now())
                let bytes = try await write(&metadata, version: (MetadataFile.version(of: expected) ?? 0) + 1)
                let written = metadata.metadataLocation ?? ""
                do {
                    try await settle(
                        written: written, isCurrent: { try await self.store.viewPointer(name)?.metadataLocation }
                    ) {
                        try await self.commit(ticket, status: 200, metadataLocation: written) {
                            $0.viewSwaps = [
                                .init(table: name, expectedMetadataLocation: expected, newMetadataLocation: written)
                            ]
                        }
                    } onConflict: {
                    }
                } catch let error as CatalogError where error.code == "commit-conflict" {
                    continue
                }
                return TableDocument(metadataLocation: written, json: bytes)
            }
            throw CatalogError(
                code: "commit-conflict",
                message: "other commits of \(name) came first \(Self.rebasesMax) times in a row",
                remedy: "try again later", isRetryable: true)
        }
    }

    package func dropView(_ name: TableIdentifier, ticket: IdempotencyTicket?) async throws {
        try await commit(ticket, status: 204) { $0.removals = [RelationRemoval(.view, name)] }
    }

    /// Makes a metadata file inside the warehouse a view.
    package func registerView(
        _ name: TableIdentifier, metadataLocation: String, ticket: IdempotencyTicket?
    ) async throws -> TableDocument {
        try locations.check(metadataLocation)
        try await requireFree(name, for: .view)
        let bytes = try await readBytes(metadataLocation)
        _ = try ViewMetadata.parse(bytes, from: metadataLocation)
        try await commit(ticket, status: 200, metadataLocation: metadataLocation) {
            $0.viewSwaps = [
                .init(table: name, expectedMetadataLocation: nil, newMetadataLocation: metadataLocation)
            ]
        }
        return TableDocument(metadataLocation: metadataLocation, json: bytes)
    }

    private func write(_ metadata: inout ViewMetadata, version: Int) async throws -> [UInt8] {
        try locations.check(metadata.location)
        let folder = Self.metadataFolder(location: metadata.location, properties: metadata.properties)
        try locations.check(folder + "/x")
        let location = MetadataFile.location(folder: folder, version: version)
        let bytes = metadata.jsonValue.serialized()
        try await io.write(location, bytes)
        metadata.metadataLocation = location
        return bytes
    }
}
