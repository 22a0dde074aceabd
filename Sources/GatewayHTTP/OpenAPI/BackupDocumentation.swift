/// Descriptions of the routes that back tables up and restore them.
extension RouteDocumentation {
    static var backup: RouteDocumentation {
        RouteDocumentation(
            id: "backupTable", tag: "tables", summary: "The rows of a table as an Avro file",
            text: """
                An Avro object container file: Iceberg's schema with field ids and logical types; the header entry \
                `dipper.backup` says of which table and snapshot it is, and how many rows it has. An answer that breaks \
                off is no backup: a restore refuses it.
                """,
            parameters: [
                path("table", "The name in the API, or the qualified Iceberg name."),
                Parameter(
                    name: "snapshot", text: "A snapshot id; the current one by default.", schema: ["type": "string"]),
            ],
            answers: [
                Answer(
                    status: 200, text: "The file.", content: [(BackupRoutes.avro, bytes)], headers: ["X-Total-Count"])
            ], problems: ["unknown-table", "unknown-snapshot", "backup-unsupported", "overloaded"])
    }

    static func restore(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "restoreTable", tag: "tables", summary: "Replace the rows of a declared table by those of a backup",
            text: """
                The file is read once before the answer: one that is cut off, or has other columns than the table, is \
                refused. Its rows then take the place of all others in one snapshot, in the order of the table's writes. \
                Columns are matched by name; derived ones are computed anew; ranges, patterns and references are not \
                asked about again.
                """,
            parameters: [
                path("table", "A declared table; it need not be the one that the backup is of."),
                Parameter(
                    name: "wait", text: "Seconds to wait for the job's end.",
                    schema: ["type": "number", "minimum": 0, "maximum": .integer(Int64(limits.waitSecondsMax))]),
                idempotencyKey,
            ],
            body: BackupRoutes.bodyTypes.sorted().map { ($0, bytes) },
            answers: [
                Answer(
                    status: 202, text: "Durable; the rows follow.", content: [(Answers.json, reference("Receipt"))],
                    headers: ["Location"]),
                Answer(
                    status: 200, text: "The job has ended: its state is `committed` or `failed`.",
                    content: [(Answers.json, reference("Receipt"))], headers: ["Location"]),
            ],
            problems: [
                "unknown-table", "media-type-unsupported", "encoding-unsupported", "body-truncated", "upload-empty",
                "upload-too-large", "file-name-invalid", "backup-damaged", "backup-columns-differ",
                "backup-row-invalid", "idempotency-conflict", "overloaded", "disk-full",
            ])
    }
}
