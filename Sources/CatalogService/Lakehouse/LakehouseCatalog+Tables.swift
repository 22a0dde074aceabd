package import Iceberg
package import LakeModel

/// What a client asks for when it creates a table.
package struct TableRequest: Sendable {
    package var schema: Schema
    package var partitionSpec: PartitionSpec?
    package var sortOrder: SortOrder?
    package var location: String?
    package var properties: [String: String]

    package init(
        schema: Schema, partitionSpec: PartitionSpec?, sortOrder: SortOrder?, location: String?,
        properties: [String: String]
    ) {
        self.schema = schema
        self.partitionSpec = partitionSpec
        self.sortOrder = sortOrder
        self.location = location
        self.properties = properties
    }
}

extension LakehouseCatalog {
    /// Names of tables or views, in byte order.
    /// - Throws: `namespace-missing`.
    package func listNames(
        _ kind: RelationKind, in namespace: String, after: String?, limit: Int
    ) async throws -> [String] {
        try await requireNamespace(namespace)
        return try await store.names(of: kind, in: namespace, after: after, limit: limit)
    }

    /// The metadata of a table that could be created now, without creating it.
    package func stageTable(_ name: TableIdentifier, _ request: TableRequest) async throws -> TableDocument {
        let metadata = try await newMetadata(name, request)
        return TableDocument(metadataLocation: nil, json: metadata.json())
    }

    /// - Throws: `namespace-missing`, `table-exists`, `view-exists`, `location-refused`, and what is wrong with the request.
    package func createTable(
        _ name: TableIdentifier, _ request: TableRequest, ticket: IdempotencyTicket?
    ) async throws -> TableDocument {
        try await create(name, try await newMetadata(name, request), ticket: ticket)
    }

    private func newMetadata(_ name: TableIdentifier, _ request: TableRequest) async throws -> TableMetadata {
        try await requireFree(name, for: .table)
        var properties = request.properties
        // What every writer since Iceberg 1.4 takes for granted, so that it holds for older ones too.
        if properties["write.parquet.compression-codec"] == nil {
            properties["write.parquet.compression-codec"] = "zstd"
        }
        let location: String
        if let wanted = request.location { location = wanted } else { location = try await defaultLocation(name) }
        let metadata = try TableMetadata.creating(
            schema: request.schema, partitionSpec: request.partitionSpec, sortOrder: request.sortOrder,
            location: location, properties: properties, nowMilliseconds: now())
        try check(metadata, of: name)
        return metadata
    }

    /// Refuses a name that stands for something already, or lies in a namespace that is not there.
    func requireFree(_ name: TableIdentifier, for kind: RelationKind) async throws {
        try Self.check(name: name.name)
        try await requireNamespace(name.namespace)
        for other in RelationKind.allCases {
            let pointer = other == .table ? try await store.pointer(name) : try await store.viewPointer(name)
            if pointer != nil { throw taken(name, by: other, for: kind) }
        }
    }

    /// - Parameter kind: what was to get the name.
    func taken(_ name: TableIdentifier, by other: RelationKind, for kind: RelationKind) -> CatalogError {
        if other == kind { return .relationExists(other, name) }
        return CatalogError(
            code: "\(other.rawValue)-exists",
            message: "\(other == .table ? "Table" : "View") with same name already exists: \(name)",
            remedy: "choose another name")
    }

    /// Makes metadata a new table.
    func create(
        _ name: TableIdentifier, _ metadata: TableMetadata, ticket: IdempotencyTicket?
    ) async throws -> TableDocument {
        var metadata = metadata
        let bytes = try await write(&metadata)
        let location = metadata.metadataLocation ?? ""
        try await settle(written: location, isCurrent: { try await self.store.pointer(name)?.metadataLocation }) {
            try await self.commit(ticket, status: 200, metadataLocation: location) {
                $0.swaps = [.init(table: name, expectedMetadataLocation: nil, newMetadataLocation: location)]
            }
        } onConflict: {
            try await self.requireFree(name, for: .table)
        }
        cache.remember(name, CachedTable(location: location, metadata: metadata, json: bytes))
        return TableDocument(metadataLocation: location, json: bytes)
    }

    /// Runs a commit that makes a new file current.
    ///
    /// A commit that certainly did not take place leaves no file. One whose answer was lost is settled by a look at the
    /// pointer; if that does not show the file, nobody can tell yet.
    func settle(
        written location: String, isCurrent: @Sendable () async throws -> String?,
        _ commit: @Sendable () async throws -> Void, onConflict: @Sendable () async throws -> Void
    ) async throws {
        do {
            try await commit()
        } catch let error as CatalogError where error.code == "commit-state-unknown" {
            if (try? await isCurrent()) == location { return }
            throw error
        } catch let error as CatalogError where error.code == "commit-conflict" {
            await discard(location)
            try await onConflict()
            throw error
        } catch {
            await discard(location)
            throw error
        }
    }

    /// A table's metadata, or `nil` when the caller has it.
    /// - Parameter isKnown: gets the location of the metadata file, which never changes.
    /// - Throws: `table-missing`, `file-missing`.
    package func loadTable(
        _ name: TableIdentifier, snapshots: SnapshotSelection, unless isKnown: (String) -> Bool = { _ in false }
    ) async throws -> TableDocument? {
        var location = try await loadedLocation(name)
        if isKnown(location) { return nil }
        do {
            return try await document(name, at: location, snapshots: snapshots)
        } catch let error as IcebergError where error.kind == .fileMissing {
            // A commit that came since may have deleted the file that was current at first.
            let first = location
            location = try await tableLocation(name)
            guard location != first else { throw error }
            return try await document(name, at: location, snapshots: snapshots)
        }
    }

