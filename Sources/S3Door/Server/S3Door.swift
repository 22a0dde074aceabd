import GatewayHTTP
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
package import ObjectStorage

/// An S3-compatible door to one folder of a local store: path style, signature version 4.
///
/// Objects are files. They are read by range, listed, copied and deleted; an object that comes, in one piece or in many, is
/// written beside and gets its name when it is whole and on disk.
///
/// Source: Amazon S3 API Reference, 2006-03-01.
package struct S3Door: Sendable {
    /// What clients are told to sign for. Any region is taken.
    package static let region = "us-east-1"

    private let configuration: S3DoorConfiguration
    private let responder: S3Responder
    private let logger: Logger

    /// - Parameters:
    ///   - objects: what is shown.
    ///   - parts: where parts of objects wait for the others; on the same disk, or not.
    ///   - nowSeconds: since 1970 UTC.
    /// - Throws: what ``S3DoorConfiguration/validate()`` throws.
    package init(
        configuration: S3DoorConfiguration, objects: FencedFolder, parts: LocalObjectStore, logger: Logger,
        nowSeconds: @escaping @Sendable () -> Int64
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        let limits = configuration.limits
        let doorObjects = DoorObjects(folder: objects)
        let slots = Slots(limits.writesMax)
        responder = S3Responder(
            configuration: configuration, authenticator: S3Authenticator(configuration.registry, now: nowSeconds),
            buckets: BucketHandlers(folder: objects, limits: limits, bucket: configuration.bucket),
            objects: ObjectHandlers(objects: doorObjects, limits: limits, slots: slots),
            uploads: UploadHandlers(
                uploads: MultipartUploads(parts: parts, objects: doorObjects, limits: limits, now: nowSeconds),
                limits: limits, slots: slots), keyPrefix: objects.keyPrefix)
    }

    /// The server as a service.
    /// - Parameter onRunning: gets the port once it listens.
    package func application(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> Application<S3Responder> {
        let limits = configuration.limits
        return Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionHandler(drainBytesMax: limits.drainBytesMax)],
                    idleTimeout: .seconds(Int64(limits.idleSecondsMax)),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: limits.headerBytesMax, maxHeaderListSize: limits.headerBytesMax,
                        maxHeaderFieldCount: limits.headersMax))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "dipper",
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connectionsMax)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}
