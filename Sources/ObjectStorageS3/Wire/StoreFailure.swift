import Foundation
import LakeModel
import ObjectStorage
import S3Protocol

/// A request that was not granted, after all of its attempts.
struct StoreFailure: Error, Sendable {
    /// 0 where there was no answer.
    var status: Int
    /// S3's name for it, for example `NoSuchKey`.
    var name: String
    var message: String
    var kind: AttemptFailure
    var retryAfterMilliseconds: Int?
    /// Whether the key is to be looked up anew before the next attempt.
    var refusesKey = false
    /// Whether this attempt may have been carried out all the same.
    var isOutcomeUnknown = false
    /// Whether an earlier attempt may have been carried out.
    var mayHaveBeenDone = false
    var attempts = 1

    init(_ failure: TransportFailure) {
        status = 0
        message = failure.message
        switch failure.kind {
        case .unreachable: (name, kind) = ("Unreachable", .transient)
        case .broken: (name, kind) = ("ConnectionBroken", .transient)
        case .timeout: (name, kind) = ("Timeout", .timeout)
        case .tooLong: (name, kind) = ("AnswerTooLong", .permanent)
        }
        isOutcomeUnknown = failure.kind == .broken || failure.kind == .timeout
    }

    /// An answer that arrived damaged.
    init(damaged message: String) {
        (status, name, self.message, kind) = (200, "ChecksumMismatch", message, .transient)
    }

    init(_ answer: TransportResponse) {
        // An answer of a proxy or of a HEAD has no document; its status says enough.
        let tree = answer.body.isEmpty ? nil : try? XMLTree(answer.body)
        let error = tree?.name == "Error" ? tree : tree?.child("Error")
        status = answer.status
        name = error?.child("Code")?.text ?? Self.name(ofStatus: answer.status)
        message = error?.child("Message")?.text ?? "status \(answer.status)"
        if let id = answer.header("x-amz-request-id") { message += " (request \(id.prefix(64)))" }
        if let region = answer.header("x-amz-bucket-region") { message += " (the bucket lies in \(region.prefix(32)))" }
        kind = Self.kind(status: answer.status, name: name)
        retryAfterMilliseconds = answer.header("retry-after").flatMap { Int($0) }.map { min($0, 3_600) * 1_000 }
        refusesKey = ["ExpiredToken", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId"].contains(name)
        isOutcomeUnknown = answer.status >= 500
    }

    private static func name(ofStatus status: Int) -> String {
        switch status {
        case 404: "NotFound"
        case 412: "PreconditionFailed"
        case 403: "AccessDenied"
        case 416: "InvalidRange"
        default: "Status\(status)"
        }
    }

    private static func kind(status: Int, name: String) -> AttemptFailure {
        switch name {
        case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests":
            return .throttled
        case "RequestTimeout", "OperationAborted", "ConditionalRequestConflict", "InternalError", "ServiceUnavailable",
            "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody":
            return .transient
        default: break
        }
        switch status {
        case 429, 503: return .throttled
        // A success with an error in its document: multipart uploads and copies end so.
        case 200, 408, 500, 502, 504: return .transient
        default: return .permanent
        }
    }

    var isMissing: Bool { status == 404 && name != "NoSuchBucket" && name != "NoSuchUpload" }

    /// What the failure is called by the store's callers.
    func error(_ key: String) -> ObjectStoreError {
        let place = Place(source: key)
        func made(
            _ code: String, _ remedy: String, isRetryable: Bool = false
        ) -> ObjectStoreError {
            ObjectStoreError(
                code: code,
                message: "the object store: \(name): \(message)" + (attempts > 1 ? " (\(attempts) attempts)" : ""),
                remedy: remedy, place: place, isRetryable: isRetryable)
        }
        switch (status, name) {
        case (_, "NoSuchBucket"): return made("bucket-missing", "create the bucket, or name another one")
        case (404, _) where isMissing: return .missing(key)
        case (412, _): return made("object-changed", "read it again and decide anew")
        case (403, _), (401, _): return made("access-denied", "check the key, its rights on the bucket, and the clock")
        case (301, _), (307, _), (400, "AuthorizationHeaderMalformed"):
            return made("region-wrong", "give the region of the bucket with --s3-store-region")
        case (507, _), (_, "QuotaExceeded"), (_, "XMinioStorageFull"):
            return made("disk-full", "make room in the object store", isRetryable: true)
        case (_, "ChecksumMismatch"): return made("object-damaged", "restore the object from a copy", isRetryable: true)
        default: break
        }
        switch kind {
        case .throttled: return made("storage-busy", "try again a little later", isRetryable: true)
        case .transient, .timeout:
            return made("storage-unavailable", "try again when the object store answers", isRetryable: true)
        case .permanent: return made("storage-failed", "see what the object store says")
        }
    }
}
