import Ingestion

/// The shapes that `/openapi.json` names.
enum OpenAPISchemas {
    private static let text: JSONValue = ["type": "string"]
    private static let texts: JSONValue = ["type": "array", "items": ["type": "string"]]
    private static let whole: JSONValue = ["type": "integer", "format": "int64"]
    private static let count: JSONValue = ["type": "integer", "format": "int64", "minimum": 0]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let time: JSONValue = ["type": "string", "format": "date-time"]
    private static let id: JSONValue = [
        "type": "string", "pattern": "^-?[0-9]+$", "description": "A 64-bit id, as text so that no digit is lost.",
    ]
    private static let textMap: JSONValue = ["type": "object", "additionalProperties": ["type": "string"]]
    private static let anyScalar: JSONValue = ["type": ["string", "number", "boolean", "null"]]

    private static func object(
        required: [String], _ properties: KeyValuePairs<String, JSONValue>, closed: Bool = true
    ) -> JSONValue {
        .object([
            "type": "object", "required": required.isEmpty ? nil : .strings(required),
            "properties": .object(properties.map { JSONMember($0.key, $0.value) }),
            "additionalProperties": closed ? false : nil,
        ])
    }

    static let all: [JSONMember] = writing + reading + browsing + gold + operating

    private static let writing: [JSONMember] = [
        JSONMember(
            "Receipt",
            object(
                required: [
                    "id", "kind", "table", "state", "durable", "createdAt", "bytes", "rows", "topic", "partition",
                    "offset",
                    "warnings", "verdicts",
                ],
                [
                    "id": text, "kind": ["type": "string", "enum": ["file", "batch", "delete"]], "table": text,
                    "state": ["type": "string", "enum": ["accepted", "running", "committed", "failed"]],
                    "durable": ["const": true], "createdAt": time, "finishedAt": time, "fileName": text, "bytes": count,
                    "sha256": ["type": "string", "pattern": "^[0-9a-f]{64}$"],
                    "rows": ["$ref": "#/components/schemas/RowCounts"],
                    "dialect": ["$ref": "#/components/schemas/Dialect"],
                    "snapshotId": id, "topic": text, "partition": count, "offset": whole, "rejectsLink": text,
                    "warnings": texts,
                    "verdicts": ["type": "array", "items": ["$ref": "#/components/schemas/RowVerdict"]],
                    "error": ["$ref": "#/components/schemas/JobFailure"],
                    "progress": ["$ref": "#/components/schemas/Progress"],
                    "operational": ["$ref": "#/components/schemas/OperationalLag"],
                    "partOf": text, "parts": count,
                ])),
        JSONMember(
            "RowCounts",
            object(
                required: [
                    "read", "accepted", "inserted", "updated", "unchanged", "superseded", "deleted", "ignored",
                    "rejected", "blank",
                ],
                [
                    "read": count, "accepted": count, "inserted": count, "updated": count, "unchanged": count,
                    "superseded": count, "deleted": count, "ignored": count, "rejected": count, "blank": count,
                ])),
        JSONMember(
            "Dialect",
            object(
                required: ["delimiter", "header", "byteOrderMark", "lineEnding", "evidence"],
                [
                    "delimiter": text, "header": flag, "byteOrderMark": flag,
                    "lineEnding": ["type": "string", "enum": ["lf", "crlf", "cr", "mixed"]], "evidence": texts,
                ])),
        JSONMember(
            "Progress",
            object(
                required: ["bytesDone", "rowsDone", "rowsPerSecond"],
                [
                    "bytesDone": count, "rowsDone": count, "rowsPerSecond": ["type": "number"],
                    "secondsLeft": ["type": "number"],
                ])),
        JSONMember(
            "OperationalLag",
            object(
                required: ["state", "lagRecords", "lagSeconds"],
                [
                    "state": ["type": "string", "enum": ["pending", "applied"]], "lagRecords": count,
                    "lagSeconds": ["type": "number"],
                ])),
        JSONMember(
            "JobFailure", object(required: ["code", "message"], ["code": text, "message": text, "remedy": text])),
        JSONMember(
            "RowVerdict",
            object(
                required: ["index", "code", "message"],
                ["index": count, "column": text, "code": text, "message": text])),
        JSONMember(
            "Problem",
            object(
                required: ["type", "title", "status", "code", "detail", "instance", "retryable", "traceId"],
                [
                    "type": ["type": "string", "format": "uri"], "title": text,
                    "status": ["type": "integer", "minimum": 400, "maximum": 599],
                    "code": ["$ref": "#/components/schemas/ProblemCode"], "detail": text, "instance": text,
                    "remedy": text, "place": ["$ref": "#/components/schemas/Place"], "retryable": flag,
                    "verdicts": ["type": "array", "items": ["$ref": "#/components/schemas/RowVerdict"]],
                    "traceId": ["type": "string", "pattern": "^[0-9a-f]{32}$"],
                ])),
        JSONMember(
            "Place",
            object(
                required: [],
                ["source": text, "line": ["type": "integer", "minimum": 1], "column": text, "byteOffset": count])),
    ]

