import Access
import CatalogService
import GatewayHTTP
import Iceberg
import Ingestion
import LakeModel
import QueryEngine

/// What the catalog and table metadata tell about tables.
struct LakeTableBrowser: TableBrowsing {
    let model: LakeDeclaration
    let tables: LakeTables

    func tables(of reader: Principal, page: Int, size: Int) async throws -> ListPage<TableSummary> {
        var all: [TableIdentifier] = []
        for namespace in try await tables.catalog.namespaces().sorted()
        where reader.may(.read, NamespaceName.levels(namespace)) {
            all += try await tables.catalog.tables(in: namespace).sorted { $0.name < $1.name }
        }
        var items: [TableSummary] = []
        for table in all.dropFirst(page * size).prefix(size) {
            if let metadata = try await tables.metadata(table) { items.append(summary(table, metadata)) }
        }
        return ListPage(items: items, total: all.count)
    }

    func table(_ table: String) async throws -> TableDetail? {
        guard let (identifier, metadata) = try await find(table) else { return nil }
        return TableDetail(
            summary: summary(identifier, metadata), formatVersion: metadata.formatVersion,
            tableUUID: metadata.tableUUID, metadataLocation: metadata.metadataLocation, fields: metadata.schema.fields,
            key: metadata.schema.identifierFieldIDs.compactMap { metadata.schema.field(id: $0)?.name },
            partition: metadata.partitionSpec.fields.map { field in
                field.transform == .identity
                    ? field.name
                    : "\(field.transform.name)(\(metadata.schema.field(id: field.sourceID)?.name ?? field.name))"
            },
            sortOrder: metadata.sortOrder.fields.map {
                metadata.schema.field(id: $0.sourceID)?.name ?? "field \($0.sourceID)"
            },
            properties: metadata.properties, currentSnapshot: metadata.currentSnapshot.map { summary($0, metadata) })
    }

    func snapshots(of table: String, page: Int, size: Int) async throws -> ListPage<SnapshotSummary>? {
        guard let (_, metadata) = try await find(table) else { return nil }
        let newestFirst = metadata.snapshots.reversed()
        return ListPage(
            items: newestFirst.dropFirst(page * size).prefix(size).map { summary($0, metadata) },
            total: metadata.snapshots.count)
    }

    func files(
        of table: String, snapshotID: Int64?, page: Int, size: Int
    ) async throws -> ListPage<DataFileSummary>? {
        guard let (_, metadata) = try await find(table) else { return nil }
        if let snapshotID, metadata.snapshot(id: snapshotID) == nil { return nil }
        let plan = try await TableScan(metadata: metadata, io: tables.io, snapshotID: snapshotID).plan()
        var files: [DataFileSummary] = []
        var deletes: Set<String> = []
        for task in plan.tasks {
            files.append(summary(task.dataFile, metadata, sequenceNumber: task.sequenceNumber))
            for file in task.deleteFiles where deletes.insert(file.location).inserted {
                files.append(summary(file, metadata, sequenceNumber: nil))
            }
        }
        return ListPage(items: Array(files.dropFirst(page * size).prefix(size)), total: files.count)
    }

    private func find(_ table: String) async throws -> (TableIdentifier, TableMetadata)? {
        let identifier: TableIdentifier
        if let declaration = model.table(named: table) {
            identifier = LakeTables.silver(declaration)
        } else {
            guard let (namespace, name) = TableNaming.qualified(table) else { return nil }
            identifier = TableIdentifier(namespace: namespace, name: name)
        }
        return try await tables.metadata(identifier).map { (identifier, $0) }
    }

    private func summary(_ table: TableIdentifier, _ metadata: TableMetadata) -> TableSummary {
        let declaration = model.tables.first { LakeTables.silver($0) == table }
        let totals = metadata.currentSnapshot?.summary
        var rows = totals?["total-records"].flatMap { Int64($0) }
        // Position deletes name each row once, so the rows left are the difference.
        if let deleted = totals?["total-position-deletes"].flatMap({ Int64($0) }) { rows = rows.map { $0 - deleted } }
        return TableSummary(
            name: declaration?.name ?? table.description, namespace: table.namespace, icebergName: table.name,
            rowCount: rows ?? (metadata.currentSnapshot == nil ? 0 : nil),
            fileCount: totals?["total-data-files"].flatMap { Int64($0) },
            byteCount: totals?["total-files-size"].flatMap { Int64($0) }, snapshotID: metadata.currentSnapshotID,
            committedMicroseconds: metadata.currentSnapshot.map { $0.timestampMilliseconds * 1_000 })
    }

    private func summary(_ snapshot: Snapshot, _ metadata: TableMetadata) -> SnapshotSummary {
        SnapshotSummary(
            id: snapshot.id, parentID: snapshot.parentID, sequenceNumber: snapshot.sequenceNumber,
            committedMicroseconds: snapshot.timestampMilliseconds * 1_000, operation: snapshot.operation ?? "unknown",
            isCurrent: snapshot.id == metadata.currentSnapshotID, summary: snapshot.summary)
    }

    private func summary(
        _ file: DataFile, _ metadata: TableMetadata, sequenceNumber: Int64?
    ) -> DataFileSummary {
        let content: String =
            switch file.content {
            case .data: "data"
            case .positionDeletes: "position-deletes"
            case .equalityDeletes: "equality-deletes"
            }
        let fields = metadata.partitionSpec(id: file.specID)?.fields ?? []
        let partition = zip(fields, file.partition).map { ($0.name, QueryValue($1)) }
        let prefix = metadata.location + "/"
        return DataFileSummary(
            path: file.location.hasPrefix(prefix) ? String(file.location.dropFirst(prefix.count)) : file.location,
            content: content, rowCount: file.recordCount, byteCount: file.byteCount,
            partition: Dictionary(partition) { first, _ in first }, sequenceNumber: sequenceNumber)
    }
}

extension QueryValue {
    /// A value without its logical type, for partition values.
    init(_ datum: Datum?) {
        switch datum {
        case nil: self = .null
        case .boolean(let flag): self = .boolean(flag)
        case .int(let number): self = .integer(Int64(number))
        case .long(let number): self = .integer(number)
        case .float(let number): self = .double(Double(number))
        case .double(let number): self = .double(number)
        case .decimal(let number): self = .text("\(number)")
        case .string(let text): self = .text(text)
        case .bytes(let bytes):
            self = .text(bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        }
    }
}
