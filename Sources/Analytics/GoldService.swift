package import CatalogService
import LakeModel
package import Logging
import Metrics
package import ObjectStorage
internal import Synchronization

/// What is known of a gold table's last refresh.
package struct GoldStatus: Sendable, Hashable {
    package var name: String
    /// `nil` before the first.
    package var outcome: GoldOutcome?
    /// Milliseconds since 1970 UTC, of the last refresh that went well.
    package var refreshedMilliseconds: Int64?
    package var tookMilliseconds: Int64?
    /// Why the last one failed, if it did.
    package var failure: String?

    package init(name: String) { self.name = name }
}

/// Keeps gold tables up to date: after commits of their inputs, those that an input has changed for.
///
/// Nothing here reaches a writer: a failure is logged, counted and tried again after a pause.
package final class GoldService: Sendable {
    private let room: GoldRoom
    private let pool: BlockingPool
    private let logger: Logger
    private let schedule: Mutex<GoldSchedule>
    private let statuses: Mutex<[String: GoldStatus]>
    private let inputs: Set<TableIdentifier>
    private let turn = GoldTurn()
    private let others: PointerWatch?
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - signals: of all who commit to tables in this process.
    ///   - shared: the catalog, where other processes commit too: their commits are looked for in it.
    package init(
        room: GoldRoom, pool: BlockingPool, signals: [CommitSignals], shared: (any CatalogStore)? = nil, logger: Logger
    ) {
        self.room = room
        self.pool = pool
        self.logger = logger
        schedule = Mutex(GoldSchedule(limits: room.limits))
        let gold = room.book.model.gold
        statuses = Mutex(Dictionary(gold.map { ($0.name, GoldStatus(name: $0.name)) }) { first, _ in first })
        inputs = Set(room.book.tables(bearingOn: gold.map(\.name)))
            .filter { $0.namespace != GoldDeclaration.namespace }
        others = shared.map { [inputs] in PointerWatch(catalog: $0, tables: inputs.sorted { "\($0)" < "\($1)" }) }
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        for signal in signals {
            signal.listen { [weak self] table, _ in self?.committed(table) }
        }
    }

    private static let start = ContinuousClock.now
    private static var uptime: Int64 { Int64((ContinuousClock.now - start) / .milliseconds(1)) }

    private func committed(_ table: TableIdentifier) {
        guard inputs.contains(table) else { return }
        schedule.withLock { $0.committed(at: Self.uptime) }
        wake.yield()
    }

    /// Of every declared gold table, in the order in which they are made.
    package var status: [GoldStatus] {
        let known = statuses.withLock { $0 }
        return room.book.model.goldInOrder.compactMap { known[$0.name] }
    }

    /// Whether a gold table reflects its inputs now.
    package func isCurrent(_ name: String) async throws -> Bool { try await room.isCurrent(name) }

    // MARK: The loop

    /// Works until cancelled; once for each service.
    package func run() async {
        schedule.withLock { $0.committed(at: Self.uptime) }
        let check = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(room.limits.goldCheckSeconds))
                schedule.withLock { $0.committed(at: Self.uptime) }
                wake.yield()
            }
        }
        let look = others.map { others in Task { await follow(others) } }
        defer {
            check.cancel()
            look?.cancel()
        }
        wake.yield()
        var timer: Task<Void, Never>?
        for await _ in wakes {
            timer?.cancel()
            if Task.isCancelled { break }
            guard let due = schedule.withLock({ $0.dueAt }) else { continue }
            let wait = due - Self.uptime
            if wait <= 0 {
                await refreshDue()
                wake.yield()
            } else {
                timer = Task { [wake] in
                    try? await Task.sleep(for: .milliseconds(wait))
                    if !Task.isCancelled { wake.yield() }
                }
            }
        }
        timer?.cancel()
    }

    /// Notices commits of other processes.
    private func follow(_ others: PointerWatch) async {
        var watch = others
        var isFailing = false
        while !Task.isCancelled {
            do {
                for table in try await watch.moved() { committed(table) }
                isFailing = false
            } catch {
                if Task.isCancelled { return }
                if !isFailing {
                    logger.warning("commits of other processes can't be seen", metadata: ["error": "\(error)"])
                }
                isFailing = true
            }
            try? await Task.sleep(for: .milliseconds(room.limits.goldPollMilliseconds))
        }
    }

    private func refreshDue() async {
        schedule.withLock { $0.began() }
        let started = Self.uptime
        let isSound = await refreshAll()
        let ended = Self.uptime
        schedule.withLock { $0.ended(at: ended, tookMilliseconds: ended - started, failed: !isSound) }
    }

    /// Looks at every gold table once, each after those that it is made of.
    /// - Returns: `false` when something failed.
    @discardableResult
    package func refreshAll() async -> Bool {
        await turn.take {
            var failed: Set<String> = []
            for gold in room.book.model.goldInOrder {
                if Task.isCancelled { return true }
                if let input = gold.from.first(where: { failed.contains($0) }) {
                    failed.insert(gold.name)
                    note(gold.name) { $0.failure = "gold.\(input), which it is made of, could not be refreshed" }
                } else if !(await refresh(gold)) {
                    failed.insert(gold.name)
                }
            }
            return failed.isEmpty
        }
    }

    private func refresh(_ gold: GoldDeclaration) async -> Bool {
        let started = Self.uptime
        do {
            let outcome = try await GoldRefresh(gold, room: room, pool: pool).run()
            report(gold, outcome, tookMilliseconds: Self.uptime - started)
            return true
        } catch is CancellationError {
            return true
        } catch {
            if Task.isCancelled { return true }
            let known = statuses.withLock { $0[gold.name]?.failure }
            note(gold.name) { $0.failure = "\(error)" }
            count(gold.name, "failed")
            // One that lasts is told once.
            if known != "\(error)" {
                logger.error(
                    "a gold table could not be refreshed",
                    metadata: ["table": "gold.\(gold.name)", "error": "\(error)"])
            }
            return false
        }
    }

    private func report(_ gold: GoldDeclaration, _ outcome: GoldOutcome, tookMilliseconds: Int64) {
        let now = room.nowMilliseconds()
        note(gold.name) { status in
            status.failure = nil
            status.refreshedMilliseconds = now
            if outcome != .current || status.outcome == nil {
                status.outcome = outcome
                status.tookMilliseconds = tookMilliseconds
            }
        }
        let (word, rows): (String, Int)
        switch outcome {
        case .current: return count(gold.name, "current")
        case .unchanged(let count): (word, rows) = ("unchanged", count)
        case .written(let count): (word, rows) = ("written", count)
        }
        count(gold.name, word)
        Recorder(label: "dipper_gold_refresh_seconds", dimensions: [("table", gold.name)])
            .record(Double(tookMilliseconds) / 1_000)
        Gauge(label: "dipper_gold_rows", dimensions: [("table", gold.name)]).record(rows)
        logger.info(
            "gold refreshed",
            metadata: [
                "table": "gold.\(gold.name)", "outcome": "\(word)", "rows": "\(rows)",
                "milliseconds": "\(tookMilliseconds)",
            ])
    }

    private func count(_ name: String, _ outcome: String) {
        Counter(label: "dipper_gold_refreshes_total", dimensions: [("table", name), ("outcome", outcome)]).increment()
    }

    private func note(_ name: String, _ change: (inout GoldStatus) -> Void) {
        statuses.withLock { statuses in
            var status = statuses[name] ?? GoldStatus(name: name)
            change(&status)
            statuses[name] = status
        }
    }
}

/// One refresh of this process at a time: two at once would do the same work.
private actor GoldTurn {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take<Value: Sendable>(_ body: @Sendable () async -> Value) async -> Value {
        if isTaken {
            await withCheckedContinuation { waiting.append($0) }
        }
        isTaken = true
        let value = await body()
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
        return value
    }
}
