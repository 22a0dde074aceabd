import AvroFormat
import HTTPTypes

/// One way to be answered by one operation of the catalog.
struct ConformanceCase: Sendable, CustomStringConvertible {
    /// As the specification's `endpoints` write it, without `/v1/{prefix}`: `GET /namespaces`.
    var operation: String
    var path: String
    var body: JSON?
    var status: Int
    /// The type and the start of the message, of a refusal with a body.
    var type: String?
    var message: String

    init(
        _ operation: String, _ path: String, _ body: JSON, _ status: Int, _ type: String? = nil, _ message: String = ""
    ) {
        self.init(operation, path, status, type, message)
        self.body = body
    }

    /// A request without a body.
    init(_ operation: String, _ path: String, _ status: Int, _ type: String? = nil, _ message: String = "") {
        self.operation = operation
        self.path = path
        self.status = status
        self.type = type
        self.message = message
    }

    var method: HTTPRequest.Method { HTTPRequest.Method(rawValue: String(operation.prefix { $0 != " " })) ?? .get }

    var description: String { "\(operation) \(path) \(body?.serializedText.prefix(200) ?? ""): \(status)" }
}

/// Every operation of the specification that is served, with every status that it may be answered by in a catalog that
/// holds the namespaces `ns` and `empty`, in `ns` the table `t` and the view `v`, and no more.
enum ConformanceCases {
    static let all = namespaces + tables + commits + names + plans + views

    private static let noNamespace = "NoSuchNamespaceException"
    private static let noTable = "NoSuchTableException"
    private static let noView = "NoSuchViewException"
    private static let exists = "AlreadyExistsException"
    private static let bad = "BadRequestException"

    private static let namespaces: [ConformanceCase] = {
        let one = "/namespaces/{namespace}"
        let properties = "POST \(one)/properties"
        return [
            .init("GET /namespaces", "/namespaces", 200), .init("GET /namespaces", "/namespaces?parent=ns", 200),
            .init("GET /namespaces", "/namespaces?parent=none", 404, noNamespace, "Namespace does not exist: none"),
            .init("GET /namespaces", "/namespaces?pageSize=0", 400, bad, "Invalid pageSize"),
            .init("POST /namespaces", "/namespaces", ["namespace": ["new"], "properties": ["a": "b"]], 200),
            .init(
                "POST /namespaces", "/namespaces", ["namespace": ["ns"]], 409, exists, "Namespace already exists: ns"),
            .init("POST /namespaces", "/namespaces", ["namespace": []], 400, bad, "Invalid namespace"),
            .init("POST /namespaces", "/namespaces", [:], 400, bad, "Invalid namespace"),
            .init("POST /namespaces", "/namespaces", ["namespace": "ns"], 400, bad, "Malformed request"),
            .init("GET \(one)", "/namespaces/ns", 200),
            .init("GET \(one)", "/namespaces/none", 404, noNamespace, "Namespace does not exist: none"),
            .init("HEAD \(one)", "/namespaces/ns", 204), .init("HEAD \(one)", "/namespaces/none", 404),
            .init("DELETE \(one)", "/namespaces/empty", 204),
            .init("DELETE \(one)", "/namespaces/none", 404, noNamespace, "Namespace does not exist: none"),
            .init("DELETE \(one)", "/namespaces/ns", 409, "NamespaceNotEmptyException", "Namespace ns is not empty"),
            .init(properties, "/namespaces/ns/properties", ["updates": ["a": "b"], "removals": ["c"]], 200),
            .init(properties, "/namespaces/none/properties", ["updates": ["a": "b"]], 404, noNamespace, "Namespace"),
            .init(
                properties, "/namespaces/ns/properties", ["updates": ["a": "b"], "removals": ["a"]], 422,
                "UnprocessableEntityException", "Cannot remove and update the same key: a"),
            .init(properties, "/namespaces/ns/properties", ["updates": [1]], 400, bad, "Malformed request"),
        ]
    }()

