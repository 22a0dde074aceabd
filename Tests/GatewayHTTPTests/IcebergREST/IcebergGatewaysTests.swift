import AvroFormat
import CatalogService
import Foundation
import GatewayHTTP
import HTTPTypes
import LakeTesting
import Testing

/// Two gateways over one catalog and one warehouse, as processes of a cluster are.
@Suite struct IcebergGatewaysTests {
    private static let backings = CatalogHarness.Backing.allCases.filter { $0 != .disk }

    private static func with(
        _ backing: CatalogHarness.Backing,
        _ test: @escaping @Sendable (CatalogClient, CatalogClient) async throws -> Void
    ) async throws {
        let first = try await CatalogHarness(backing)
        let second = try await CatalogHarness(beside: first)
        try await first.run { one in
            try await one.createNamespace()
            try await one.createTable()
            try await second.run { two in try await test(one, two) }
        }
    }

    @Test(arguments: backings)
    func `commits through both stand in one line, and none is lost`(backing: CatalogHarness.Backing) async throws {
        let commitsEach = 8
        try await Self.with(backing) { one, two in
            let acknowledged = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for writer in 0..<6 {
                    let client = writer.isMultiple(of: 2) ? one : two
                    group.addTask {
                        try await Self.write(commitsEach, by: Int64(writer), through: client)
                    }
                }
                return try await group.reduce(into: [Int64]()) { $0 += $1 }
            }
            for client in [one, two] {
                let snapshots = try await client.load()["snapshots"]?.array ?? []
                let ids = snapshots.compactMap { $0["snapshot-id"]?.integer }
                #expect(ids.sorted() == acknowledged.sorted())
                #expect(snapshots.map { $0["parent-snapshot-id"]?.integer } == [nil] + ids.dropLast().map { $0 })
                #expect(snapshots.map { $0["sequence-number"]?.integer } == (1...ids.count).map { Int64($0) })
            }
        }
    }

    /// Adds snapshots to `main`, each on what it finds there.
    private static func write(_ count: Int, by writer: Int64, through client: CatalogClient) async throws -> [Int64] {
        var done: [Int64] = []
        while done.count < count {
            let table = try await client.load()
            let parent = table["current-snapshot-id"]?.integer
            let id = writer * 1_000 + Int64(done.count) + 1
            let snapshot = CatalogClient.snapshot(
                id, parent: parent, sequence: (table["last-sequence-number"]?.integer ?? 0) + 1,
                time: Int64(Date().timeIntervalSince1970 * 1_000))
            let reply = try await client.commit(
                [CatalogClient.expectsRef(parent)], CatalogClient.append(snapshot, id: id))
            if reply.status == 200 {
                done.append(id)
            } else {
                #expect(reply.status == 409, "\(reply.text.prefix(500))")
            }
        }
        return done
    }

    @Test(arguments: backings)
    func `what came through one is answered by the other as it was the first time`(
        backing: CatalogHarness.Backing
    ) async throws {
        let key = ["Idempotency-Key": "017f22e2-79b0-7cc3-98c4-dc0c0c073a00"]
        let change: [JSON] = [["action": "set-properties", "updates": ["a": "b"]]]
        try await Self.with(backing) { one, two in
            let first = try await one.commit([], change, headers: key).ok()
            try await two.commit([], [["action": "set-properties", "updates": ["a": "c"]]]).ok()
            #expect(try await two.commit([], change, headers: key).ok().text == first.text)
            try await two.commit([], [], headers: key).fails(422, "UnprocessableEntityException", "the idempotency key")
            #expect(try await one.load()["properties"]?["a"] == "c")
        }
    }

    @Test(arguments: backings)
    func `one request sent to both at once has one effect and one answer`(backing: CatalogHarness.Backing) async throws
    {
        try await Self.with(backing) { one, two in
            for round in 0..<8 {
                let key = ["Idempotency-Key": "017f22e2-79b0-7cc3-98c4-dc0c0c073b0\(round)"]
                let body: JSON = ["name": .string("t\(round)"), "schema": CatalogClient.schema]
                async let left = one.post("/namespaces/ns/tables", body, headers: key)
                async let right = two.post("/namespaces/ns/tables", body, headers: key)
                let (a, b) = try await (left, right)
                #expect(a.ok().text == b.ok().text)
            }
        }
    }
}
