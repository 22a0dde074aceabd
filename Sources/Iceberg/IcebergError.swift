package import LakeModel

/// What can go wrong with table metadata, manifests, commits and scans.
package struct IcebergError: LakeError {
    /// Stable names of the errors of this target.
    package enum Code: String, Sendable {
        /// Table metadata that breaks the specification.
        case metadataInvalid = "table-metadata-invalid"
        /// A manifest or manifest list that breaks the specification.
        case manifestInvalid = "manifest-invalid"
        /// A format version, type or feature that this build does not know.
        case unsupported = "iceberg-unsupported"
        /// A table update that cannot be applied to its metadata.
        case updateInvalid = "table-update-invalid"
        /// A table requirement that does not hold: another commit came first.
        case requirementFailed = "requirement-failed"
        /// A commit whose content contradicts the table, for example a removed file that is not live.
        case commitInvalid = "commit-invalid"
        /// A snapshot or reference that the table does not have.
        case snapshotMissing = "snapshot-missing"
        /// An expression that names no column of the table or compares it with another type.
        case expressionInvalid = "expression-invalid"
        /// A file that metadata names and storage does not have.
        case fileMissing = "file-missing"
        /// A file that was to be created and is there already.
        case fileExists = "file-exists"
    }

    package let kind: Code
    package let message: String
    package let remedy: String?
    package let place: Place?
    package let cause: (any Error)?

    package init(
        _ kind: Code, _ message: String, location: String? = nil, remedy: String? = nil, cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.message = message
        self.remedy = remedy
        self.place = location.map { Place(source: $0) }
        self.cause = cause
    }

    package var code: String { kind.rawValue }

    /// A requirement fails when another commit came first; on the newer metadata the same change may pass.
    package var isRetryable: Bool { kind == .requirementFailed }
}