    private static let tables: [ConformanceCase] = {
        let list = "/namespaces/{namespace}/tables"
        let one = list + "/{table}"
        let schema = CatalogClient.schema
        return [
            .init("GET \(list)", "/namespaces/ns/tables", 200),
            .init("GET \(list)", "/namespaces/none/tables", 404, noNamespace, "Namespace does not exist: none"),
            .init("GET \(list)", "/namespaces/ns/tables?pageSize=x", 400, bad, "Invalid pageSize"),
            .init("POST \(list)", "/namespaces/ns/tables", ["name": "new", "schema": schema], 200),
            .init(
                "POST \(list)", "/namespaces/ns/tables", ["name": "new", "schema": schema, "stage-create": true], 200),
            .init(
                "POST \(list)", "/namespaces/ns/tables", ["name": "t", "schema": schema], 409, exists, "Table already"),
            .init("POST \(list)", "/namespaces/ns/tables", ["name": "v", "schema": schema], 409, exists, "View with"),
            .init(
                "POST \(list)", "/namespaces/none/tables", ["name": "t", "schema": schema], 404, noNamespace, "Name"),
            .init("POST \(list)", "/namespaces/ns/tables", ["name": "new"], 400, bad, "Malformed request: schema"),
            .init("POST \(list)", "/namespaces/ns/tables", ["schema": schema], 400, bad, "Malformed request: name"),
            .init(
                "POST \(list)", "/namespaces/ns/tables",
                ["name": "new", "schema": schema, "properties": ["format-version": "4"]], 400, bad,
                "Unsupported format version: 4"),
            .init(
                "POST \(list)", "/namespaces/ns/tables",
                ["name": "new", "schema": schema, "properties": ["format-version": "3"]], 200),
            .init(
                "POST \(list)", "/namespaces/ns/tables",
                [
                    "name": "new",
                    "schema": [
                        "type": "struct",
                        "fields": [["id": 1, "name": "a", "type": "int", "required": true, "initial-default": 1]],
                    ],
                ], 400, bad, "Invalid initial default for a"),
            .init("GET \(one)", "/namespaces/ns/tables/t", 200),
            .init("GET \(one)", "/namespaces/ns/tables/t?snapshots=refs", 200),
            .init("GET \(one)", "/namespaces/ns/tables/none", 404, noTable, "Table does not exist: ns.none"),
            .init("GET \(one)", "/namespaces/ns/tables/v", 404, noTable, "Table does not exist: ns.v"),
            .init("GET \(one)", "/namespaces/ns/tables/t?snapshots=none", 400, bad, "Invalid snapshots"),
            .init("HEAD \(one)", "/namespaces/ns/tables/t", 204),
            .init("HEAD \(one)", "/namespaces/ns/tables/none", 404),
            .init("DELETE \(one)", "/namespaces/ns/tables/t", 204),
            .init("DELETE \(one)", "/namespaces/ns/tables/t?purgeRequested=true", 204),
            .init("DELETE \(one)", "/namespaces/ns/tables/none", 404, noTable, "Table does not exist: ns.none"),
            .init("GET \(one)/credentials", "/namespaces/ns/tables/t/credentials", 200),
            .init("GET \(one)/credentials", "/namespaces/ns/tables/none/credentials", 404, noTable, "Table does not"),
            .init("POST \(one)/metrics", "/namespaces/ns/tables/t/metrics", ["report-type": "scan-report"], 204),
            .init("POST \(one)/metrics", "/namespaces/ns/tables/t/metrics", [:], 400, bad, "Malformed request"),
            .init(
                "POST \(one)/metrics", "/namespaces/ns/tables/none/metrics", ["report-type": "scan-report"], 404,
                noTable,
                "Table does not exist"),
            .init("POST \(one)/unregister", "/namespaces/ns/tables/t/unregister", [:], 200),
            .init(
                "POST \(one)/unregister", "/namespaces/ns/tables/none/unregister", [:], 404, noTable, "Table does not"),
        ]
    }()

