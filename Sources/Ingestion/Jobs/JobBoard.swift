/// Who waits for which job, and how far the running ones have got. What is here is never the truth about a job that has
/// ended: that is its receipt in the catalog.
actor JobBoard {
    private var progress: [String: JobReceipt.Progress] = [:]
    private var waiters: [String: [Int: CheckedContinuation<Void, Never>]] = [:]
    private var nextWaiter = 0

    func started(_ id: String) {
        if progress[id] == nil {
            progress[id] = JobReceipt.Progress(bytesDone: 0, rowsDone: 0, rowsPerSecond: 0, secondsLeft: nil)
        }
    }

    func advanced(_ id: String, _ now: JobReceipt.Progress) { progress[id] = now }

    func progress(of id: String) -> JobReceipt.Progress? { progress[id] }

    /// The receipts of `ids` are in the catalog.
    func finished(_ ids: [String]) {
        for id in ids {
            progress[id] = nil
            for waiter in (waiters.removeValue(forKey: id) ?? [:]).values { waiter.resume() }
        }
    }

    /// The load broke off and will be tried again.
    func stopped(_ id: String) { progress[id] = nil }

    /// Returns when the job has ended or `milliseconds` have passed. The caller looks at the catalog first and after:
    /// a job that ended in between is found there.
    func wait(for id: String, milliseconds: Int) async {
        let waiter = nextWaiter
        nextWaiter += 1
        await withCheckedContinuation { continuation in
            waiters[id, default: [:]][waiter] = continuation
            Task {
                try? await Task.sleep(for: .milliseconds(milliseconds))
                self.give(up: waiter, on: id)
            }
        }
    }

    private func give(up waiter: Int, on id: String) {
        guard let continuation = waiters[id]?.removeValue(forKey: waiter) else { return }
        if waiters[id]?.isEmpty == true { waiters[id] = nil }
        continuation.resume()
    }
}
