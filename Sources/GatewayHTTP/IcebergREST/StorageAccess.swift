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

    package init(
        prefix: String, settings: @escaping @Sendable (_ principal: Principal, _ host: String?) -> [String: String]
    ) {
        self.prefix = prefix
        self.settings = settings
    }
}

extension IcebergRoutes {
    /// The settings that go with a table to whoever asks for it.
    func storageSettings(_ call: IcebergCall) -> [String: String] {
        configuration.storage?.settings(call.request.principal, call.request.request.head.authority) ?? [:]
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
