/// Descriptions of the routes that browse tables and rejects.
extension RouteDocumentation {
    private static let tableName = path("table", "The name in the API, or the qualified Iceberg name.")

    static func tables(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "listTables", tag: "tables", summary: "The tables with their freshness", parameters: paging(limits),
            answers: [
                Answer(
                    status: 200, text: "A page of tables.", content: [(Answers.json, list(of: "TableSummary"))],
                    headers: pageHeaders)
            ])
    }

    static var table: RouteDocumentation {
        RouteDocumentation(
            id: "getTable", tag: "tables", summary: "Schema, properties and current snapshot of a table",
            parameters: [tableName],
            answers: [Answer(status: 200, text: "The table.", content: [(Answers.json, reference("TableDetail"))])],
            problems: ["unknown-table"])
    }

    static func snapshots(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "listSnapshots", tag: "tables", summary: "The snapshots of a table, the newest first",
            parameters: [tableName] + paging(limits),
            answers: [
                Answer(
                    status: 200, text: "A page of snapshots.", content: [(Answers.json, list(of: "Snapshot"))],
                    headers: pageHeaders)
            ], problems: ["unknown-table"])
    }

    static func files(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "listFiles", tag: "tables", summary: "The live files of a snapshot",
            parameters: [
                tableName,
                Parameter(name: "snapshot", text: "A snapshot id; the current one by default.", schema: text),
            ] + paging(limits),
            answers: [
                Answer(
                    status: 200, text: "A page of files.", content: [(Answers.json, list(of: "DataFile"))],
                    headers: pageHeaders)
            ], problems: ["unknown-table", "unknown-snapshot"])
    }

    static var row: RouteDocumentation {
        RouteDocumentation(
            id: "getRow", tag: "tables", summary: "One row by its key",
            parameters: [
                tableName,
                path(
                    "key",
                    "The key's value; the values of a composite key in the declared order with commas between (a comma of a value is `%2C`)."
                ),
            ],
            answers: [
                Answer(
                    status: 200, text: "Column name to value.",
                    content: [(Answers.json, ["type": "object", "additionalProperties": true])])
            ], problems: ["unknown-table", "unknown-row", "table-without-key", "key-invalid"])
    }

    static func rejects(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "listRejects", tag: "tables", summary: "The refused rows of a table",
            text: """
                As CSV all of them come, under the table's columns, with the columns `dipper_error` and `dipper_reject` \
                behind, to fix and send to the replay.
                """,
            parameters: [
                path("table", "A declared table."),
                Parameter(
                    name: "format", text: "Goes before `Accept`.",
                    schema: choice(RejectRoutes.Form.allCases.map(\.rawValue))),
                Parameter(name: "job", text: "Rejects of this job only.", schema: text),
                Parameter(name: "code", text: "Rejects with this code only.", schema: text),
                Parameter(name: "file", text: "Rejects of the file with this SHA-256 only.", schema: text),
                Parameter(
                    name: "replayed", text: "Only rejects whose corrected row has been committed, or only the others.",
                    schema: boolean),
                escapeFormulas,
            ] + paging(limits),
            answers: [
                Answer(
                    status: 200, text: "A page of rejects, or the download.",
                    content: [(Answers.json, list(of: "Reject")), (CSVText.contentType, text)], headers: pageHeaders)
            ], problems: ["unknown-table", "not-acceptable"])
    }
}
