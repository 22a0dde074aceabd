import AvroFormat
import CatalogService
import Iceberg
import LakeModel
import QueryEngine

/// What a table's metadata says, as a table: `silver."employees_cleaned$snapshots"`. Names and columns are Trino's.
enum MetadataTable: String, CaseIterable {
    case snapshots, history, files, partitions, manifests, refs

    /// Bytes of the rows of one such table.
    static let bytesMax = 32 << 20

    /// `employees_cleaned$snapshots` taken apart; `nil` for a name that ends otherwise.
    static func split(_ name: String) -> (name: String, kind: MetadataTable)? {
        guard let mark = name.lastIndex(of: "$"), mark > name.startIndex,
            let kind = MetadataTable(rawValue: name[name.index(after: mark)...].lowercased())
        else { return nil }
        return (String(name[..<mark]), kind)
    }

    /// - Parameter snapshotID: whose files are listed; history is shown whole.
    /// - Throws: ``QueryError`` `result-too-large`; storage errors.
    func table(
        of table: TableIdentifier, _ metadata: TableMetadata, snapshotID: Int64?, io: any FileIO
    ) async throws -> QueryTable {
        var columns: MetadataColumns
        switch self {
        case .snapshots: columns = Self.snapshots(metadata)
        case .history: columns = Self.history(metadata)
        case .refs: columns = Self.references(metadata)
        case .manifests:
            columns = Self.manifests(
                metadata, try await snapshotID.flatMap { metadata.snapshot(id: $0) }?.manifestFiles(io: io) ?? [])
        case .files, .partitions:
            let files = FileListing(metadata)
            let plan =
                snapshotID == nil
                ? nil : try await TableScan(metadata: metadata, io: io, snapshotID: snapshotID).plan()
            columns = self == .files ? files.files(plan) : files.partitions(plan)
        }
        let rows = JSONValue.array(columns.rows).serialized()
        guard rows.count <= Self.bytesMax else {
            throw QueryError(
                code: "result-too-large",
                message: "\(table)$\(rawValue) has more than \(Self.bytesMax) bytes of rows",
                remedy: "compact the table and expire its snapshots, or read it through the Iceberg catalog")
        }
        var result = QueryTable(
            namespace: table.namespace, name: "\(table.name)$\(rawValue)", fields: columns.fields, plainFiles: [],
            version: "\(metadata.tableUUID)/\(metadata.metadataLocation ?? "")/\(snapshotID ?? 0)")
        result.json = String(decoding: rows, as: UTF8.self)
        return result
    }

    private static func instant(_ milliseconds: Int64) -> JSONValue {
        SingleValueJSON.json(.long(milliseconds * 1_000), .timestamptz)
    }

