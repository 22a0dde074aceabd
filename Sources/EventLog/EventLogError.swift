package import LakeModel

/// What an event log refuses or fails with.
///
/// Codes: `record-too-large`, `append-too-large`, `append-empty`, `topic-invalid`, `record-id-invalid`,
/// `record-id-taken`, `idempotency-key-invalid`, `log-overloaded`, `log-corrupt`, `offset-trimmed`,
/// `append-state-unknown`, `log-closed`; of a log outside this process also `log-unreachable`, `log-refused`,
/// `log-option-invalid`, `log-partitions`, `append-in-progress`, `record-header-reserved`.
package struct EventLogError: LakeError {
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

    /// A stored record that is not what was written. It is never skipped: what comes after it may depend on it.
    package static func corrupt(topic: String, partition: Int, offset: Int64, _ reason: String) -> Self {
        Self(
            code: "log-corrupt",
            message: "the record at offset \(offset) of \(topic)/\(partition) is damaged: \(reason)",
            remedy:
                "stop the server and restore log, catalog and lake from copies of the same time; look at the disk. What was "
                + "worked before this offset is in the lake and stays there",
            place: Place(source: "\(topic)/\(partition)"))
    }

    /// A read before the first record that retention has left.
    package static func trimmed(topic: String, partition: Int, offset: Int64, startOffset: Int64) -> Self {
        Self(
            code: "offset-trimmed",
            message:
                "offset \(offset) of \(topic)/\(partition) is no longer kept; the first that is kept is \(startOffset)",
            remedy: "go on from offset \(startOffset), or load the files again from bronze",
            place: Place(source: "\(topic)/\(partition)"))
    }

    /// The answer to an append was lost: it may or may not be in the log.
    package static func stateUnknown(_ cause: any Error) -> Self {
        Self(
            code: "append-state-unknown", message: "the append was sent, but whether it is in the log is not known",
            remedy: "look up the record's id, or repeat the call with the same idempotency key", cause: cause,
            isRetryable: true)
    }
}