    private static let reading: [JSONMember] = [
        JSONMember(
            "Analytic",
            object(
                required: ["name", "doc", "parameters", "path"],
                [
                    "name": text, "doc": text, "path": text,
                    "parameters": [
                        "type": "array",
                        "items": object(
                            required: ["name", "type"],
                            ["name": text, "type": text, "minimum": whole, "maximum": whole]),
                    ],
                ])),
        JSONMember(
            "Query",
            object(
                required: ["sql"],
                [
                    "sql": text,
                    "parameters": [
                        "oneOf": [
                            ["type": "array", "items": anyScalar],
                            ["type": "object", "additionalProperties": anyScalar],
                        ],
                        "description": "For `?` and `$1`, or by name for `$name`.",
                    ],
                    "asOf": [
                        "oneOf": [time, ["type": "object", "additionalProperties": id]],
                        "description":
                            "The tables as they were at an instant, or at the snapshots given table by table.",
                    ],
                    "page": ["type": "integer", "minimum": 0, "default": 0],
                    "size": ["type": "integer", "minimum": 1],
                ])),
        JSONMember(
            "RunningQuery",
            object(
                required: ["id", "sql", "startedAt"],
                ["id": text, "sql": text, "client": text, "startedAt": time, "percent": ["type": "number"]])),
        JSONMember(
            "QueryResult",
            object(
                required: [
                    "columns", "rowCount", "totalRows", "page", "size", "truncated", "elapsedMicroseconds", "filesRead",
                    "filesSkipped", "snapshots",
                    "rows",
                ],
                [
                    "columns": [
                        "type": "array", "items": object(required: ["name", "type"], ["name": text, "type": text]),
                    ],
                    "rowCount": count, "totalRows": count, "page": count, "size": count,
                    "truncated": [
                        "type": "boolean", "description": "Whether the result has more rows than are kept.",
                    ],
                    "elapsedMicroseconds": count, "filesRead": count, "filesSkipped": count,
                    "snapshots": ["type": "object", "additionalProperties": id],
                    "rows": ["type": "array", "items": ["type": "array", "items": anyScalar]],
                ])),
    ]

