import LakeModel

/// What keeps statements from a Trino cluster.
package struct TrinoClusterError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var cause: (any Error)?
    package var isRetryable: Bool

    static func unreachable(_ message: String, cause: (any Error)? = nil) -> TrinoClusterError {
        TrinoClusterError(
            code: "cluster-unreachable", message: message,
            remedy: "try again after the time that Retry-After names", cause: cause, isRetryable: true)
    }
}
