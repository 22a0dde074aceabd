import AvroFormat
import Iceberg
import LakeModel

/// The rows of `$files` and `$partitions`.
struct FileListing {
    private let metadata: TableMetadata
    /// Partition fields of all specs, each once, with the types that their values have here.
    private let partitionFields: [(id: Int, name: String, type: PrimitiveType)]

    init(_ metadata: TableMetadata) {
        self.metadata = metadata
        var seen: Set<Int> = []
        var names: Set<String> = []
        var fields: [(id: Int, name: String, type: PrimitiveType)] = []
        for spec in metadata.partitionSpecs.reversed() {
            for (field, type) in zip(spec.fields, spec.partitionTypes(metadata)) {
                guard let type, seen.insert(field.fieldID).inserted, names.insert(field.name.lowercased()).inserted
                else {
                    continue
                }
                fields.append((field.fieldID, field.name, type))
            }
        }
        partitionFields = fields
    }

    /// Bytes are shown as hexadecimal digits: JSON has none.
    private static func shown(_ type: PrimitiveType) -> PrimitiveType {
        switch type {
        case .binary, .fixed, .uuid: .string
        default: type
        }
    }

    private var partitionColumn: [(String, FieldType)] {
        guard !partitionFields.isEmpty else { return [] }
        let fields = partitionFields.map { ($0.name, FieldType.primitive(Self.shown($0.type))) }
        return [("partition", MetadataColumns.structure(fields))]
    }

    private func partition(_ file: DataFile) -> [JSONValue] {
        guard !partitionFields.isEmpty else { return [] }
        let spec = metadata.partitionSpec(id: file.specID)
        let members = partitionFields.map { field -> (String, JSONValue) in
            guard let index = spec?.fields.firstIndex(where: { $0.fieldID == field.id }),
                file.partition.indices.contains(index)
            else { return (field.name, .null) }
            return (field.name, SingleValueJSON.json(file.partition[index], field.type))
        }
        return [.object(JSONObject(members))]
    }

    func files(_ plan: ScanPlan?) -> MetadataColumns {
        let counts = MetadataColumns.map(.int, .long)
        let bounds = MetadataColumns.map(.int, .string)
        var columns = MetadataColumns(
            [
                ("content", .primitive(.int)), ("file_path", .primitive(.string)),
                ("file_format", .primitive(.string)), ("spec_id", .primitive(.int)),
            ] + partitionColumn + [
                ("sort_order_id", .primitive(.int)), ("record_count", .primitive(.long)),
                ("file_size_in_bytes", .primitive(.long)), ("column_sizes", counts), ("value_counts", counts),
                ("null_value_counts", counts), ("nan_value_counts", counts), ("lower_bounds", bounds),
                ("upper_bounds", bounds), ("key_metadata", .primitive(.string)),
                ("split_offsets", MetadataColumns.list(.primitive(.long))),
                ("equality_ids", MetadataColumns.list(.primitive(.int))),
            ])
        var deletes: Set<String> = []
        for task in plan?.tasks ?? [] {
            columns.append(row(task.dataFile))
            for file in task.deleteFiles where deletes.insert(file.location).inserted { columns.append(row(file)) }
        }
        return columns
    }

    private func row(_ file: DataFile) -> [JSONValue] {
        func counts(_ map: FieldMap<Int64>?) -> JSONValue {
            map.map { .object(JSONObject($0.entries.map { (String($0.id), .integer($0.value)) })) } ?? .null
        }
        func bounds(_ map: FieldMap<[UInt8]>?) -> JSONValue {
            guard let map else { return .null }
            let members = map.entries.compactMap { entry -> (String, JSONValue)? in
                let type = metadata.sourceType(ofID: entry.id) ?? (file.content == .positionDeletes ? .string : nil)
                return MetadataColumns.text(entry.value, type).map { (String(entry.id), .string($0)) }
            }
            return .object(JSONObject(members))
        }
        let head: [JSONValue] = [
            JSONValue(file.content.rawValue), .string(file.location), .string(file.format), JSONValue(file.specID),
        ]
        return head + partition(file) + [
            .optional(file.sortOrderID.map { Int64($0) }), .integer(file.recordCount), .integer(file.byteCount),
            counts(file.columnSizes), counts(file.valueCounts), counts(file.nullValueCounts),
            counts(file.nanValueCounts), bounds(file.lowerBounds), bounds(file.upperBounds),
            .optional(file.keyMetadata.map { SingleValueJSON.hex($0) }),
            file.splitOffsets.map { .array($0.map { .integer($0) }) } ?? .null,
            file.equalityIDs.map { .array($0.map { JSONValue($0) }) } ?? .null,
        ]
    }

