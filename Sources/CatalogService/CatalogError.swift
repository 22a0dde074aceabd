import LakeModel

/// What the catalog refuses or fails with.
package struct CatalogError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var cause: (any Error)?
    package var isRetryable: Bool

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
