import Access
import GatewayHTTP
import HTTPTypes
package import Hummingbird
import Logging
import Metrics
import NIOCore
import ObjectStorage

/// The channel and the logger of a request.
package struct S3Context: InitializableFromSource, Sendable {
    let channel: any Channel
    let logger: Logger

    package init(source: ApplicationRequestContextSource) {
        channel = source.channel
        logger = source.logger
    }
}

/// Finds out who sent a request and what it asks for, has it done, and tells errors as S3 does.
package struct S3Responder: HTTPResponder {
    package typealias Context = S3Context

    let configuration: S3DoorConfiguration
    let authenticator: S3Authenticator
    let buckets: BucketHandlers
    let objects: ObjectHandlers
    let uploads: UploadHandlers
    let keyPrefix: String

    package func respond(to request: Request, context: S3Context) async throws -> Response {
        let start = ContinuousClock.now
        let requestID = Self.requestID()
        var outcome = Outcome()
        var response: Response
        do {
            response = try await answer(request, context, &outcome)
        } catch let error as CancellationError {
            throw error
        } catch {
            let failure = (error as? GatewayError).map { Self.refusal($0) } ?? S3Error.of(error)
            outcome.code = failure.name
            if failure.status >= 500, failure.name != "NotImplemented" {
                context.logger.error(
                    "s3 request failed",
                    metadata: ["code": .string(failure.name), "cause": "\(failure.cause ?? error)"])
            }
            response = S3Answers.failure(
                failure, resource: request.uri.path, requestID: requestID, limits: configuration.limits)
        }
        response.headers.set("x-amz-request-id", requestID)
        response.headers[.xContentTypeOptions] = "nosniff"
        if request.method == .head { response = response.createHeadResponse() }
        note(request, response, outcome, after: .now - start, context.logger)
        return response
    }

    private struct Outcome {
        var operation: S3Operation?
        var sender: String?
        var code: String?
    }

    private func answer(_ request: Request, _ context: S3Context, _ outcome: inout Outcome) async throws -> Response {
        var headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        headers.append((name: "host", value: request.head.authority ?? ""))
        let head = try S3Request(
            method: request.method.rawValue, target: request.head.path ?? "/", headers: headers)
        if configuration.registry == nil { try SiteGuard.check(request.head) }
        let sender = try authenticator.sender(of: head)
        outcome.sender = sender.principal.name
        let (bucket, key) = try head.resource()
        let operation = try S3Operation(head, isBucket: bucket != nil && key.isEmpty, isService: bucket == nil)
        outcome.operation = operation
        if let bucket, bucket != configuration.bucket { throw S3Error.noSuchBucket }
        let channel = context.channel
        let expects = head.header("expect")?.lowercased() == "100-continue"
        let call = S3Call(
            head: head, bucket: bucket ?? "", key: key, sender: sender,
            rights: KeyRights(principal: sender.principal, keyPrefix: keyPrefix, folder: configuration.folder),
            body: request.body,
            continueBody: { if expects { channel.triggerUserOutboundEvent(ContinueEvent(), promise: nil) } })
        return try await perform(operation, call)
    }

    private func perform(_ operation: S3Operation, _ call: S3Call) async throws -> Response {
        switch operation {
        case .listBuckets: return buckets.buckets()
        case .headBucket:
            var headers: HTTPFields = [:]
            headers.set("x-amz-bucket-region", S3Door.region)
            return S3Answers.empty(200, headers: headers)
        case .bucketLocation: return buckets.location()
        case .bucketVersioning: return buckets.versioning()
        case .listObjects: return try await buckets.listV1(call)
        case .listObjectsV2: return try await buckets.listV2(call)
        case .listUploads: return try await uploads.listAll(call)
        case .createBucket:
            throw S3Error("BucketAlreadyOwnedByYou", 409, "The bucket is there already; it is the only one.")
        case .deleteObjects: return try await objects.deleteMany(call)
        case .getObject, .headObject: return try await objects.get(call)
        case .putObject: return try await objects.put(call)
        case .copyObject: return try await objects.copy(call)
        case .deleteObject: return try await objects.delete(call)
        case .createUpload: return try await uploads.create(call)
        case .uploadPart: return try await uploads.part(call)
        case .listParts: return try await uploads.list(call)
        case .completeUpload: return try await uploads.complete(call)
        case .abortUpload: return try await uploads.abort(call)
        }
    }

    private static func refusal(_ error: GatewayError) -> S3Error {
        switch error.code {
        case "host-refused", "origin-refused": S3Error("AccessDenied", 403, error.message)
        default: S3Error.of(error)
        }
    }

    private static func requestID() -> String {
        var generator = SystemRandomNumberGenerator()
        return Hex.text((0..<8).map { _ in UInt8.random(in: 0...255, using: &generator) }).uppercased()
    }

    private func note(
        _ request: Request, _ response: Response, _ outcome: Outcome, after duration: Duration, _ logger: Logger
    ) {
        let operation = outcome.operation?.rawValue ?? "unknown"
        Counter(
            label: "dipper_s3_requests_total",
            dimensions: [("operation", operation), ("status", String(response.status.code))]
        ).increment()
        var metadata: Logger.Metadata = [
            "operation": .string(operation), "status": .stringConvertible(response.status.code),
            "milliseconds": .stringConvertible(
                Double(duration.components.seconds) * 1_000
                    + Double(duration.components.attoseconds / 1_000_000_000_000) / 1_000),
        ]
        if let sender = outcome.sender { metadata["sender"] = .string(sender) }
        if let code = outcome.code { metadata["code"] = .string(code) }
        logger.info("s3 request", metadata: metadata)
    }
}
