package import AvroFormat
import LakeModel

/// Scan tasks in the JSON form of the REST catalog: delete files once, tasks that refer to them by number.
///
/// Source: apache/iceberg, `open-api/rest-catalog-open-api.yaml`, `ScanTasks` and `ContentFile`.
package struct ScanTasksJSON {
    private let metadata: TableMetadata
    private let partitionTypes: [Int: [PrimitiveType?]]
    /// Columns whose statistics are sent.
    private let statisticsIDs: Set<Int>

    package init(metadata: TableMetadata, statisticsIDs: Set<Int>) {
        self.metadata = metadata
        self.statisticsIDs = statisticsIDs
        partitionTypes = Dictionary(
            metadata.partitionSpecs.map { ($0.id, $0.partitionTypes(metadata)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The members `delete-files` and `file-scan-tasks`.
    package func members(_ tasks: [FileScanTask]) -> [(String, JSONValue)] {
        var numbers: [String: Int] = [:]
        var deletes: [JSONValue] = []
        let scanTasks = tasks.map { task -> JSONValue in
            var object = JSONObject([("data-file", file(task.dataFile))])
            if !task.deleteFiles.isEmpty {
                let references = task.deleteFiles.map { delete -> JSONValue in
                    let number = numbers[delete.location] ?? deletes.count
                    if number == deletes.count {
                        numbers[delete.location] = number
                        deletes.append(file(delete))
                    }
                    return JSONValue(number)
                }
                object.append("delete-file-references", .array(references))
            }
            return .object(object)
        }
        var members: [(String, JSONValue)] = []
        // Clients refuse delete files that no task refers to, an empty list of them too.
        if !deletes.isEmpty { members.append(("delete-files", .array(deletes))) }
        members.append(("file-scan-tasks", .array(scanTasks)))
        return members
    }

    private func file(_ file: DataFile) -> JSONValue {
        let types = partitionTypes[file.specID] ?? []
        var object = JSONObject([
            ("spec-id", JSONValue(file.specID)), ("content", .string(Self.contentName(file.content))),
            ("file-path", .string(file.location)), ("file-format", .string(file.format.lowercased())),
            (
                "partition",
                .array(
                    file.partition.enumerated().map { index, value in
                        SingleValueJSON.json(value, types.indices.contains(index) ? types[index] ?? .string : .string)
                    })
            ),
            ("file-size-in-bytes", .integer(file.byteCount)), ("record-count", .integer(file.recordCount)),
        ])
        if file.content == .data, !statisticsIDs.isEmpty { appendStatistics(of: file, to: &object) }
        if let key = file.keyMetadata { object.append("key-metadata", .string(SingleValueJSON.hex(key))) }
        if let offsets = file.splitOffsets { object.append("split-offsets", .array(offsets.map { .integer($0) })) }
        if let ids = file.equalityIDs, file.content == .equalityDeletes {
            object.append("equality-ids", .array(ids.map { JSONValue($0) }))
        }
        if let id = file.sortOrderID { object.append("sort-order-id", JSONValue(id)) }
        if let location = file.referencedDataFile, file.content == .positionDeletes {
            object.append("referenced-data-file", .string(location))
        }
        return .object(object)
    }

    private static func contentName(_ content: DataFile.Content) -> String {
        switch content {
        case .data: "data"
        case .positionDeletes: "position-deletes"
        case .equalityDeletes: "equality-deletes"
        }
    }

    /// Bounds go in their binary form, in hexadecimal, as the Java library reads and writes them here.
    private func appendStatistics(of file: DataFile, to object: inout JSONObject) {
        func append<Value: Sendable & Hashable>(_ key: String, _ map: FieldMap<Value>?, _ json: (Value) -> JSONValue) {
            guard let map else { return }
            let kept = map.entries.filter { statisticsIDs.contains($0.id) }
            object.append(
                key, ["keys": .array(kept.map { JSONValue($0.id) }), "values": .array(kept.map { json($0.value) })])
        }
        append("column-sizes", file.columnSizes) { .integer($0) }
        append("value-counts", file.valueCounts) { .integer($0) }
        append("null-value-counts", file.nullValueCounts) { .integer($0) }
        append("nan-value-counts", file.nanValueCounts) { .integer($0) }
        append("lower-bounds", file.lowerBounds) { .string(SingleValueJSON.hex($0)) }
        append("upper-bounds", file.upperBounds) { .string(SingleValueJSON.hex($0)) }
    }
}
