import ByteKernels
package import CatalogService
internal import Foundation
package import Logging
internal import Metrics

/// Does the work of the roles that this process has at the moment, and stands by for the others.
///
/// Each process also holds a lease that is its own, so that those with the same roles can count each other.
package final class RoleKeeper: Sendable {
    package typealias Work = @Sendable () async -> Void

    /// Milliseconds after which the roles of a process that has died go to others.
    package static let leaseMillisecondsDefault = 6_000
    private static let stepMilliseconds = 25

    private let store: any LeaseStore
    private let holder: String
    /// What the names of the leases begin with by which processes of the same roles count each other.
    private let presence: String
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
        presence = Self.presence(of: roles.map(\.name))
    }

    private static func presence(of roles: [String]) -> String {
        let text = Array(roles.sorted().joined(separator: "\n").utf8)
        // The array outlives the view of its bytes.
        let hash = unsafe Hash64.hash(text.span.bytes)
        return "worker/" + String(hash, radix: 16) + "/"
    }

    private static func now() -> Int64 { Int64(ProcessInfo.processInfo.systemUptime * 1_000) }

    /// Works until cancelled; then gives the roles back.
    package func run() async {
        var book = LeaseBook(roles: roles.map(\.name), milliseconds: Int64(leaseMilliseconds))
        let tasks = RoleTasks(roles)
        while !Task.isCancelled {
            for change in book.expired(Self.now()) { apply(change, tasks) }
            if book.isCountDue(Self.now()) { book.counted(await count(), now: Self.now()) }
            for role in book.due(Self.now()) {
                let asked = Self.now()
                let isGranted = await ask(role)
                if let change = book.answered(role, isGranted: isGranted, asked: asked, now: Self.now()) {
                    apply(change, tasks)
                }
            }
            await spread(&book, tasks)
            try? await Task.sleep(for: .milliseconds(Self.stepMilliseconds))
        }
        await tasks.stopAll()
        // A task that is cancelled can't talk to the store.
        await Task {
            for role in [presence + holder] + roles.map(\.name) { await release(role) }
        }.value
    }

    private func release(_ role: String) async {
        do {
            try await store.releaseLease(role: role, holder: holder)
        } catch {
            logger.warning("a role was not given back", metadata: ["role": "\(role)", "error": "\(error)"])
        }
    }

    /// Gives a role back that this process has beyond its share: first its work ends, then the lease.
    private func spread(_ book: inout LeaseBook, _ tasks: RoleTasks) async {
        if let role = book.surplus(Self.now()) {
            logger.notice("role given back", metadata: ["role": "\(role)"])
            Gauge(label: "dipper_role_held", dimensions: [("role", role)]).record(0)
            tasks.cancel(role)
        }
        guard let role = book.leaving, !tasks.isRunning(role) else { return }
        await release(role)
        book.left(role, now: Self.now())
    }

    /// How many processes do these roles.
    /// - Returns: `nil` when there was no answer.
    private func count() async -> Int? {
        do {
            _ = try await store.takeLease(role: presence + holder, holder: holder, milliseconds: leaseMilliseconds)
            return try await store.countLeases(prefix: presence)
        } catch {
            if !Task.isCancelled {
                logger.warning("workers could not be counted", metadata: ["error": "\(error)"])
            }
            return nil
        }
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
