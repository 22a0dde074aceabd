import Access
import AvroFormat
import CatalogService
import HTTPTypes
import Hummingbird

/// Planning of scans on the server. A plan is complete when it is answered: none is ever `submitted`.
extension IcebergRoutes {
    private static let table = "/v1/namespaces/{namespace}/tables/{table}"

    var planRoutes: [Route] {
        let plan = Self.table + "/plan/{plan-id}"
        // A plan changes nothing, by whatever method it is asked for and dropped.
        let reading = Self.namespace(.read, separator: configuration.namespaceSeparator)
        return [
            route(.post, Self.table + "/plan", access: reading) { call in
                let request = try ScanRequest(try call.body().json)
                return Self.answer(try await catalog.planScan(try call.identifier("table"), request), isPlan: true)
            },
            route(.get, plan, access: reading) { call in
                let id = try call.parameter("plan-id")
                return Self.answer(
                    try await catalog.plannedScan(try call.identifier("table"), id: id), isPlan: true)
            },
            route(.delete, plan, access: reading) { call in
                try await catalog.cancelScan(try call.identifier("table"), id: try call.parameter("plan-id"))
                return IcebergAnswer.empty
            },
            route(.post, Self.table + "/tasks", access: reading) { call in
                let task = try call.body().text("plan-task")
                return Self.answer(
                    try await catalog.scanTasks(try call.identifier("table"), planTask: task), isPlan: false)
            },
        ]
    }

    private static func answer(_ scan: ScanAnswer, isPlan: Bool) -> Response {
        var object = AvroFormat.JSONObject()
        if isPlan { object.append("status", "completed") }
        if let id = scan.planID { object.append("plan-id", .string(id)) }
        for (key, value) in scan.members { object.append(key, value) }
        if !scan.planTasks.isEmpty { object.append("plan-tasks", .array(scan.planTasks.map { .string($0) })) }
        return Answers.bytes(IcebergJSON.object(object).serialized(), contentType: Answers.json)
    }
}
