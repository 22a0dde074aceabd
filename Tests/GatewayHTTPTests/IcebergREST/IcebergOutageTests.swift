import AvroFormat
import CatalogService
import GatewayHTTP
import HTTPTypes
import LakeModel
import PostgreSQLSupport
import Testing

/// What clients are told while the catalog's database is away.
@Suite struct IcebergOutageTests {
    @Test(arguments: ["database-unreachable", "connection-lost", "database-busy", "statement-timeout"])
    func `every operation is told to come back later, and nothing has happened`(code: String) async throws {
        let inner = try await CatalogHarness()
        let store = OutageStore(inner.store)
        try await CatalogHarness(inner, store: store).run { client in
            try await client.createNamespace()
            try await client.createTable()
            let before = try await client.load()
            store.fail(with: PostgreSQLFailure(code: code, message: "no way to db.internal as admin"))
            for wanted in ConformanceCases.all where wanted.status < 300 && !Self.isLocal(wanted) {
                let reply = try await client.call(wanted.method, wanted.path, wanted.body)
                #expect(reply.status == 503, "\(wanted): \(reply.text.prefix(300))")
                #expect(reply.header("Retry-After") != nil, "\(wanted)")
                guard wanted.method != .head else { continue }
                #expect(reply["error"]?["type"] == "ServiceUnavailableException", "\(wanted)")
                #expect(!reply.text.contains("db.internal"), "\(wanted): \(reply.text.prefix(300))")
            }
            let commit = try await client.commit([], [["action": "set-properties", "updates": ["a": "b"]]])
            #expect(commit.status == 503)
            store.fail(with: nil)
            #expect(try await client.load() == before)
        }
    }

    /// Answered without the database, or of things that the test does not have.
    private static func isLocal(_ wanted: ConformanceCase) -> Bool {
        wanted.operation.hasSuffix("/config") || wanted.operation.hasSuffix("/oauth/tokens")
            || "\(wanted.path) \(wanted.body?.serializedText ?? "")".contains(/\{[tv]\}|\{plan\}/)
    }

    @Test func `a refusal while the database is away is not kept as the answer of an idempotency key`() async throws {
        let inner = try await CatalogHarness()
        let store = OutageStore(inner.store)
        try await CatalogHarness(inner, store: store).run { client in
            try await client.createNamespace()
            try await client.createTable()
            let key = ["Idempotency-Key": "017f22e2-79b0-7cc3-98c4-dc0c0c073990"]
            let update: [JSON] = [["action": "set-properties", "updates": ["a": "b"]]]
            store.fail(with: PostgreSQLFailure(code: "connection-lost", message: "gone"))
            #expect(try await client.commit([], update, headers: key).status == 503)
            store.fail(with: nil)
            try await client.commit([], update, headers: key).ok()
            #expect(try await client.load()["properties"]?["a"] == "b")
        }
    }

    @Test func `a database that refuses connections is told apart from a broken server`() async throws {
        // Nobody listens on port 1.
        let options = PostgreSQLOptions(connectionString: "postgresql://nobody@127.0.0.1:1/none", schema: "none")
        #expect {
            try PostgreSQLConnection(options)
        } throws: { error in
            (error as? any LakeError)?.code == "database-unreachable"
        }
    }
}
