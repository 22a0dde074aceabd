import LakeModel

/// What a cache fails with. Whoever asks a cache can do without it.
package struct CacheError: LakeError {
    package let code: String
    package let message: String
    package let remedy: String?
    package let cause: (any Error)?
    package let isRetryable: Bool

    package init(
        code: String, message: String, remedy: String? = nil, cause: (any Error)? = nil, isRetryable: Bool = false
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
        self.isRetryable = isRetryable
    }

    package static func unavailable(_ message: String, cause: (any Error)? = nil) -> CacheError {
        CacheError(
            code: "cache-unavailable", message: message,
            remedy: "check that the cache runs and can be reached; answers are computed meanwhile", cause: cause,
            isRetryable: true)
    }
}
