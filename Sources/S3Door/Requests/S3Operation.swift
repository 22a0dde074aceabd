/// What a request asks for, by method, path and query.
package enum S3Operation: String, Sendable, CaseIterable {
    case listBuckets, headBucket, bucketLocation, bucketVersioning, listObjects, listObjectsV2, listUploads
    case createBucket, deleteObjects
    case getObject, headObject, putObject, copyObject, deleteObject
    case createUpload, uploadPart, listParts, completeUpload, abortUpload

    /// Parts of S3 that have parameters of their own and are not provided.
    private static let foreign = [
        "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
        "legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy",
        "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select",
        "session", "tagging", "torrent", "versions", "website",
    ]

    /// Headers that would change what is stored. To take them and not to heed them would be worse than to refuse them.
    private static let foreignHeaders = [
        "x-amz-server-side-encryption-customer-algorithm", "x-amz-object-lock-mode",
        "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold", "x-amz-tagging",
        "x-amz-website-redirect-location", "x-amz-write-offset-bytes",
    ]

    /// - Throws: ``S3Error`` `NotImplemented`, `MethodNotAllowed`.
    package init(_ request: S3Request, isBucket: Bool, isService: Bool) throws {
        if let parameter = Self.foreign.first(where: { request.has($0) }) {
            throw S3Error.notImplemented("The parameter \(parameter)")
        }
        if let header = Self.foreignHeaders.first(where: { request.header($0) != nil }) {
            throw S3Error.notImplemented("The header \(header)")
        }
        if let version = request.parameter("versionId"), !version.isEmpty, version != "null" {
            throw S3Error.notImplemented("The parameter versionId")
        }
        if isService {
            guard request.method == "GET" || request.method == "HEAD" else { throw S3Error.methodNotAllowed }
            self = .listBuckets
        } else if isBucket {
            self = try Self.ofBucket(request)
        } else {
            self = try Self.ofObject(request)
        }
    }

    private static func ofBucket(_ request: S3Request) throws -> S3Operation {
        switch request.method {
        case "HEAD": return .headBucket
        case "PUT": return .createBucket
        case "POST" where request.has("delete"): return .deleteObjects
        case "GET":
            if request.has("location") { return .bucketLocation }
            if request.has("versioning") { return .bucketVersioning }
            if request.has("uploads") { return .listUploads }
            switch request.parameter("list-type") {
            case nil: return .listObjects
            case "2": return .listObjectsV2
            case .some(let type): throw S3Error.invalidArgument("list-type \(type.prefix(8)) is not known.")
            }
        default: throw S3Error.methodNotAllowed
        }
    }

    private static func ofObject(_ request: S3Request) throws -> S3Operation {
        let hasUpload = request.has("uploadId")
        switch request.method {
        case "GET": return hasUpload ? .listParts : .getObject
        case "HEAD": return .headObject
        case "DELETE": return hasUpload ? .abortUpload : .deleteObject
        case "POST" where request.has("uploads"): return .createUpload
        case "POST" where hasUpload: return .completeUpload
        case "PUT":
            let isCopy = request.header("x-amz-copy-source") != nil
            guard hasUpload || request.has("partNumber") else { return isCopy ? .copyObject : .putObject }
            guard !isCopy else { throw S3Error.notImplemented("A part that is copied of another object") }
            return .uploadPart
        default: throw S3Error.methodNotAllowed
        }
    }
}
