import Access
import CatalogService
import Foundation
import GatewayHTTP
import Ingestion
import Logging
import ObjectStorage
import S3Door
import Synchronization

/// Where the S3 door listens, known when it does.
final class S3DoorAddress: Sendable {
    private let port: Mutex<Int>
    private let endpoint: String?
    private let host: String

    /// - Parameter endpoint: what clients are told; by default the host that they asked the catalog at, with the door's port.
    init(host: String, port: Int, endpoint: String?) {
        self.host = host
        self.port = Mutex(port)
        self.endpoint = endpoint
    }

    func listens(on port: Int) { self.port.withLock { $0 = port } }

    /// - Parameter authority: host and port that a client asked the catalog at.
    func endpoint(authority: String?) -> String {
        if let endpoint { return endpoint }
        let asked = authority ?? host
        var name = asked[...]
        if asked.hasPrefix("["), let end = asked.firstIndex(of: "]") {
            name = asked[...end]
        } else if let colon = asked.lastIndex(of: ":"), asked.firstIndex(of: ":") == colon {
            name = asked[..<colon]
        }
        return "http://\(name.isEmpty ? host[...] : name):\(port.withLock { $0 })"
    }
}

extension DataFolder {
    /// The door to the warehouse.
    /// - Throws: `door-unneeded` for a lake in a bucket.
    func door(host: String, port: Int, registry: AccessRegistry?, logger: Logger) throws -> S3Door {
        guard case .local(let objects) = lakeObjects else {
            throw ClientError(
                code: "door-unneeded",
                message: "the lake lies in a bucket, which readers reach by the bucket's own store",
                remedy: "leave --s3-listen out")
        }
        return try S3Door(
            configuration: S3DoorConfiguration(
                host: host, port: port, bucket: location.bucket ?? LakeLocation.defaultBucket, registry: registry,
                folder: { LakehouseCatalog.folder(ofNamespace: $0) }),
            objects: FencedFolder(objects, folder: LakeTables.warehouseFolder),
            parts: try LocalObjectStore(root: path + "/s3-uploads"), logger: logger,
            nowSeconds: { Int64(Date().timeIntervalSince1970) })
    }

    /// What clients of the catalog are told about the door; `nil` for a lake whose locations are paths.
    func storageAccess(_ address: S3DoorAddress, registry: AccessRegistry?) -> StorageAccess? {
        guard let prefix = location.prefix else { return nil }
        return StorageAccess(prefix: prefix + "/", signer: signer(registry: registry)) { principal, authority in
            var settings = [
                "s3.endpoint": address.endpoint(authority: authority), "s3.path-style-access": "true",
                "client.region": S3Door.region, "s3.region": S3Door.region, "s3.remote-signing-enabled": "false",
            ]
            if let registry {
                if let key = registry.book.accessKey(of: principal) {
                    settings["s3.access-key-id"] = key.id
                    settings["s3.secret-access-key"] = key.secret
                }
            } else {
                // The door asks nobody, and clients insist on having something to sign with.
                settings["s3.access-key-id"] = "anybody"
                settings["s3.secret-access-key"] = "anybody"
            }
            return settings
        }
    }

    /// Signs requests to the door with the sender's own key, so that the door looks at their rights once more; whatever a client
    /// calls the door, the signature is good there alone.
    private func signer(registry: AccessRegistry?) -> RemoteSigner {
        RemoteSigner(
            bucket: location.bucket ?? LakeLocation.defaultBucket, keyPrefix: LakeTables.warehouseFolder + "/",
            folder: { LakehouseCatalog.folder(ofNamespace: $0) }, isEndpoint: { _ in true },
            key: { principal in
                guard let registry else { return RemoteSigner.Key(id: "anybody", secret: "anybody") }
                return registry.book.accessKey(of: principal).map { RemoteSigner.Key(id: $0.id, secret: $0.secret) }
            }, nowSeconds: { Int64(Date().timeIntervalSince1970) })
    }
}