    private static let commits: [ConformanceCase] = {
        let one = "POST /namespaces/{namespace}/tables/{table}"
        let path = "/namespaces/ns/tables/t"
        let failed = "CommitFailedException"
        let set: JSON = ["action": "set-properties", "updates": ["a": "b"]]
        func body(_ requirements: [JSON], _ updates: [JSON], _ table: String? = nil) -> JSON {
            var members: [(String, JSON)] = [("requirements", .array(requirements)), ("updates", .array(updates))]
            if let table { members.append(("identifier", ["namespace": ["ns"], "name": .string(table)])) }
            return .object(JSONObject(members))
        }
        let stale: JSON = ["type": "assert-table-uuid", "uuid": "00000000-0000-4000-8000-000000000000"]
        let transaction = "POST /transactions/commit"
        return [
            .init(one, path, body([], [set]), 200), .init(one, path, body([], []), 200),
            .init(one, "/namespaces/ns/tables/none", body([], [set]), 404, noTable, "Table does not exist: ns.none"),
            .init(one, path, body([stale], [set]), 409, failed, "Requirement failed: UUID does not match"),
            .init(
                one, path, body([["type": "assert-create"]], [set]), 409, failed, "Requirement failed: table already"),
            .init(one, path, body([["type": "assert-moon"]], [set]), 400, bad, "the table requirement assert-moon"),
            .init(one, path, body([], [["action": "dance"]]), 400, bad, "the table update dance"),
            .init(one, path, body([], [["action": "set-properties"]]), 400, bad, "a table update has no updates"),
            .init(
                one, path, body([], [["action": "set-current-schema", "schema-id": 9]]), 400,
                "IllegalArgumentException",
                "there is no schema 9"),
            .init(
                one, path, body([], [["action": "upgrade-format-version", "format-version": 4]]), 400, bad,
                "Unsupported format version: 4"),
            .init(
                one, path, body([], [["action": "set-location", "location": "file:///etc/x"]]), 400, bad,
                "Invalid location"),
            .init(transaction, "/transactions/commit", ["table-changes": [body([], [set], "t")]], 204),
            .init(
                transaction, "/transactions/commit", ["table-changes": [body([], [set], "none")]], 404, noTable, "Table"
            ),
            .init(
                transaction, "/transactions/commit", ["table-changes": [body([stale], [set], "t")]], 409, failed,
                "Requi"),
            .init(transaction, "/transactions/commit", ["table-changes": []], 400, bad, "Invalid transaction"),
            .init(
                transaction, "/transactions/commit", ["table-changes": [body([], [set])]], 400, bad, "Malformed request"
            ),
        ]
    }()

    private static func rename(_ from: String, _ to: String, _ namespace: String = "ns") -> JSON {
        [
            "source": ["namespace": ["ns"], "name": .string(from)],
            "destination": ["namespace": [.string(namespace)], "name": .string(to)],
        ]
    }

    private static let names: [ConformanceCase] = {
        let register = "POST /namespaces/{namespace}/register"
        let missing = "{w}/ns/none.metadata.json"
        return [
            .init("POST /tables/rename", "/tables/rename", rename("t", "new"), 204),
            .init("POST /tables/rename", "/tables/rename", rename("none", "new"), 404, noTable, "Table does not exist"),
            .init(
                "POST /tables/rename", "/tables/rename", rename("t", "new", "none"), 404, noNamespace, "Namespace does"),
            .init("POST /tables/rename", "/tables/rename", rename("t", "v"), 409, exists, "Cannot rename ns.t to ns.v"),
            .init("POST /tables/rename", "/tables/rename", ["source": 1], 400, bad, "Malformed request"),
            .init(register, "/namespaces/ns/register", ["name": "new", "metadata-location": "{t}"], 200),
            .init(
                register, "/namespaces/ns/register", ["name": "t", "metadata-location": "{t}"], 409, exists, "Table"),
            .init(register, "/namespaces/ns/register", ["name": "v", "metadata-location": "{t}"], 409, exists, "View"),
            .init(
                register, "/namespaces/none/register", ["name": "x", "metadata-location": "{t}"], 404, noNamespace, "Na"
            ),
            .init(
                register, "/namespaces/ns/register", ["name": "x", "metadata-location": .string(missing)], 404,
                "NotFoundException", "Failed to open input stream for file"),
            .init(register, "/namespaces/ns/register", ["name": "x"], 400, bad, "Malformed request: metadata-location"),
            .init(
                register, "/namespaces/ns/register", ["name": "x", "metadata-location": "file:///etc/passwd"], 400, bad,
                "Invalid location"),
        ]
    }()

    private static let plans: [ConformanceCase] = {
        let plan = "/namespaces/{namespace}/tables/{table}/plan"
        let path = "/namespaces/ns/tables/t"
        let none = "/namespaces/ns/tables/none"
        return [
            .init("POST \(plan)", path + "/plan", [:], 200),
            .init("POST \(plan)", path + "/plan", ["snapshot-id": 1], 400, bad, "the table has no snapshot 1"),
            .init("POST \(plan)", none + "/plan", [:], 404, noTable, "Table does not exist"),
            .init("GET \(plan)/{plan-id}", path + "/plan/{plan}", 200),
            .init("GET \(plan)/{plan-id}", path + "/plan/none", 404, "NoSuchPlanIdException", "Cannot find scan plan"),
            .init("GET \(plan)/{plan-id}", none + "/plan/none", 404, noTable, "Table does not exist"),
            .init("DELETE \(plan)/{plan-id}", path + "/plan/{plan}", 204),
            .init(
                "DELETE \(plan)/{plan-id}", path + "/plan/none", 404, "NoSuchPlanIdException", "Cannot find scan plan"),
            .init("DELETE \(plan)/{plan-id}", none + "/plan/none", 404, noTable, "Table does not exist"),
            .init(
                "POST /namespaces/{namespace}/tables/{table}/tasks", path + "/tasks", ["plan-task": "x"], 404,
                "NoSuchPlanTaskException", "Cannot find plan task"),
            .init(
                "POST /namespaces/{namespace}/tables/{table}/tasks", none + "/tasks", ["plan-task": "x"], 404, noTable,
                "Table does not exist"),
            .init(
                "POST /namespaces/{namespace}/tables/{table}/tasks", path + "/tasks", [:], 400, bad, "Malformed request"
            ),
        ]
    }()

