package import CatalogService
package import Iceberg
package import LakeModel
package import ObjectStorage
internal import Synchronization

/// The lake's tables through the catalog: created from their declarations, loaded, cached by metadata file.
package final class LakeTables: Sendable {
    /// Where table folders lie in the object store.
    package static let warehouseFolder = "warehouse"
    package static let silver = "silver"
    package static let quarantine = "quarantine"

    package let catalog: any CatalogStore
    package let objects: any ObjectStore
    package let io: ObjectStoreFileIO
    /// Tells of every commit that ingestion has made.
    package let signals = CommitSignals()
    /// Who changes a table at the moment.
    package let turns = WriterTurns()
    private let cache = Mutex<[TableIdentifier: TableMetadata]>([:])

    package init(catalog: any CatalogStore, objects: any ObjectStore) {
        self.catalog = catalog
        self.objects = objects
        io = ObjectStoreFileIO(objects)
    }

    package static func silver(_ table: TableDeclaration) -> TableIdentifier {
        TableIdentifier(namespace: silver, name: table.silverName)
    }

    package static func quarantine(_ table: TableDeclaration) -> TableIdentifier {
        TableIdentifier(namespace: quarantine, name: table.name)
    }

    /// The current metadata, `nil` when there is no such table.
    package func metadata(_ table: TableIdentifier) async throws -> TableMetadata? {
        guard let pointer = try await catalog.pointer(table) else { return nil }
        if let cached = cache.withLock({ $0[table] }), cached.metadataLocation == pointer.metadataLocation {
            return cached
        }
        var metadata = try await MetadataFile.read(pointer.metadataLocation, io: io)
        metadata.metadataLocation = pointer.metadataLocation
        let loaded = metadata
        cache.withLock { $0[table] = loaded }
        return loaded
    }

    /// The metadata of a table that a commit has just made current.
    func remember(_ table: TableIdentifier, _ metadata: TableMetadata) {
        let isNew = cache.withLock { cache in
            defer { cache[table] = metadata }
            return cache[table]?.metadataLocation != metadata.metadataLocation
        }
        if isNew { signals.committed(table, metadata) }
    }

    /// Creates the silver and quarantine tables of a declaration where they are missing.
    /// - Throws: ``IngestionError`` `model-changed` when a table exists with other columns.
    package func prepare(_ table: TableDeclaration) async throws {
        for namespace in [Self.silver, Self.quarantine] {
            try await catalog.createNamespace(namespace, properties: [:])
        }
        let silver = Self.silver(table)
        if let existing = try await metadata(silver) {
            let written = try existing.written(
                as: table.silverSchema, partition: table.partition, name: table.name)
            try await order(silver, existing, as: SortOrder.ascending(table.sortOrder, in: written.schema))
        } else {
            try await create(
                silver, schema: table.silverSchema,
                spec: try PartitionSpec.identity(table.partition, in: table.silverSchema),
                order: try SortOrder.ascending(table.sortOrder, in: table.silverSchema))
        }
        let quarantine = Self.quarantine(table)
        if try await metadata(quarantine) == nil {
            try await create(
                quarantine, schema: QuarantineSchema.schema, spec: .unpartitioned, order: .unsorted)
        }
    }

    /// Gives a table the sort order that is declared; files that are there get it as they are compacted. A declaration
    /// without one leaves the order to whoever has set it.
    private func order(_ table: TableIdentifier, _ existing: TableMetadata, as order: SortOrder) async throws {
        guard !order.fields.isEmpty, existing.sortOrder.fields != order.fields,
            let expected = existing.metadataLocation
        else { return }
        var metadata = try existing.applying(
            [.addSortOrder(SortOrder(id: Self.lastAdded, fields: order.fields)), .setDefaultSortOrder(Self.lastAdded)],
            nowMilliseconds: UTCTime.nowMicroseconds() / 1_000)
        let location = try await MetadataFile.write(&metadata, io: io)
        var commit = CatalogCommit()
        commit.swaps = [
            CatalogCommit.Swap(table: table, expectedMetadataLocation: expected, newMetadataLocation: location)
        ]
        try await catalog.commit(commit)
    }

    /// Names the order that the same change has added.
    private static let lastAdded = -1

    private func create(
        _ table: TableIdentifier, schema: Schema, spec: PartitionSpec, order: SortOrder
    ) async throws {
        let uuid = RandomUUID.text()
        let location = "\(objects.locationPrefix)/\(Self.warehouseFolder)/\(table.namespace)/\(table.name)"
        var metadata = TableMetadata.new(
            uuid: uuid, location: location, schema: schema, partitionSpec: spec, sortOrder: order,
            properties: [
                "write.format.default": "parquet", "write.parquet.compression-codec": "zstd",
                "write.delete.mode": "merge-on-read", "write.update.mode": "merge-on-read",
                "write.merge.mode": "merge-on-read", "schema.name-mapping.default": Self.nameMapping(schema),
            ], nowMilliseconds: UTCTime.nowMicroseconds() / 1_000)
        let metadataLocation = try await MetadataFile.write(&metadata, io: io)
        var commit = CatalogCommit()
        commit.swaps = [
            CatalogCommit.Swap(
                table: table, expectedMetadataLocation: nil, newMetadataLocation: metadataLocation)
        ]
        do {
            try await catalog.commit(commit)
        } catch let error as CatalogError where error.code == "commit-conflict" {
            // Another process has just made it.
            guard try await self.metadata(table) != nil else { throw error }
        }
    }

    /// Iceberg's default name mapping, for readers of files without field ids.
    private static func nameMapping(_ schema: Schema) -> String {
        let fields = schema.fields.map { "{\"field-id\":\($0.id),\"names\":[\"\($0.name)\"]}" }
        return "[\(fields.joined(separator: ","))]"
    }
}
