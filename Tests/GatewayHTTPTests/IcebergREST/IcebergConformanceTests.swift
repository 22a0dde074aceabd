import AvroFormat
import GatewayHTTP
import HTTPTypes
import Testing

/// The operations of the specification and the statuses that each may be answered by.
@Suite struct IcebergConformanceTests {
    /// What the cases' places stand for in one catalog.
    private struct Places {
        var table: String
        var view: String
        var plan: String
        var warehouse: String

        func filled(_ text: String) -> String {
            switch text {
            case "{t}": table
            case "{v}": view
            case let text where text.hasPrefix("{w}"): warehouse + text.dropFirst(3)
            default:
                text.hasSuffix("{plan}") ? String(text.dropLast("{plan}".count)) + plan : text
            }
        }

        func filled(_ json: JSON) -> JSON {
            switch json {
            case .string(let text): .string(filled(text))
            case .object(let object): .object(JSONObject(object.members.map { ($0.key, filled($0.value)) }))
            default: json
            }
        }
    }

    private static func places(_ client: CatalogClient, in warehouse: String) async throws -> Places {
        try await client.createNamespace()
        try await client.createNamespace("empty")
        let table = try await client.createTable()
        let view = try await client.post(
            "/namespaces/ns/views",
            [
                "name": "v", "schema": CatalogClient.schema, "view-version": ConformanceCases.viewVersion(),
                "properties": [:],
            ]
        ).ok()
        let plan = try await client.post("/namespaces/ns/tables/t/plan", [:]).ok()
        return Places(
            table: table["metadata-location"]?.text ?? "", view: view["metadata-location"]?.text ?? "",
            plan: plan["plan-id"]?.text ?? "", warehouse: warehouse)
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `each operation is answered with each of its statuses, and refusals say why`(
        backing: CatalogHarness.Backing
    ) async throws {
        // What is refused or only reads changes nothing, so that one catalog serves all of it.
        let changing = ConformanceCases.all.filter { $0.status < 300 && $0.method != .get && $0.method != .head }
        let others = ConformanceCases.all.filter { $0.status >= 300 || $0.method == .get || $0.method == .head }
        #expect(changing.count + others.count == ConformanceCases.all.count)
        for cases in [others] + changing.map({ [$0] }) {
            let harness = try await CatalogHarness(backing)
            try await harness.run { client in
                let places = try await Self.places(client, in: harness.warehouse)
                for wanted in cases { try await Self.check(wanted, places, client) }
            }
        }
    }

    private static func check(_ wanted: ConformanceCase, _ places: Places, _ client: CatalogClient) async throws {
        let reply = try await client.call(
            wanted.method, places.filled(wanted.path), wanted.body.map { places.filled($0) })
        #expect(reply.status == wanted.status, "\(wanted): \(reply.text.prefix(500))")
        if let type = wanted.type {
            let error = reply["error"]
            #expect(error?["type"]?.text == type && error?["code"]?.integer == Int64(wanted.status), "\(wanted)")
            let message = error?["message"]?.text ?? ""
            #expect(message.hasPrefix(wanted.message), "\(wanted): \(message)")
        } else if wanted.status == 204 || wanted.method == .head {
            #expect(reply.text.isEmpty, "\(wanted)")
        } else {
            #expect(reply.json.object != nil, "\(wanted)")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `no operation that config names is without a case of success and one of refusal`(
        backing: CatalogHarness.Backing
    ) async throws {
        let successes = Set(ConformanceCases.all.filter { $0.status < 300 }.map(\.operation))
        let refusals = Set(ConformanceCases.all.filter { $0.status >= 400 }.map(\.operation))
        try await CatalogHarness(backing).run { client in
            let endpoints = try await client.get("/config").ok()["endpoints"]?.array?.compactMap(\.text) ?? []
            let served = Set(endpoints.map { $0.replacing("/v1/{prefix}", with: "") })
            // Plan tasks come of large scans only; their tests are with those of planning.
            let rare: Set = ["POST /namespaces/{namespace}/tables/{table}/tasks"]
            #expect(served.subtracting(successes) == rare, "without success")
            #expect(served.subtracting(refusals).isEmpty, "\(served.subtracting(refusals)) are never refused")
            #expect(successes.union(refusals).subtracting(served).isEmpty, "served and not named")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a body that is no JSON object is refused wherever one is taken`(backing: CatalogHarness.Backing) async throws
    {
        let paths = Set(ConformanceCases.all.filter { $0.method == .post && $0.status < 300 }.map(\.path))
            .filter { !$0.hasSuffix("/unregister") }
        try await CatalogHarness(backing).run { client in
            _ = try await Self.places(client, in: "")
            for path in paths {
                for body: JSON in [.null, [], "x", 1] {
                    try await client.post(path, body).fails(400, "BadRequestException", "Malformed request")
                }
            }
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `without a token nothing is answered, and nothing happens`(backing: CatalogHarness.Backing) async throws {
        let authentication = try TokenAuthentication(tokens: ["spark": "0123456789abcdef"])
        try await CatalogHarness(backing).run(authentication: authentication) { client in
            for wanted in ConformanceCases.all {
                let reply = try await client.call(wanted.method, wanted.path, wanted.body)
                #expect(reply.status == 401, "\(wanted)")
                if wanted.method != .head { #expect(reply["error"]?["type"] == "NotAuthorizedException", "\(wanted)") }
            }
        }
    }
}
