package import Access
import GatewayHTTP
import LakeModel

/// Where the door listens and what lies behind it.
package struct S3DoorConfiguration: Sendable {
    package var host: String
    /// 0 takes a free port.
    package var port: Int
    /// The one bucket.
    package var bucket: String
    /// `nil`: nobody is asked who they are, and the door listens on loopback only.
    package var registry: AccessRegistry?
    /// The folder of a namespace, relative to the fenced folder, to which a right over the namespace opens the way.
    package var folder: @Sendable ([String]) -> String
    package var limits: S3DoorLimits

    package init(
        host: String, port: Int, bucket: String, registry: AccessRegistry?,
        folder: @escaping @Sendable ([String]) -> String, limits: S3DoorLimits = S3DoorLimits()
    ) {
        self.host = host
        self.port = port
        self.bucket = bucket
        self.registry = registry
        self.folder = folder
        self.limits = limits
    }

    /// - Throws: ``GatewayError`` `authentication-required`, `listen-invalid`.
    package func validate() throws {
        let authentication = registry.map { TokenAuthentication($0) }
        try GatewayConfiguration(host: host, port: port, authentication: authentication).validate()
    }
}

/// Everything that a request may ask for at most.
package struct S3DoorLimits: Sendable, Hashable {
    /// Bytes of one PUT or one part: 5 GiB, as in S3.
    package var putBytesMax = 5 << 30
    /// Bytes of an XML body: 10,000 parts with their checksums.
    package var xmlBytesMax = 4 << 20
    package var partsMax = 10_000
    /// Bytes of every part but the last, as in S3: 5 MiB.
    package var partBytesMin = 5 << 20
    /// Multipart uploads that are open at once.
    package var uploadsMax = 1_000
    /// An upload that nobody completes is dropped after this time: a week.
    package var uploadSecondsMax: Int64 = 604_800
    package var listKeysMax = 1_000
    package var deleteKeysMax = 1_000
    /// Bodies that are written at once; the next one gets 503 `SlowDown`.
    package var writesMax = 64
    package var headerBytesMax = 32 << 10
    package var headersMax = 128
    package var idleSecondsMax = 120
    package var connectionsMax = 1_024
    package var drainBytesMax = 64 << 20
    package var retryAfterSeconds = 2

    package init() {}
}
