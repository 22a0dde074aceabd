import Access
import AvroFormat
import CatalogService
import HTTPTypes
import Iceberg

/// Rights over the catalog's routes.
extension IcebergRoutes {
    /// The rule of a route that declares none: the namespace of its path, to be read or, for any other method, to be written;
    /// without a namespace in the path it stays undeclared, which is closed.
    static func access(_ method: HTTPRequest.Method, _ path: RoutePath, separator: Character) -> RouteAccess {
        guard path.parameterNames.contains("namespace") else { return .undeclared }
        return namespace(method == .get || method == .head ? .read : .write, separator: separator)
    }

    static func namespace(_ right: AccessRight, separator: Character) -> RouteAccess {
        .namespaces(right) { request in
            [try IcebergCall(request: request, bytes: [], separator: separator).namespace]
        }
    }
}

extension IcebergCall {
    /// - Throws: ``GatewayError`` `forbidden`.
    func require(_ right: AccessRight, _ namespace: String) throws { try request.require(right, namespace) }

    /// Refuses locations of a client without every right that lie outside the folders of the namespaces it may write: a table
    /// there would open another namespace's files.
    /// - Throws: ``GatewayError`` `forbidden`.
    func requireLocations(_ locations: [String?], in catalog: LakehouseCatalog) throws {
        guard let namespaces = request.principal.namespaces(.write) else { return }
        for case let location? in locations {
            let isInside = namespaces.contains { levels in
                LocationPolicy.isInside(
                    location, folder: "\(catalog.locations.warehouse)/\(LakehouseCatalog.folder(ofNamespace: levels))")
            }
            guard isInside else {
                throw GatewayError(
                    code: "forbidden",
                    message: "the access token may not place anything at \(location.prefix(1024))",
                    remedy: "leave the location out, or choose one in the folder of a namespace that you may write")
            }
        }
    }

    /// Where metadata and the writers that follow its properties put files.
    func requireLocations(of metadata: TableMetadata, in catalog: LakehouseCatalog) throws {
        try requireLocations([metadata.location] + Self.locations(in: metadata.properties), in: catalog)
    }

    func requireLocations(of change: TableChange, in catalog: LakehouseCatalog) throws {
        try requireLocations(
            change.updates.flatMap { update -> [String?] in
                switch update {
                case .setLocation(let location): [location]
                case .setProperties(let properties): Self.locations(in: properties)
                default: []
                }
            }, in: catalog)
    }

    func requireLocations(of updates: [ViewUpdate], in catalog: LakehouseCatalog) throws {
        try requireLocations(
            updates.flatMap { update -> [String?] in
                switch update {
                case .setLocation(let location): [location]
                case .setProperties(let properties): Self.locations(in: properties)
                default: []
                }
            }, in: catalog)
    }

    /// The properties of tables, views and namespaces that name a folder.
    static func locations(in properties: [String: String]) -> [String?] {
        [
            "location", "write.metadata.path", "write.data.path", "write.object-storage.path",
            "write.folder-storage.path",
        ].map { properties[$0] }
    }
}
