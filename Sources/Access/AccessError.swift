package import LakeModel

/// What is wrong with tokens, keys and rights as they stand in a file or on the command line.
///
/// Codes: `tokens-file-invalid`, `tokens-file-unreadable`, `tokens-file-unwritable`, `tokens-file-busy`, `key-file-invalid`,
/// `key-file-open`, `right-invalid`, `token-name-invalid`, `token-weak`, `token-exists`, `token-unknown`.
package struct AccessError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
    }
}
