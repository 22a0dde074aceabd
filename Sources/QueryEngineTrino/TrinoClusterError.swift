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

    /// The cluster answered, but could not run the statement.
    static func failed(_ message: String, isRetryable: Bool) -> TrinoClusterError {
        TrinoClusterError(
            code: "cluster-failed", message: "the Trino cluster could not run the statement: \(message)",
            remedy: "look at the cluster's own page of queries", isRetryable: isRetryable)
    }

    static func unreadable(_ message: String, cause: (any Error)? = nil) -> TrinoClusterError {
        TrinoClusterError(
            code: "cluster-answer-unreadable", message: "the Trino cluster's answer cannot be read: \(message)",
            remedy: "cast the columns to types that the embedded engine has as well", cause: cause, isRetryable: false)
    }
}
