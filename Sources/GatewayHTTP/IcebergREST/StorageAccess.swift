package import Access
import HTTPTypes
import Hummingbird

/// How clients of the catalog reach the files of its tables, where that is not by the paths of this machine.
package struct StorageAccess: Sendable {
    /// What the locations begin with that this is for, for example `s3://lake/`.
    package var prefix: String
    /// The settings of Iceberg's file access for somebody: endpoint, keys, region. They hold the sender's own S3 access key, so
    /// that files are open as far as the tables are.
    package var settings: @Sendable (_ principal: Principal, _ host: String?) -> [String: String]
    /// Signs requests of clients that are to have no keys; `nil`: they need keys.
    package var signer: (any StorageSigning)?

    package init(
        prefix: String, signer: (any StorageSigning)? = nil,
        settings: @escaping @Sendable (_ principal: Principal, _ host: String?) -> [String: String]
    ) {
        self.prefix = prefix
        self.signer = signer
        self.settings = settings
    }

    /// Settings that open files.
    static let keyNames = ["s3.access-key-id", "s3.secret-access-key", "s3.session-token", expiryName]
    /// When keys that were lent end: milliseconds since 1970 UTC.
    static let expiryName = "s3.session-token-expires-at-ms"

    /// The settings of somebody who signs through the catalog. Where that is they take from their own address of the catalog, which
    /// may be a proxy's.
    func signingSettings(_ principal: Principal, _ host: String?) -> [String: String] {
        var settings = settings(principal, host)
        for name in Self.keyNames { settings[name] = nil }
        settings["s3.remote-signing-enabled"] = "true"
        settings["s3.signer"] = "S3V4RestSigner"
        settings["s3.signer.endpoint"] = IcebergRoutes.signingPath
        return settings
    }
}

extension IcebergRoutes {
    /// The settings that go with a table to whoever asks for it.
    func storageSettings(_ call: IcebergCall) -> [String: String] {
        guard let storage = configuration.storage else { return [:] }
        let (principal, host) = (call.request.principal, call.request.request.head.authority)
        if storage.signer != nil, Self.signsRemotely(call) { return storage.signingSettings(principal, host) }
        return storage.settings(principal, host)
    }

    /// Whether the client would rather have its requests signed than get keys.
    private static func signsRemotely(_ call: IcebergCall) -> Bool {
        let wishes = (HTTPField.Name("X-Iceberg-Access-Delegation").flatMap { call.request.headers[$0] } ?? "")
            .split { $0 == "," || $0 == " " }.map { $0.lowercased() }
        return wishes.contains("remote-signing") && !wishes.contains("vended-credentials")
    }

    /// The answer of the credentials endpoint: keys by what locations begin with.
    func credentials(_ call: IcebergCall) -> Response {
        guard let storage = configuration.storage else {
            return IcebergAnswer.json(.object(["storage-credentials": .array([])]))
        }
        return IcebergAnswer.json(
            .object([
                "storage-credentials": .array([
                    .object(["prefix": .string(storage.prefix), "config": .map(storageSettings(call))])
                ])
            ]))
    }
}
