import Access
import Foundation
import GatewayHTTP
import Ingestion
import LakeModel
import Logging
import ObjectStorage
import ObjectStorageS3

/// The object store of a data folder: its own disk, or a bucket.
enum LakeObjects: Sendable {
    case local(LocalObjectStore)
    case bucket(S3ObjectStore)

    var store: any ObjectStore {
        switch self {
        case .local(let store): store
        case .bucket(let store): store
        }
    }

    /// Where queries find the file of a location; `nil` for one that is not the lake's.
    /// - Parameter folder: the data folder.
    func queryPath(forLocation location: String, folder: String) -> String? {
        switch self {
        case .local(let store): return store.localPath(forLocation: location)
        case .bucket(let store):
            let prefix = store.locationPrefix + "/"
            guard location.hasPrefix(prefix) else { return nil }
            return "\(folder)/\(DataFolder.queryCacheName)/\(location.dropFirst(prefix.count))"
        }
    }

    /// Opens the store, and remembers where it is.
    /// - Parameters:
    ///   - root: the data folder, which remembers the choice.
    ///   - lakeFolder: of a lake on this disk.
    ///   - location: what a new lake's locations begin with, for one on this disk.
    ///   - sharesCatalog: whether other folders may know the same tables, so that several belong to one lake.
    static func open(
        in root: String, lakeFolder: String, choice: ObjectChoice, location: LakeLocation, sharesCatalog: Bool,
        isNew: Bool
    ) async throws -> LakeObjects {
        let mark = try ObjectMark(folder: root, choice: choice, isNew: isNew)
        guard let configuration = try mark.choice.configuration(scratchFolder: root + "/tmp/parts") else {
            return .local(try LocalObjectStore(root: lakeFolder, locationPrefix: location.prefix))
        }
        guard location.bucket == nil else {
            throw ClientError(
                code: "location-fixed", message: "--location is for lakes on this machine's disk",
                remedy: "leave it out: the locations of a lake in a bucket begin with the bucket's")
        }
        let credentials = CredentialCache(
            CredentialCache.sources(
                file: mark.choice.credentialsFile, environment: ProcessInfo.processInfo.environment,
                region: configuration.region, transport: HTTPTransport()),
            nowSeconds: { Int64(Date().timeIntervalSince1970) })
        let store = try S3ObjectStore(configuration, credentials: credentials, logger: Logger(label: "dipper.s3"))
        try await store.verify()
        try mark.leave(lake: try await settle(store, known: mark.lake, sharesCatalog: sharesCatalog))
        return .bucket(store)
    }

    /// The object that says whose lake lies below a prefix. Two lakes in one place would take each other's files for orphans.
    static let ownerKey = "dipper-lake"
    private static let ownerBytesMax = 64

    /// Finds the lake that the folder belongs to in the bucket, or begins one.
    /// - Parameter known: the id that the folder remembers.
    /// - Returns: the lake's id.
    /// - Throws: `bucket-taken` when another lake lies there.
    static func settle(_ store: any ObjectStore, known: String?, sharesCatalog: Bool) async throws -> String {
        let id = known ?? UUID().uuidString.lowercased()
        do {
            try await store.put(ownerKey, bytes: Array(id.utf8), ifAbsent: true)
            return id
        } catch let error as ObjectStoreError where error.code == "object-exists" {
            let found = String(decoding: try await store.get(ownerKey, bytesMax: ownerBytesMax), as: UTF8.self)
            if found == known || (known == nil && sharesCatalog) { return found }
            throw ClientError(
                code: "bucket-taken", message: "another lake, \(found), lies at \(store.locationPrefix)",
                remedy: "name another prefix; or, if that lake is given up for good, delete \(ownerKey) there")
        }
    }
}

extension DataFolder {
    static let queryCacheName = "query-cache"
    static let queryCacheBytesDefault = 20 << 30

    /// Where queries find the lake's files. Those of a bucket are fetched into the data folder.
    func queryFiles(cacheBytesMax: Int = queryCacheBytesDefault) async throws -> QueryFiles {
        switch lakeObjects {
        case .local(let store): .local(store)
        case .bucket(let store):
            .cached(try await ObjectCache(store, folder: "\(path)/\(Self.queryCacheName)", bytesMax: cacheBytesMax))
        }
    }

    /// Between two looks at what is left behind in the bucket.
    private static let sweepSeconds: Int64 = 6 * 3_600

    /// Clears away what crashed processes left in the bucket, now and then, until cancelled.
    func careForObjects(_ logger: Logger) async {
        while !Task.isCancelled {
            if case .bucket(let store) = lakeObjects { await Self.sweep(store, logger) }
            do {
                try await Task.sleep(for: .seconds(Self.sweepSeconds))
            } catch {
                return
            }
        }
    }

    private static func sweep(_ store: S3ObjectStore, _ logger: Logger) async {
        do {
            let swept = try await store.sweep()
            if swept != .init() {
                logger.notice(
                    "cleared unfinished uploads away",
                    metadata: ["uploads": "\(swept.uploads)", "objects": "\(swept.objects)"])
            }
        } catch {
            logger.warning("unfinished uploads could not be cleared away", metadata: ["error": "\(error)"])
        }
    }

    /// How clients of the catalog reach the bucket, without keys; nothing for a lake on this disk.
    func bucketSettings(endpoint: String?) -> [String: String] {
        guard case .bucket(let store) = lakeObjects else { return [:] }
        let configuration = store.configuration
        return [
            "s3.endpoint": endpoint ?? "\(configuration.endpoint)",
            "s3.path-style-access": "\(configuration.usesPathStyle)", "client.region": configuration.region,
            "s3.region": configuration.region, "s3.remote-signing-enabled": "false",
        ]
    }

    /// What clients of the catalog are told about the bucket; `nil` for a lake on this disk.
    /// - Parameters:
    ///   - credentialsFile: keys for clients. They open the whole bucket, so only those get them who may read and write
    ///     everything.
    func bucketAccess(endpoint: String?, credentialsFile: String?) throws -> StorageAccess? {
        guard case .bucket(let store) = lakeObjects else { return nil }
        let common = bucketSettings(endpoint: endpoint)
        let keys = try credentialsFile.flatMap {
            try SharedFileCredentials(path: $0, isRequired: true).load()
        }
        return StorageAccess(prefix: store.locationPrefix + "/") { principal, _ in
            var settings = common
            if let keys, principal.mayEverywhere(.write) {
                settings["s3.access-key-id"] = keys.accessKeyID
                settings["s3.secret-access-key"] = keys.secretAccessKey
                settings["s3.session-token"] = keys.sessionToken
            }
            return settings
        }
    }

    /// Whether the bucket answers, for the server's own readiness.
    var objectsReadiness: [ReadinessCheck] {
        guard case .bucket(let store) = lakeObjects else { return [] }
        return [ReadinessCheck(name: "objects") { try await store.ping() }]
    }
}