    private static func snapshots(_ metadata: TableMetadata) -> MetadataColumns {
        var columns = MetadataColumns([
            ("committed_at", .primitive(.timestamptz)), ("snapshot_id", .primitive(.long)),
            ("parent_id", .primitive(.long)), ("operation", .primitive(.string)),
            ("manifest_list", .primitive(.string)), ("summary", MetadataColumns.map(.string, .string)),
        ])
        for snapshot in metadata.snapshots {
            columns.append([
                instant(snapshot.timestampMilliseconds), .integer(snapshot.id), .optional(snapshot.parentID),
                .optional(snapshot.operation), .optional(snapshot.manifestList),
                .object(
                    JSONObject(snapshot.summary.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            ])
        }
        return columns
    }

    private static func history(_ metadata: TableMetadata) -> MetadataColumns {
        var columns = MetadataColumns([
            ("made_current_at", .primitive(.timestamptz)), ("snapshot_id", .primitive(.long)),
            ("parent_id", .primitive(.long)), ("is_current_ancestor", .primitive(.boolean)),
        ])
        let parents = Dictionary(metadata.snapshots.map { ($0.id, $0.parentID) }) { first, _ in first }
        var ancestors: Set<Int64> = []
        var next = metadata.currentSnapshotID
        while let id = next, ancestors.insert(id).inserted { next = parents[id] ?? nil }
        for entry in metadata.snapshotLog {
            columns.append([
                instant(entry.timestampMilliseconds), .integer(entry.snapshotID),
                .optional(parents[entry.snapshotID] ?? nil), .bool(ancestors.contains(entry.snapshotID)),
            ])
        }
        return columns
    }

    private static func references(_ metadata: TableMetadata) -> MetadataColumns {
        var columns = MetadataColumns([
            ("name", .primitive(.string)), ("type", .primitive(.string)), ("snapshot_id", .primitive(.long)),
            ("max_reference_age_in_ms", .primitive(.long)), ("min_snapshots_to_keep", .primitive(.int)),
            ("max_snapshot_age_in_ms", .primitive(.long)),
        ])
        for (name, reference) in metadata.refs.sorted(by: { $0.key < $1.key }) {
            columns.append([
                .string(name), .string(reference.kind.rawValue.uppercased()), .integer(reference.snapshotID),
                .optional(reference.maxRefAgeMilliseconds), .optional(reference.minSnapshotsToKeep.map { Int64($0) }),
                .optional(reference.maxSnapshotAgeMilliseconds),
            ])
        }
        return columns
    }

    private static func manifests(_ metadata: TableMetadata, _ manifests: [ManifestFile]) -> MetadataColumns {
        let summary = MetadataColumns.structure([
            ("contains_null", .primitive(.boolean)), ("contains_nan", .primitive(.boolean)),
            ("lower_bound", .primitive(.string)), ("upper_bound", .primitive(.string)),
        ])
        var columns = MetadataColumns([
            ("path", .primitive(.string)), ("length", .primitive(.long)), ("partition_spec_id", .primitive(.int)),
            ("added_snapshot_id", .primitive(.long)), ("added_data_files_count", .primitive(.int)),
            ("added_rows_count", .primitive(.long)), ("existing_data_files_count", .primitive(.int)),
            ("existing_rows_count", .primitive(.long)), ("deleted_data_files_count", .primitive(.int)),
            ("deleted_rows_count", .primitive(.long)), ("partition_summaries", MetadataColumns.list(summary)),
        ])
        for manifest in manifests {
            let types = metadata.partitionSpec(id: manifest.specID)?.partitionTypes(metadata) ?? []
            let summaries = zip(manifest.partitions ?? [], types).map { summary, type -> JSONValue in
                func bound(_ bytes: [UInt8]?) -> JSONValue { .optional(MetadataColumns.text(bytes, type)) }
                return [
                    "contains_null": .bool(summary.containsNull),
                    "contains_nan": summary.containsNaN.map { .bool($0) } ?? .null,
                    "lower_bound": bound(summary.lowerBound), "upper_bound": bound(summary.upperBound),
                ]
            }
            columns.append([
                .string(manifest.location), .integer(manifest.byteCount), JSONValue(manifest.specID),
                .integer(manifest.addedSnapshotID), .optional(manifest.addedFilesCount.map { Int64($0) }),
                .optional(manifest.addedRowsCount), .optional(manifest.existingFilesCount.map { Int64($0) }),
                .optional(manifest.existingRowsCount), .optional(manifest.deletedFilesCount.map { Int64($0) }),
                .optional(manifest.deletedRowsCount), .array(summaries),
            ])
        }
        return columns
    }
}

/// The columns and rows of a table that is made here.
struct MetadataColumns {
    let fields: [SchemaField]
    private(set) var rows: [JSONValue] = []

    init(_ columns: [(String, FieldType)]) {
        fields = columns.enumerated().map { SchemaField(id: $0 + 1, name: $1.0, type: $1.1, required: false) }
    }

    /// - Parameter values: one for each column.
    mutating func append(_ values: [JSONValue]) {
        precondition(values.count == fields.count, "a row has a value for each column")
        rows.append(.object(JSONObject(zip(fields, values).map { ($0.name, $1) })))
    }

    static func map(_ key: PrimitiveType, _ value: PrimitiveType) -> FieldType {
        .map(keyID: 0, key: .primitive(key), valueID: 0, value: .primitive(value), valueRequired: false)
    }

    static func list(_ element: FieldType) -> FieldType {
        .list(elementID: 0, element: element, elementRequired: false)
    }

    static func structure(_ fields: [(String, FieldType)]) -> FieldType {
        .structure(fields.map { SchemaField(id: 0, name: $0.0, type: $0.1, required: false) })
    }

    /// A bound as text, `nil` when there is none or it cannot be read.
    static func text(_ bound: [UInt8]?, _ type: PrimitiveType?) -> String? {
        guard let bound, let type, let value = BoundsCodec.decode(bound, type) else { return nil }
        let json = SingleValueJSON.json(value, type)
        return json.text ?? json.serializedText
    }
}

extension JSONValue {
    static func optional(_ value: Int64?) -> JSONValue { value.map { .integer($0) } ?? .null }
    static func optional(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
}
