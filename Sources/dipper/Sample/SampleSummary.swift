package import LakeModel

/// What the generator wrote; the counts let a test foretell what a load accepts and rejects.
package struct SampleSummary: Sendable, Hashable, Codable {
    package struct File: Sendable, Hashable, Codable {
        /// The table that the file is for, and its name without `.csv`.
        package var table: String
        package var path: String
        /// Data rows, without the header.
        package var rows: Int
        package var bytes: Int
    }

    package var files: [File] = []
    package var missingNames = 0
    package var missingDatetimes = 0
    package var missingDepartments = 0
    package var missingJobs = 0
    /// Rows malformed on request.
    package var malformed = 0
}

/// What the sample generator refuses or fails with.
package struct SampleError: LakeError {
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
