import LakeModel
import QueryEngine

/// Tables, snapshots and files as the API shows them. Ids are text: 64 bits pass what JavaScript keeps of a number.
enum TableJSON {
    static func summary(_ table: TableSummary, nowMicroseconds: Int64) -> JSONValue {
        .object(members(table, nowMicroseconds))
    }

    private static func members(_ table: TableSummary, _ nowMicroseconds: Int64) -> [JSONMember] {
        let values: KeyValuePairs<String, JSONValue?> = [
            "name": .string(table.name), "namespace": .string(table.namespace),
            "icebergName": .string(table.icebergName), "rowCount": .integer(table.rowCount),
            "fileCount": .integer(table.fileCount), "byteCount": .integer(table.byteCount),
            "snapshotId": .id(table.snapshotID), "committedAt": .time(table.committedMicroseconds),
            "ageSeconds": .integer(table.committedMicroseconds.map { max(nowMicroseconds - $0, 0) / 1_000_000 }),
        ]
        return values.compactMap { name, value in value.map { JSONMember(name, $0) } }
    }

    static func detail(_ table: TableDetail, nowMicroseconds: Int64) -> JSONValue {
        let values: KeyValuePairs<String, JSONValue?> = [
            "formatVersion": .integer(Int64(table.formatVersion)), "tableUuid": .string(table.tableUUID),
            "metadataLocation": .string(table.metadataLocation),
            "schema": .array(table.fields.map(field)), "key": .strings(table.key),
            "partition": .strings(table.partition), "sortOrder": .strings(table.sortOrder),
            "properties": .map(table.properties), "currentSnapshot": table.currentSnapshot.map(snapshot),
        ]
        return .object(
            members(table.summary, nowMicroseconds)
                + values.compactMap { name, value in value.map { JSONMember(name, $0) } })
    }

    static func snapshot(_ snapshot: SnapshotSummary) -> JSONValue {
        .object([
            "snapshotId": .id(snapshot.id), "parentSnapshotId": .id(snapshot.parentID),
            "sequenceNumber": .integer(snapshot.sequenceNumber), "committedAt": .time(snapshot.committedMicroseconds),
            "operation": .string(snapshot.operation), "current": .boolean(snapshot.isCurrent),
            "summary": .map(snapshot.summary),
        ])
    }

    static func file(_ file: DataFileSummary) -> JSONValue {
        .object([
            "path": .string(file.path), "content": .string(file.content), "rowCount": .integer(file.rowCount),
            "byteCount": .integer(file.byteCount), "sequenceNumber": .integer(file.sequenceNumber),
            "partition": .object(file.partition.sorted { $0.key < $1.key }.map { JSONMember($0.key, value($0.value)) }),
        ])
    }

    private static func field(_ field: SchemaField) -> JSONValue {
        .object([
            "id": .integer(Int64(field.id)), "name": .string(field.name), "type": type(field.type),
            "required": .boolean(field.required), "doc": .string(field.doc),
        ])
    }

    /// The type in Iceberg's JSON form: a text, or an object for a nested type.
    private static func type(_ type: FieldType) -> JSONValue {
        switch type {
        case .primitive(let primitive):
            .string(primitive.description)
        case .structure(let fields):
            ["type": "struct", "fields": .array(fields.map(field))]
        case .list(let elementID, let element, let elementRequired):
            [
                "type": "list", "element-id": .integer(Int64(elementID)), "element": self.type(element),
                "element-required": .boolean(elementRequired),
            ]
        case .map(let keyID, let key, let valueID, let value, let valueRequired):
            [
                "type": "map", "key-id": .integer(Int64(keyID)), "key": self.type(key),
                "value-id": .integer(Int64(valueID)), "value": self.type(value),
                "value-required": .boolean(valueRequired),
            ]
        }
    }

    private static func value(_ value: QueryValue) -> JSONValue {
        switch value {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .double(let value): .double(value)
        case .text(let text): .string(text)
        }
    }
}
