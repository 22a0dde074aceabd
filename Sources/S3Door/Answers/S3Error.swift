import LakeModel

/// What the door refuses: S3's own code with its status, and a message.
package struct S3Error: LakeError {
    /// S3's name for it, for example `NoSuchKey`; ``code`` is the same in kebab case.
    package var name: String
    package var status: Int
    package var message: String
    package var remedy: String?
    package var cause: (any Error)?
    package var isRetryable: Bool
    /// The size of an object whose range could not be satisfied.
    package var byteCount: Int?

    package init(
        _ name: String, _ status: Int, _ message: String, remedy: String? = nil, cause: (any Error)? = nil,
        isRetryable: Bool = false, byteCount: Int? = nil
    ) {
        self.name = name
        self.status = status
        self.message = message
        self.remedy = remedy
        self.cause = cause
        self.isRetryable = isRetryable
        self.byteCount = byteCount
    }

    package var code: String {
        name.reduce(into: "") { text, character in
            if character.isUppercase, !text.isEmpty { text += "-" }
            text += character.lowercased()
        }
    }
}

extension S3Error {
    package static let accessDenied = S3Error("AccessDenied", 403, "Access Denied")
    package static let signatureMismatch = S3Error(
        "SignatureDoesNotMatch", 403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    )
    package static let unknownKeyID = S3Error(
        "InvalidAccessKeyId", 403, "The access key id you provided does not exist in our records.")
    package static let noSuchKey = S3Error("NoSuchKey", 404, "The specified key does not exist.")
    package static let noSuchBucket = S3Error("NoSuchBucket", 404, "The specified bucket does not exist")
    package static let noSuchUpload = S3Error(
        "NoSuchUpload", 404,
        "The specified multipart upload does not exist. It may have been aborted or completed.")
    package static let preconditionFailed = S3Error(
        "PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
    package static let malformedXML = S3Error("MalformedXML", 400, "The XML you provided was not well-formed or valid.")
    package static let entityTooLarge = S3Error(
        "EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed object size.")
    package static let incompleteBody = S3Error(
        "IncompleteBody", 400, "You did not provide the number of bytes that the request announced.")
    package static let methodNotAllowed = S3Error(
        "MethodNotAllowed", 405, "The specified method is not allowed against this resource.")

    package static func invalidArgument(_ message: String) -> S3Error { S3Error("InvalidArgument", 400, message) }

    package static func invalidRequest(_ message: String) -> S3Error { S3Error("InvalidRequest", 400, message) }

    package static func notImplemented(_ what: String) -> S3Error {
        S3Error("NotImplemented", 501, "\(what) is not provided here.")
    }

    package static func malformedAuthorization(_ message: String) -> S3Error {
        S3Error("AuthorizationHeaderMalformed", 400, message)
    }

    /// What an error of storage is called in S3.
    static func of(_ error: any Error) -> S3Error {
        if let error = error as? S3Error { return error }
        guard let error = error as? any LakeError else {
            return S3Error("InternalError", 500, "We encountered an internal error. Please try again.", cause: error)
        }
        return switch error.code {
        case "object-missing": noSuchKey
        case "access-denied": accessDenied
        case "key-invalid": invalidArgument(error.message)
        case "key-conflict": invalidRequest(error.message)
        case "disk-full":
            S3Error(
                "ServiceUnavailable", 503, "The disk is full. Please try again later.", cause: error, isRetryable: true)
        case "overloaded": S3Error("SlowDown", 503, "Please reduce your request rate.", cause: error, isRetryable: true)
        case "body-truncated": incompleteBody
        default: S3Error("InternalError", 500, "We encountered an internal error. Please try again.", cause: error)
        }
    }
}
