import AvroFormat
import Foundation
import GatewayHTTP
import HTTPTypes
import Testing

@Suite struct IcebergIdempotencyTests {
    private static let key = ["Idempotency-Key": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"]
    private static let change: [JSON] = [["action": "set-properties", "updates": ["a": "b"]]]

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a commit that comes again gets the first answer and has no effect`(
        backing: CatalogHarness.Backing
    ) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            try await client.createTable()
            let first = try await client.commit([], Self.change, headers: Self.key).ok()
            try await client.commit([], [["action": "set-properties", "updates": ["a": "c"]]]).ok()
            let again = try await client.commit([], Self.change, headers: Self.key).ok()
            #expect(again.text == first.text)
            #expect(try await client.load()["properties"]?["a"] == "c")
            try await client.commit([], [], headers: Self.key)
                .fails(422, "UnprocessableEntityException", "the idempotency key")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `requests of one key at the same time have one effect`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            let body: JSON = ["name": "t", "schema": CatalogClient.schema]
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await client.post("/namespaces/ns/tables", body, headers: Self.key).ok().text
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(answers.count == 1)
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `refusals and empty answers are kept, too`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            let body: JSON = ["namespace": ["ns"], "properties": ["a": "b"]]
            func keys(_ digit: Int) -> [String: String] {
                ["Idempotency-Key": "017f22e2-79b0-7cc3-98c4-dc0c0c07390\(digit)"]
            }
            let made = try await client.post("/namespaces", body, headers: keys(1)).ok()
            #expect(try await client.post("/namespaces", body, headers: keys(1)).ok().text == made.text)
            for _ in 0..<2 {
                try await client.post("/namespaces", body, headers: keys(2))
                    .fails(409, "AlreadyExistsException", "Namespace already exists: ns")
            }
            try await client.call(.delete, "/namespaces/ns", headers: keys(3)).ok(204)
            // The namespace is gone, but these requests have their answers.
            try await client.call(.delete, "/namespaces/ns", headers: keys(3)).ok(204)
            try await client.post("/namespaces", body, headers: keys(2))
                .fails(409, "AlreadyExistsException", "Namespace already exists: ns")
            try await client.call(.delete, "/namespaces/ns", headers: keys(4)).fails(
                404, "NoSuchNamespaceException", "")
        }
    }
}