    private static let browsing: [JSONMember] = [
        JSONMember("TableSummary", object(required: ["name", "namespace", "icebergName"], tableProperties)),
        JSONMember(
            "TableDetail",
            [
                "allOf": [
                    object(
                        required: ["name", "namespace", "icebergName"], tableProperties, closed: false),
                    object(
                        required: ["formatVersion", "schema", "key", "partition", "sortOrder", "properties"],
                        [
                            "formatVersion": count, "tableUuid": ["type": "string", "format": "uuid"],
                            "metadataLocation": ["type": "string"],
                            "schema": ["type": "array", "items": ["$ref": "#/components/schemas/Field"]], "key": texts,
                            "partition": texts, "sortOrder": texts, "properties": textMap,
                            "currentSnapshot": ["$ref": "#/components/schemas/Snapshot"],
                        ], closed: false),
                ]
            ]),
        JSONMember(
            "Field",
            object(
                required: ["id", "name", "type", "required"],
                [
                    "id": whole, "name": text,
                    "type": ["type": ["string", "object"], "description": "The type in Iceberg's JSON form."],
                    "required": flag, "doc": text,
                ])),
        JSONMember(
            "Snapshot",
            object(
                required: ["snapshotId", "sequenceNumber", "committedAt", "operation", "current", "summary"],
                [
                    "snapshotId": id, "parentSnapshotId": id, "sequenceNumber": whole, "committedAt": time,
                    "operation": text, "current": flag, "summary": textMap,
                ])),
        JSONMember(
            "DataFile",
            object(
                required: ["path", "content", "rowCount", "byteCount", "partition"],
                [
                    "path": text,
                    "content": ["type": "string", "enum": ["data", "position-deletes", "equality-deletes"]],
                    "rowCount": count, "byteCount": count, "sequenceNumber": whole,
                    "partition": ["type": "object", "additionalProperties": anyScalar],
                ])),
        JSONMember(
            "MaintenanceOutcome",
            object(
                required: ["action", "table", "state", "startedAt", "milliseconds"],
                [
                    "action": ["type": "string", "enum": ["compact", "expire", "orphans"]], "table": text,
                    "state": ["type": "string", "enum": ["done", "dry-run", "nothing", "yielded", "failed"]],
                    "reason": ["type": "string", "description": "Why nothing was done."],
                    "startedAt": time, "milliseconds": count, "before": tableSize, "after": tableSize,
                    "addedFiles": count, "removedFiles": count, "expiredSnapshots": count, "expiredReferences": count,
                    "deletedFiles": count, "deletedBytes": count, "undeletedFiles": count,
                    "locations": texts,
                ])),
        JSONMember(
            "Reject",
            object(
                required: ["code", "message", "raw", "rawBase64", "rawTruncated"],
                [
                    "fileSha256": text, "line": whole, "byteOffset": whole, "column": text, "code": text,
                    "message": text,
                    "raw": ["type": "string", "description": "The row; bytes that are not UTF-8 are replaced."],
                    "rawBase64": [
                        "type": "string", "contentEncoding": "base64", "description": "The row's exact bytes.",
                    ],
                    "rawTruncated": flag, "jobId": text, "rejectedAt": time, "replayedBy": text,
                ])),
    ]

    private static let gold: [JSONMember] = [
        JSONMember(
            "GoldTable",
            object(
                required: ["name", "table", "doc", "inputs", "current"],
                [
                    "name": text, "table": text, "doc": text, "inputs": texts, "current": flag, "snapshotId": id,
                    "rowCount": count, "refreshedAt": time, "milliseconds": count, "failure": text,
                ]))
    ]

    private static let tableSize = object(
        required: [],
        [
            "snapshots": count, "metadataFiles": count, "rows": count, "byteCount": count, "dataFiles": count,
            "deleteFiles": count, "manifests": count,
        ])

    private static let tableProperties: KeyValuePairs<String, JSONValue> = [
        "name": text, "namespace": text, "icebergName": text, "rowCount": count, "fileCount": count, "byteCount": count,
        "snapshotId": id, "committedAt": time,
        "ageSeconds": ["type": "integer", "minimum": 0, "description": "Since the current snapshot was committed."],
    ]

    private static let operating: [JSONMember] = [
        JSONMember("Health", object(required: ["status"], ["status": ["const": "ok"]])),
        JSONMember(
            "Readiness",
            object(
                required: ["status", "checks"],
                ["status": ["type": "string", "enum": ["ready", "not-ready"]], "checks": textMap])),
    ]

    static let headers: [JSONMember] = [
        header("X-Total-Count", "Items of all pages.", count),
        header("Link", "RFC 8288: first, prev, next and last page.", text),
        header("Location", "The path of the job.", text),
        header("ETag", "Stays while the tables that were read do.", text),
        header("Dipper-Snapshots", "The snapshots that were read: `table=id`, separated by commas.", text),
        header("Dipper-Source", "The namespace that was asked: `silver`, or `gold` where it holds the same.", text),
        header("Dipper-Engine", "What computed the answer: `embedded`, or `trino` for a cluster.", text),
        header("X-Cache", "`hit` when nothing was computed, else `miss`.", text),
        header("Dipper-Truncated", "Whether the result has more rows than are kept.", flag),
        header("Retry-After", "Seconds.", count),
        header("WWW-Authenticate", "How to say who one is.", text),
    ]

    private static func header(_ name: String, _ text: String, _ schema: JSONValue) -> JSONMember {
        JSONMember(name, ["description": .string(text), "schema": schema])
    }
}
