/// Descriptions of the routes that maintain tables.
extension RouteDocumentation {
    private static let tableName = path("table", "The name in the API, or the qualified Iceberg name.")
    private static let dryRun = Parameter(
        name: "dryRun", text: "Only say what would be done.", schema: boolean)

    private static func maintaining(
        _ id: String, _ summary: String, _ text: String, _ parameters: [Parameter]
    ) -> RouteDocumentation {
        RouteDocumentation(
            id: id, tag: "tables", summary: summary, text: text, parameters: [tableName, dryRun] + parameters,
            answers: [
                Answer(
                    status: 200, text: "What was done, would be done, or why nothing was.",
                    content: [(Answers.json, reference("MaintenanceOutcome"))])
            ], problems: ["unknown-table", "maintenance-running", "maintenance-failed"])
    }

    static func compact() -> RouteDocumentation {
        maintaining(
            "compactTable", "Rewrite small and much deleted files of a table",
            "The rows stay the same. Answered when it is done; writers never wait for it.", [])
    }

    static func expire() -> RouteDocumentation {
        maintaining(
            "expireSnapshots", "Take old snapshots out of a table",
            "Files that only those named are deleted. Snapshots that branches and tags name are kept.",
            [
                Parameter(
                    name: "olderThanSeconds", text: "Only snapshots older than this; the table's settings by default.",
                    schema: whole(0...MaintenanceRoutes.secondsMax)),
                Parameter(
                    name: "keep", text: "Snapshots of each branch that are kept at least.",
                    schema: whole(1...MaintenanceRoutes.snapshotsMax)),
            ])
    }

    static func orphans() -> RouteDocumentation {
        maintaining(
            "removeOrphans", "Delete files in a table's folder that nothing names",
            "Younger files are left alone: somebody may be about to commit them.",
            [
                Parameter(
                    name: "olderThanSeconds", text: "Only files older than this; three days by default.",
                    schema: whole(MaintenanceRoutes.orphanSecondsMin...MaintenanceRoutes.secondsMax))
            ])
    }

    static func maintenance(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "listMaintenance", tag: "tables", summary: "What maintenance has done to a table, the newest first",
            parameters: [tableName] + paging(limits),
            answers: [
                Answer(
                    status: 200, text: "A page of outcomes.", content: [(Answers.json, list(of: "MaintenanceOutcome"))],
                    headers: pageHeaders)
            ], problems: ["unknown-table"])
    }

    private static func whole(_ range: ClosedRange<Int>) -> JSONValue {
        [
            "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
            "maximum": .integer(Int64(range.upperBound)),
        ]
    }
}
