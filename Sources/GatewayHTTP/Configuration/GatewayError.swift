package import LakeModel

/// What the gateway itself refuses. Errors of the services pass through with their own codes.
package struct GatewayError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?
    package var isRetryable: Bool
    /// The methods that a path answers to, for `method-not-allowed`.
    package var allowedMethods: [String]

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil,
        isRetryable: Bool = false, allowedMethods: [String] = []
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
        self.isRetryable = isRetryable
        self.allowedMethods = allowedMethods
    }
}
