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
            text: "At most \(limits.batchBytesMax) bytes. The rows are on disk when the answer comes.",
            parameters: [
                path("table", "A declared table."),
                Parameter(name: "atomic", text: "Refuse all rows when one is refused.", schema: boolean),
                idempotencyKey,
            ],
            body: [
                (
                    Answers.json,
                    ["type": "array", "minItems": 1, "maxItems": 1_000, "items": ["type": "object"]]
                )
            ],
            answers: [
                Answer(
                    status: 200, text: "Durable; with a verdict for each refused row.",
                    content: [(Answers.json, reference("Receipt"))], headers: ["Location"])
            ],
            problems: [
                "unknown-table", "media-type-unsupported", "encoding-unsupported", "json-syntax", "json-invalid",
                "batch-empty", "batch-too-large", "body-too-large", "body-truncated", "rows-refused",
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