    /// What a metadata file of a table or view holds.
    /// - Throws: `file-missing`.
    package func metadataDocument(at location: String) async throws -> TableDocument {
        TableDocument(metadataLocation: location, json: try await readBytes(location))
    }

    /// The metadata of a table in one of its files.
    private func document(
        _ name: TableIdentifier, at location: String, snapshots: SnapshotSelection
    ) async throws -> TableDocument {
        let known = cache.find(name, location: location)
        // What is remembered must not hide that a file is lost.
        if known != nil, !(try await isThere(location)) {
            throw IcebergError(
                .fileMissing, "Failed to open input stream for file: \(location)", location: location,
                remedy: "restore the file from a copy")
        }
        switch snapshots {
        case .all:
            return TableDocument(metadataLocation: location, json: try await json(name, at: location))
        case .refs:
            if let json = known?.refsJSON { return TableDocument(metadataLocation: location, json: json) }
            let json = try await metadata(name, at: location).withNamedSnapshots().json()
            cache.remember(name, location: location, refsJSON: json)
            return TableDocument(metadataLocation: location, json: json)
        }
    }

    /// The current metadata of a table.
    /// - Throws: `table-missing`, `file-missing`.
    package func metadata(of name: TableIdentifier) async throws -> TableMetadata {
        try await metadata(name, at: try await requirePointer(.table, name).metadataLocation)
    }

    /// The metadata file that a table has now.
    /// - Throws: `table-missing`.
    package func tableLocation(_ name: TableIdentifier) async throws -> String {
        try await requirePointer(.table, name).metadataLocation
    }

    /// Makes a metadata file inside the warehouse a table.
    /// - Parameters:
    ///   - overwrites: a table of that name is pointed to the file; otherwise it is a `table-exists`.
    ///   - permit: refuses metadata that the client may not bring in.
    package func registerTable(
        _ name: TableIdentifier, metadataLocation: String, overwrites: Bool, ticket: IdempotencyTicket?,
        permit: @Sendable (TableMetadata) throws -> Void = { _ in }
    ) async throws -> TableDocument {
        try locations.check(metadataLocation)
        var expected: String?
        if overwrites {
            try Self.check(name: name.name)
            try await requireNamespace(name.namespace)
            expected = try await store.pointer(name)?.metadataLocation
            if expected == nil { try await requireFree(name, for: .table) }
        } else {
            try await requireFree(name, for: .table)
        }
        let bytes = try await readBytes(metadataLocation)
        let metadata = try MetadataFile.parse(bytes, from: metadataLocation)
        try check(metadata, of: name)
        try permit(metadata)
        let found = expected
        try await commit(ticket, status: 200, metadataLocation: metadataLocation) {
            $0.swaps = [
                .init(table: name, expectedMetadataLocation: found, newMetadataLocation: metadataLocation)
            ]
        }
        cache.remember(name, CachedTable(location: metadataLocation, metadata: metadata, json: bytes))
        return TableDocument(metadataLocation: metadataLocation, json: bytes)
    }

    /// - Throws: `table-missing` or `view-missing`, `namespace-missing`, `table-exists`, `view-exists`.
    package func rename(
        _ kind: RelationKind, from: TableIdentifier, to: TableIdentifier, ticket: IdempotencyTicket?
    ) async throws {
        try Self.check(name: to.name)
        do {
            try await commit(ticket, status: 204) { $0.renames = [RelationRename(kind, from: from, to: to)] }
        } catch let error as CatalogError where error.code == "table-exists" || error.code == "view-exists" {
            let what = error.code == "table-exists" ? "Table" : "View"
            throw CatalogError(
                code: error.code, message: "Cannot rename \(from) to \(to). \(what) already exists",
                remedy: error.remedy)
        }
        cache.forget(from)
    }

    /// Takes a table out of the catalog and leaves all its files, so that another catalog can register it.
    /// - Returns: its last metadata: no commit comes behind it.
    /// - Throws: `table-missing`, `file-missing`.
    package func unregisterTable(
        _ name: TableIdentifier, ticket: IdempotencyTicket?
    ) async throws -> TableDocument {
        for _ in 0..<Self.rebasesMax {
            let location = try await tableLocation(name)
            let bytes = try await json(name, at: location)
            do {
                try await commit(ticket, status: 200, metadataLocation: location) {
                    $0.removals = [RelationRemoval(.table, name, expectedMetadataLocation: location)]
                }
            } catch let error as CatalogError where error.code == "commit-conflict" {
                continue
            }
            cache.forget(name)
            return TableDocument(metadataLocation: location, json: bytes)
        }
        throw CatalogError(
            code: "commit-conflict", message: "commits of \(name) came first \(Self.rebasesMax) times in a row",
            remedy: "try again later", isRetryable: true)
    }

    /// Takes a table out of the catalog.
    /// - Parameter purges: its files are deleted, too, unless its property `gc.enabled` is `false`.
    package func dropTable(_ name: TableIdentifier, purges: Bool, ticket: IdempotencyTicket?) async throws {
        let pointer = try await requirePointer(.table, name)
        let last = purges ? try? await metadata(name, at: pointer.metadataLocation) : nil
        try await commit(ticket, status: 204) {
            $0.removals = [
                RelationRemoval(.table, name, expectedMetadataLocation: purges ? pointer.metadataLocation : nil)
            ]
        }
        cache.forget(name)
        if let last { await TablePurge(metadata: last, io: io, locations: locations).run() }
    }
}
