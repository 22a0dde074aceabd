import LakeModel

/// What keeps a gold table from being brought up to date.
package struct GoldError: LakeError {
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
}
