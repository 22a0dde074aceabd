/// What can go wrong with a call.
package enum Fault: String, Sendable, Hashable, CaseIterable {
    /// The call fails and nothing was done.
    case refused
    /// The call is done, its answer is lost.
    case answerLost = "answer-lost"
    /// The caller hears nothing, and the call is done later.
    case delayed
    /// The call is done and answered, and arrives once more later.
    case doubled
    /// The process is killed before the call does anything.
    case killBefore = "kill-before"
    /// The process is killed when the call is done, before its answer.
    case killAfter = "kill-after"
    /// Everything stops, and the disk forgets what was not synced; before the call.
    case powerLossBefore = "power-loss-before"
    case powerLossAfter = "power-loss-after"
}

/// A store's call, as faults and counters name it.
package enum StoreCall: String, Sendable, Hashable, CaseIterable {
    case append, readLog, commit, readCatalog, fence, apply, readOperational, diskStep, readObject, deleteObject

    /// The faults that make sense for the call.
    ///
    /// An object's steps fail, but are not done late or twice by the disk of the same machine.
    var faults: [Fault] {
        switch self {
        case .append, .commit:
            Fault.allCases
        case .apply, .fence:
            [.refused, .answerLost, .doubled, .killBefore, .killAfter, .powerLossBefore, .powerLossAfter]
        case .diskStep: [.refused, .killBefore, .killAfter, .powerLossBefore, .powerLossAfter]
        case .deleteObject: [.refused, .killBefore, .killAfter]
        case .readLog, .readCatalog, .readOperational, .readObject: [.refused, .killBefore]
        }
    }
}

/// A defect that is put into the world on purpose, to see that the checker finds it.
package enum Plant: String, Sendable, Hashable, CaseIterable {
    /// The log forgets idempotency keys: a write that is sent again is applied again.
    case doubleApply = "double-apply"
    /// The lake's commit keeps none of its three watermarks.
    case lostWatermark = "lost-watermark"
    /// A lost answer of a commit is told as a failure, so that the files of a commit that stands are deleted.
    case prematureDeletion = "premature-deletion"
    /// The catalog does not look at the fence.
    case unfencedWriter = "unfenced-writer"
    /// The object store leaves out an fsync of a file or a folder.
    case missingFsync = "missing-fsync"
    /// A commit that lost against a rewrite is put upon it as it is, with its position deletes of files that are gone.
    case replayedDeletes = "replayed-deletes"
}

/// What a call of a dead process gets; no code of the process may act on it.
struct ProcessKilled: Error {}
