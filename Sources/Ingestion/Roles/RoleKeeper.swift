package import CatalogService
internal import Foundation
package import Logging
internal import Metrics

/// Does the work of the roles that this process has at the moment, and stands by for the others.
package final class RoleKeeper: Sendable {
    package typealias Work = @Sendable () async -> Void

    /// Milliseconds after which the roles of a process that has died go to others.
    package static let leaseMillisecondsDefault = 6_000
    private static let stepMilliseconds = 25

    private let store: any LeaseStore
    private let holder: String
    private let leaseMilliseconds: Int
    private let roles: [(name: String, work: Work)]
    private let logger: Logger

    /// - Parameter roles: each with work that goes on until it is cancelled.
    package init(
        store: any LeaseStore, roles: [(name: String, work: Work)],
        leaseMilliseconds: Int = leaseMillisecondsDefault, logger: Logger
    ) {
        self.store = store
        self.roles = roles
        self.leaseMilliseconds = leaseMilliseconds
        self.logger = logger
        holder = UUID().uuidString.lowercased()
    }

    private static func now() -> Int64 { Int64(ProcessInfo.processInfo.systemUptime * 1_000) }

    /// Works until cancelled; then gives the roles back.
    package func run() async {
        var book = LeaseBook(roles: roles.map(\.name), milliseconds: Int64(leaseMilliseconds))
        let tasks = RoleTasks(roles)
        while !Task.isCancelled {
            for change in book.expired(Self.now()) { apply(change, tasks) }
            for role in book.due(Self.now()) {
                let asked = Self.now()
                let isGranted = await ask(role)
                if let change = book.answered(role, isGranted: isGranted, asked: asked, now: Self.now()) {
                    apply(change, tasks)
                }
            }
            try? await Task.sleep(for: .milliseconds(Self.stepMilliseconds))
        }
        await tasks.stopAll()
        // A task that is cancelled can't talk to the store.
        let (store, holder, names, logger) = (store, holder, roles.map(\.name), logger)
        await Task {
            for role in names {
                do {
                    try await store.releaseLease(role: role, holder: holder)
                } catch {
                    logger.warning("a role was not given back", metadata: ["role": "\(role)", "error": "\(error)"])
                }
            }
        }.value
    }

    /// - Returns: `nil` when there was no answer.
    private func ask(_ role: String) async -> Bool? {
        do {
            return try await store.takeLease(role: role, holder: holder, milliseconds: leaseMilliseconds)
        } catch {
            if !Task.isCancelled {
                logger.warning("a role could not be asked for", metadata: ["role": "\(role)", "error": "\(error)"])
            }
            return nil
        }
    }

    private func apply(_ change: LeaseBook.Change, _ tasks: RoleTasks) {
        switch change {
        case .gained(let role):
            logger.notice("role taken", metadata: ["role": "\(role)"])
            Gauge(label: "dipper_role_held", dimensions: [("role", role)]).record(1)
            tasks.start(role)
        case .lost(let role):
            logger.warning("role lost", metadata: ["role": "\(role)"])
            Gauge(label: "dipper_role_held", dimensions: [("role", role)]).record(0)
            tasks.cancel(role)
        }
    }
}

/// The work of roles that are held, and what is left of that of roles that were.
private final class RoleTasks {
    private let works: [String: RoleKeeper.Work]
    private var tasks: [String: Task<Void, Never>] = [:]

    init(_ roles: [(name: String, work: RoleKeeper.Work)]) {
        works = Dictionary(roles.map { ($0.name, $0.work) }) { first, _ in first }
    }

    /// Begins when what the role did before has ended.
    func start(_ role: String) {
        guard let work = works[role] else { return }
        let former = tasks[role]
        tasks[role] = Task {
            await former?.value
            if !Task.isCancelled { await work() }
        }
    }

    func cancel(_ role: String) { tasks[role]?.cancel() }

    func stopAll() async {
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
    }
}
