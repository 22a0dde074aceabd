import Ingestion

/// Descriptions of the routes that write, and of the jobs that come of them.
extension RouteDocumentation {
    static func uploadCSV(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "uploadCSV", tag: "write", summary: "Upload a CSV file into a table",
            text: """
                The file is the part `file` of a form, or the body itself; plain, gzip or zstd. Its bytes are on disk when \
                the answer comes; the receipt tells what became of its rows. Read: accepted + rejected + blank.
                """,
            parameters: [
                path("table", "A declared table."),
                Parameter(
                    name: "wait", text: "Seconds to wait for the job's end.",
                    schema: ["type": "number", "minimum": 0, "maximum": .integer(Int64(limits.waitSecondsMax))]),
                Parameter(
                    name: "mode",
                    text:
                        "`append` only for tables without a key; `overwrite` replaces the whole table in one snapshot.",
                    schema: choice(UploadRequest.Mode.allCases.map(\.rawValue), default: "upsert")),
                Parameter(
                    name: "onError", text: "What a refused row does: it goes to the rejects, or the whole file fails.",
                    schema: choice(UploadRequest.OnError.allCases.map(\.rawValue), default: "quarantine")),
                Parameter(
                    name: "delimiter", text: "The field separator; found out when it is not given.",
                    schema: choice([",", ";", "|", "tab", "\\t", "\t"])),
                Parameter(
                    name: "header", text: "Whether the first row is a header; found out when it is not given.",
                    schema: boolean),
                idempotencyKey,
            ],
            body: [
                (
                    "multipart/form-data",
                    [
                        "type": "object", "required": ["file"], "additionalProperties": false,
                        "properties": ["file": bytes],
                    ]
                )
            ] + UploadBody.rawTypes.sorted().map { ($0, bytes) },
            answers: [
                Answer(
                    status: 202, text: "Durable; the rows follow.", content: [(Answers.json, reference("Receipt"))],
                    headers: ["Location"]),
                Answer(
                    status: 200, text: "The job has ended: its state is `committed` or `failed`.",
                    content: [(Answers.json, reference("Receipt"))], headers: ["Location"]),
            ],
            problems: [
                "unknown-table", "mode-invalid", "media-type-unsupported", "encoding-unsupported", "body-truncated",
                "multipart-malformed", "multipart-truncated", "multipart-limit", "multipart-part-unknown",
                "multipart-part-missing", "multipart-part-repeated", "upload-empty", "upload-too-large",
                "file-name-invalid", "idempotency-conflict", "overloaded", "disk-full",
            ])
    }

    static func batch(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "submitBatch", tag: "write", summary: "Write rows given as JSON",
            text: """
                A JSON array of at most \(limits.batchBytesMax) bytes, or NDJSON, an object a line, of any length; plain, gzip \
                or zstd. The rows are on disk when the answer comes. Values are strings or numbers by the rules of CSV \
                fields of the same type. A row is refused for its first fault, with a verdict; the rest is taken. A long NDJSON \
                body is taken slice by slice while it comes: one that breaks off leaves the slices before, and is resumed by \
                sending it again under the same `Idempotency-Key`. An atomic NDJSON body is one slice.
                """,
            parameters: [
                path("table", "A declared table."),
                Parameter(name: "atomic", text: "Refuse all rows when one is refused.", schema: boolean),
                idempotencyKey,
            ],
            body: [(Answers.json, rowArray)] + BatchRoutes.lineTypes.sorted().map { ($0, text) },
            answers: [
                Answer(
                    status: 200, text: "Durable; with a verdict for each refused row.",
                    content: [(Answers.json, reference("Receipt"))], headers: ["Location"])
            ],
            problems: [
                "unknown-table", "media-type-unsupported", "encoding-unsupported", "json-syntax", "json-invalid",
                "batch-empty", "batch-too-large", "body-too-large", "body-truncated", "body-compression",
                "rows-refused",
                "idempotency-conflict", "overloaded", "disk-full",
            ])
    }

    private static let rowArray: JSONValue = ["type": "array", "minItems": 1, "items": ["type": "object"]]

    static func deleteRow(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "deleteRow", tag: "write", summary: "Delete one row by its key",
            text: """
                The delete is on disk when the answer comes, and is applied in the order of the table's writes. The receipt's \
                `rows.deleted` is then 1, or 0 with `rows.unchanged` 1 when there was no such row.
                """,
            parameters: [
                path("table", "A declared table."),
                path(
                    "key",
                    "The key's value; the values of a composite key in the declared order with commas between (a comma of a value is `%2C`)."
                ),
                Parameter(
                    name: "wait", text: "Seconds to wait for the job's end.",
                    schema: ["type": "number", "minimum": 0, "maximum": .integer(Int64(limits.waitSecondsMax))]),
                idempotencyKey,
            ],
            answers: [
                Answer(
                    status: 202, text: "Durable; the delete follows.", content: [(Answers.json, reference("Receipt"))],
                    headers: ["Location"]),
                Answer(
                    status: 200, text: "The job has ended.", content: [(Answers.json, reference("Receipt"))],
                    headers: ["Location"]),
            ],
            problems: [
                "unknown-table", "table-without-key", "key-invalid", "idempotency-conflict", "overloaded", "disk-full",
            ])
    }

    static func replay(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "replayRejects", tag: "write", summary: "Load corrected rejects again",
            text: """
                The corrected download of the table's rejects, or JSON rows. The column or field `dipper_reject` says which \
                reject a row mends, which then shows the job as `replayedBy` once it is committed; `dipper_error` is ignored.
                """,
            parameters: [
                path("table", "A declared table."),
                Parameter(name: "atomic", text: "Refuse all rows when one is refused.", schema: boolean),
                idempotencyKey,
            ],
            body: [(CSVText.contentType, text), (Answers.json, rowArray)],
            answers: [
                Answer(
                    status: 200, text: "Durable; with a verdict for each row that is refused again.",
                    content: [(Answers.json, reference("Receipt"))], headers: ["Location"])
            ],
            problems: [
                "unknown-table", "media-type-unsupported", "encoding-unsupported", "csv-malformed", "json-syntax",
                "batch-empty", "batch-too-large", "body-too-large", "body-truncated", "body-compression",
                "rows-refused",
                "idempotency-conflict", "overloaded", "disk-full",
            ])
    }

    static func jobs(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "listJobs", tag: "jobs", summary: "The receipts of all writes, the newest first",
            parameters: [Parameter(name: "table", text: "Jobs of this table only.", schema: text)] + paging(limits),
            answers: [
                Answer(
                    status: 200, text: "A page of receipts.", content: [(Answers.json, list(of: "Receipt"))],
                    headers: pageHeaders)
            ], problems: ["unknown-table"])
    }

    static var job: RouteDocumentation {
        RouteDocumentation(
            id: "getJob", tag: "jobs", summary: "One receipt, or its changes as they come",
            text: """
                With `Accept: text/event-stream` the answer is a stream of events `receipt`, whose data is the receipt, \
                until the job has ended.
                """,
            parameters: [path("id", "The receipt's id.")],
            answers: [
                Answer(
                    status: 200, text: "The receipt.",
                    content: [(Answers.json, reference("Receipt")), (JobRoutes.eventStream, text)])
            ],
            problems: ["unknown-job", "not-acceptable"])
    }
}
