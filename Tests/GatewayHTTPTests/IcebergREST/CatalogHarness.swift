import AvroFormat
import CatalogPostgreSQL
import CatalogService
import Foundation
import GatewayHTTP
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import LakeTesting
import NIOCore
import ObjectStorage
import PostgreSQLSupport
import Testing

typealias JSON = AvroFormat.JSONValue

/// The catalog on a gateway, over the stores in memory, over SQLite and a folder, or over PostgreSQL.
struct CatalogHarness: Sendable {
    enum Backing: Sendable, CaseIterable {
        case memory, disk, postgreSQL

        /// With PostgreSQL where there is one; under `CI` there must be.
        static var allCases: [Backing] {
            PostgreSQLSchema.hasServer ? [.memory, .disk, .postgreSQL] : [.memory, .disk]
        }
    }

    let store: any CatalogStore
    let objects: any ObjectStore
    let catalog: LakehouseCatalog
    let warehouse: String
    private let folder: TemporaryFolder?
    private let schema: TemporarySchema?

    init(_ backing: Backing = .memory) async throws {
        schema = backing == .postgreSQL ? try TemporarySchema() : nil
        switch backing {
        case .memory:
            folder = nil
            store = MemoryCatalogStore()
            objects = MemoryObjectStore(locationPrefix: "file:///lake")
        case .disk:
            let folder = try TemporaryFolder()
            self.folder = folder
            store = try SQLiteCatalogStore(path: folder.file("catalog.sqlite"))
            objects = try LocalObjectStore(root: folder.file("lake"))
        case .postgreSQL:
            folder = nil
            store = try await PostgreSQLCatalogStore(try #require(schema).options)
            objects = MemoryObjectStore(locationPrefix: "file:///lake")
        }
        warehouse = objects.locationPrefix + "/warehouse"
        catalog = Self.catalog(store, objects, warehouse)
    }

    /// Another process over what `other` is over.
    init(beside other: CatalogHarness) async throws {
        folder = other.folder
        schema = other.schema
        if let schema { store = try await PostgreSQLCatalogStore(schema.options) } else { store = other.store }
        objects = other.objects
        warehouse = other.warehouse
        catalog = Self.catalog(store, objects, warehouse)
    }

    /// The same over a store that stands before `other`'s.
    init(_ other: CatalogHarness, store: any CatalogStore) {
        folder = other.folder
        schema = other.schema
        self.store = store
        objects = other.objects
        warehouse = other.warehouse
        catalog = Self.catalog(store, objects, warehouse)
    }

    private static func catalog(
        _ store: any CatalogStore, _ objects: any ObjectStore, _ warehouse: String
    ) -> LakehouseCatalog {
        LakehouseCatalog(
            store: store, io: ObjectStoreFileIO(objects), locations: LocationPolicy(warehouse: warehouse),
            nowMilliseconds: { Int64(Date().timeIntervalSince1970 * 1_000) })
    }

    func run(
        authentication: (any RequestAuthenticating)? = nil,
        configuration: IcebergConfiguration = IcebergConfiguration(),
        _ test: @escaping @Sendable (CatalogClient) async throws -> Void
    ) async throws {
        let routes = IcebergRoutes(
            catalog: catalog, configuration: configuration, authentication: authentication
        ).routes
        let harness = try Harness(authentication: authentication, routes: routes)
        try await harness.run { client in try await test(CatalogClient(client: client)) }
    }
}

/// What a call of the catalog was answered.
struct Reply: Sendable {
    var status: Int
    var headers: HTTPFields
    var text: String
    var json: JSON

    subscript(key: String) -> JSON? { json[key] }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// Expects a success.
    @discardableResult func ok(_ wanted: Int = 200, sourceLocation: SourceLocation = #_sourceLocation) -> Reply {
        #expect(status == wanted, "\(text.prefix(2_000))", sourceLocation: sourceLocation)
        return self
    }

    /// Expects an error in the catalog's form.
    func fails(
        _ wanted: Int, _ type: String, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = json["error"]
        #expect(status == wanted, "\(text.prefix(2_000))", sourceLocation: sourceLocation)
        #expect(error?["code"]?.integer == Int64(wanted), sourceLocation: sourceLocation)
        #expect(error?["type"]?.text == type, sourceLocation: sourceLocation)
        let found = error?["message"]?.text ?? ""
        #expect(found.hasPrefix(message), "\(found)", sourceLocation: sourceLocation)
    }
}

/// Calls of the catalog as a client makes them.
struct CatalogClient: Sendable {
    let client: any TestClientProtocol

