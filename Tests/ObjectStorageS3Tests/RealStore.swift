import Foundation
import LakeTesting
import Logging
import ObjectStorage
import ObjectStorageS3

/// A real store, of which each test takes a prefix of its own.
enum RealStore {
    /// `http://KEY:SECRET@HOST:PORT/BUCKET`; `bin/test` starts one and sets it.
    static let environmentName = "DIPPER_S3"

    private static var address: String? { ProcessInfo.processInfo.environment[environmentName] }

    /// Whether there is one. Under `CI` there must be, so that no test is left out in silence.
    static var isThere: Bool { address != nil || ProcessInfo.processInfo.environment["CI"] != nil }

    struct Missing: Error, CustomStringConvertible {
        let description = "\(RealStore.environmentName) names no store; bin/test starts one"
    }

    /// - Parameter prefix: that of another store, to see the same objects.
    static func make(
        prefix: String = "test-\(UUID().uuidString.lowercased())", limits: S3StoreLimits = S3StoreLimits(),
        scratch: TemporaryFolder
    ) throws -> S3ObjectStore {
        guard let address, let url = URLComponents(string: address), let host = url.host, let port = url.port else {
            throw Missing()
        }
        var configuration = try S3StoreConfiguration(
            location: "s3:/\(url.path)/\(prefix)", endpoint: "http://\(host):\(port)", region: "us-east-1",
            scratchFolder: scratch.file("parts"))
        configuration.limits = limits
        let key = FixedCredentials(S3Credentials(accessKeyID: url.user ?? "", secretAccessKey: url.password ?? ""))
        return try S3ObjectStore(
            configuration, credentials: CredentialCache([key]) { Int64(Date().timeIntervalSince1970) },
            logger: Logger(label: "test"))
    }
}