    // MARK: Partitions

    /// What the files of one partition have together.
    private struct Totals {
        var partition: [JSONValue]
        var records: Int64 = 0
        var files: Int64 = 0
        var bytes: Int64 = 0
        var columns: [ColumnTotals]
    }

    private struct ColumnTotals {
        let id: Int
        let name: String
        let type: PrimitiveType
        var lower: Datum?
        var upper: Datum?
        /// `nil` once some file does not tell.
        var nulls: Int64? = 0
        var nans: Int64? = 0
        var hasBounds = true

        mutating func add(_ file: DataFile) {
            nulls = file.nullValueCounts?[id].flatMap { count in nulls.map { $0 + count } }
            nans = file.nanValueCounts?[id].flatMap { count in nans.map { $0 + count } }
            // A file of nulls alone has no bounds and moves none.
            if let values = file.valueCounts?[id], values == file.nullValueCounts?[id] { return }
            guard let low = file.lowerBounds?[id].flatMap({ BoundsCodec.decode($0, type) }),
                let high = file.upperBounds?[id].flatMap({ BoundsCodec.decode($0, type) })
            else {
                hasBounds = false
                return
            }
            if lower.map({ low.precedes($0) ?? false }) ?? true { lower = low }
            if upper.map({ $0.precedes(high) ?? false }) ?? true { upper = high }
        }

        var json: JSONValue {
            [
                "min": hasBounds ? SingleValueJSON.json(lower, type) : .null,
                "max": hasBounds ? SingleValueJSON.json(upper, type) : .null, "null_count": .optional(nulls),
                "nan_count": .optional(nans),
            ]
        }
    }

    /// Columns whose bounds are shown: those that no partition field has the exact values of.
    private var boundColumns: [ColumnTotals] {
        let exact = Set(metadata.partitionSpec.fields.filter { $0.transform == .identity }.map(\.sourceID))
        return metadata.schema.fields.compactMap { field in
            guard let type = field.type.primitive, !exact.contains(field.id) else { return nil }
            return ColumnTotals(id: field.id, name: field.name, type: type)
        }
    }

    func partitions(_ plan: ScanPlan?) -> MetadataColumns {
        let shown = boundColumns
        let data = shown.map { column -> (String, FieldType) in
            let type = FieldType.primitive(Self.shown(column.type))
            return (
                column.name,
                MetadataColumns.structure([
                    ("min", type), ("max", type), ("null_count", .primitive(.long)), ("nan_count", .primitive(.long)),
                ])
            )
        }
        var columns = MetadataColumns(
            partitionColumn + [
                ("record_count", .primitive(.long)), ("file_count", .primitive(.long)),
                ("total_size", .primitive(.long)),
            ] + (data.isEmpty ? [] : [("data", MetadataColumns.structure(data))]))
        var order: [PartitionKey] = []
        var totals: [PartitionKey: Totals] = [:]
        for file in (plan?.tasks ?? []).map(\.dataFile) {
            let key = file.partitionKey
            if totals[key] == nil { order.append(key) }
            var entry = totals[key] ?? Totals(partition: partition(file), columns: shown)
            entry.records += file.recordCount
            entry.files += 1
            entry.bytes += file.byteCount
            for index in entry.columns.indices { entry.columns[index].add(file) }
            totals[key] = entry
        }
        for case let entry? in order.map({ totals[$0] }) {
            let bounds = JSONValue.object(JSONObject(entry.columns.map { ($0.name, $0.json) }))
            columns.append(
                entry.partition + [.integer(entry.records), .integer(entry.files), .integer(entry.bytes)]
                    + (data.isEmpty ? [] : [bounds]))
        }
        return columns
    }
}