    func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSON? = nil, headers: [String: String] = [:]
    ) async throws -> Reply {
        var fields: HTTPFields = [:]
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        if body != nil { fields[.contentType] = "application/json" }
        let response = try await client.execute(
            uri: "/catalog/v1" + path, method: method, headers: fields,
            body: body.map { ByteBuffer(bytes: $0.serialized()) })
        let text = String(buffer: response.body)
        return Reply(
            status: response.status.code, headers: response.headers, text: text,
            json: text.isEmpty ? .null : (try? JSON.parse(text)) ?? .null)
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Reply {
        try await call(.get, path, headers: headers)
    }

    func post(_ path: String, _ body: JSON, headers: [String: String] = [:]) async throws -> Reply {
        try await call(.post, path, body, headers: headers)
    }

    /// Asks the token endpoint.
    func form(_ text: String) async throws -> Reply {
        let response = try await client.execute(
            uri: "/catalog/v1/oauth/tokens", method: .post,
            headers: [.contentType: "application/x-www-form-urlencoded"], body: ByteBuffer(string: text))
        let text = String(buffer: response.body)
        return Reply(
            status: response.status.code, headers: response.headers, text: text, json: (try? JSON.parse(text)) ?? .null)
    }

    func delete(_ path: String) async throws -> Reply { try await call(.delete, path) }

    func head(_ path: String) async throws -> Int { try await call(.head, path).status }

    // MARK: Things that many tests need

    /// Two columns, with ids that the catalog is expected to replace.
    static let schema: JSON = [
        "type": "struct", "schema-id": 0,
        "fields": [
            ["id": 3, "name": "id", "type": "int", "required": true],
            ["id": 4, "name": "data", "type": "string", "required": false],
        ],
    ]

    func createNamespace(_ name: String = "ns") async throws {
        try await post("/namespaces", ["namespace": [.string(name)]]).ok()
    }

    @discardableResult func createTable(
        _ name: String = "t", in namespace: String = "ns", properties: JSON = [:]
    ) async throws -> Reply {
        try await post(
            "/namespaces/\(namespace)/tables",
            ["name": .string(name), "schema": Self.schema, "properties": properties]
        ).ok()
    }

    /// Commits to the table `t`.
    func commit(
        _ requirements: [JSON], _ updates: [JSON], headers: [String: String] = [:]
    ) async throws -> Reply {
        try await commit("t", requirements, updates, headers: headers)
    }

    func commit(
        _ name: String, in namespace: String = "ns", _ requirements: [JSON], _ updates: [JSON],
        headers: [String: String] = [:]
    ) async throws -> Reply {
        try await post(
            "/namespaces/\(namespace)/tables/\(name)",
            ["requirements": .array(requirements), "updates": .array(updates)], headers: headers)
    }

    func load(_ name: String = "t", in namespace: String = "ns") async throws -> JSON {
        try await get("/namespaces/\(namespace)/tables/\(name)").ok()["metadata"] ?? .null
    }

    static func snapshot(_ id: Int64, parent: Int64? = nil, sequence: Int64, time: Int64) -> JSON {
        var members: [(String, JSON)] = [
            ("snapshot-id", .integer(id)), ("sequence-number", .integer(sequence)), ("timestamp-ms", .integer(time)),
            ("manifest-list", .string("file:///lake/warehouse/ns/t/metadata/snap-\(id).avro")),
            ("summary", ["operation": "append"]), ("schema-id", 0),
        ]
        if let parent { members.append(("parent-snapshot-id", .integer(parent))) }
        return .object(JSONObject(members))
    }

    static func append(_ snapshot: JSON, id: Int64, to ref: String = "main") -> [JSON] {
        [
            ["action": "add-snapshot", "snapshot": snapshot],
            [
                "action": "set-snapshot-ref", "ref-name": .string(ref), "type": "branch", "snapshot-id": .integer(id),
            ],
        ]
    }

    static func expectsRef(_ id: Int64?, _ ref: String = "main") -> JSON {
        ["type": "assert-ref-snapshot-id", "ref": .string(ref), "snapshot-id": id.map { .integer($0) } ?? .null]
    }
}