    static func viewVersion(_ id: Int64 = 1) -> JSON {
        [
            "version-id": .integer(id), "timestamp-ms": 1_700_000_000_000, "schema-id": 0,
            "summary": ["engine-name": "spark"], "default-namespace": ["ns"],
            "representations": [["type": "sql", "dialect": "spark", "sql": .string("select \(id)")]],
        ]
    }

    private static let views: [ConformanceCase] = {
        let list = "/namespaces/{namespace}/views"
        let one = list + "/{view}"
        let register = "POST /namespaces/{namespace}/register-view"
        let schema = CatalogClient.schema
        func new(_ name: String) -> JSON {
            ["name": .string(name), "schema": schema, "view-version": viewVersion(), "properties": [:]]
        }
        let replace: JSON = [
            "updates": [
                ["action": "add-view-version", "view-version": viewVersion(2)],
                ["action": "set-current-view-version", "view-version-id": -1],
            ]
        ]
        let stale: JSON = ["requirements": [["type": "assert-view-uuid", "uuid": "x"]], "updates": []]
        return [
            .init("GET \(list)", "/namespaces/ns/views", 200),
            .init("GET \(list)", "/namespaces/none/views", 404, noNamespace, "Namespace does not exist: none"),
            .init("POST \(list)", "/namespaces/ns/views", new("new"), 200),
            .init("POST \(list)", "/namespaces/ns/views", new("v"), 409, exists, "View already exists: ns.v"),
            .init(
                "POST \(list)", "/namespaces/ns/views", new("t"), 409, exists,
                "Table with same name already exists: ns.t"),
            .init(
                "POST \(list)", "/namespaces/none/views", new("v"), 404, noNamespace, "Namespace does not exist: none"),
            .init("POST \(list)", "/namespaces/ns/views", ["name": "new"], 400, bad, "Malformed request: schema"),
            .init("GET \(one)", "/namespaces/ns/views/v", 200),
            .init("GET \(one)", "/namespaces/ns/views/t", 404, noView, "View does not exist: ns.t"),
            .init("HEAD \(one)", "/namespaces/ns/views/v", 204), .init("HEAD \(one)", "/namespaces/ns/views/none", 404),
            .init("POST \(one)", "/namespaces/ns/views/v", replace, 200),
            .init("POST \(one)", "/namespaces/ns/views/none", replace, 404, noView, "View does not exist: ns.none"),
            .init("POST \(one)", "/namespaces/ns/views/v", stale, 409, "CommitFailedException", "Requirement failed"),
            .init("POST \(one)", "/namespaces/ns/views/v", ["updates": [["action": "dance"]]], 400, bad, ""),
            .init("DELETE \(one)", "/namespaces/ns/views/v", 204),
            .init("DELETE \(one)", "/namespaces/ns/views/none", 404, noView, "View does not exist: ns.none"),
            .init("POST /views/rename", "/views/rename", rename("v", "new"), 204),
            .init(
                "POST /views/rename", "/views/rename", rename("none", "new"), 404, noView,
                "View does not exist: ns.none"),
            .init(
                "POST /views/rename", "/views/rename", rename("v", "new", "none"), 404, noNamespace, "Namespace does"),
            .init("POST /views/rename", "/views/rename", rename("v", "t"), 409, exists, "Cannot rename ns.v to ns.t"),
            .init("POST /views/rename", "/views/rename", [:], 400, bad, "Malformed request"),
            .init(register, "/namespaces/ns/register-view", ["name": "new", "metadata-location": "{v}"], 200),
            .init(
                register, "/namespaces/ns/register-view", ["name": "v", "metadata-location": "{v}"], 409, exists, "View"
            ),
            .init(
                register, "/namespaces/none/register-view", ["name": "x", "metadata-location": "{v}"], 404, noNamespace,
                "N"),
            .init(register, "/namespaces/ns/register-view", ["name": "x"], 400, bad, "Malformed request"),
        ]
    }()
}
