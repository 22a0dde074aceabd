import LakeModel

/// What a caller of a named analytic did wrong, or a declaration.
///
/// Codes: `analytic-unknown`, `analytic-invalid`, `parameter-missing`, `parameter-unknown`, `parameter-invalid`,
/// `parameter-out-of-range`, `page-invalid`.
package struct AnalyticsError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?

    package init(code: String, message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}
