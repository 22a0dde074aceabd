package import LakeModel

/// What maintenance of a table fails with. What it refuses to do is no error but an outcome with a reason.
///
/// Codes: `location-outside`, `file-unsupported`, `rows-differ`, `commit-state-unknown`,
/// `maintenance-running`.
package struct MaintenanceError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?
    package var isRetryable: Bool

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil,
        isRetryable: Bool = false
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
        self.isRetryable = isRetryable
    }

    static func unsupported(_ message: String, location: String) -> Self {
        Self(
            code: "file-unsupported", message: message,
            remedy: "rewrite the file with the engine that wrote it; the table is maintained without it until then",
            place: Place(source: location))
    }
}
