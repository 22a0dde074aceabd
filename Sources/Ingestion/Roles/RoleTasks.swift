internal import Synchronization

/// The work of roles that are held, and what is left of that of roles that were.
final class RoleTasks {
    /// How often the work of each role is under way: twice while what it did before has not ended.
    private final class Running: Sendable {
        private let counts = Mutex<[String: Int]>([:])

        func add(_ role: String, _ difference: Int) { counts.withLock { $0[role, default: 0] += difference } }

        func has(_ role: String) -> Bool { counts.withLock { $0[role, default: 0] > 0 } }
    }

    private let works: [String: RoleKeeper.Work]
    private var tasks: [String: Task<Void, Never>] = [:]
    private let running = Running()

    init(_ roles: [(name: String, work: RoleKeeper.Work)]) {
        works = Dictionary(roles.map { ($0.name, $0.work) }) { first, _ in first }
    }

    /// Begins when what the role did before has ended.
    func start(_ role: String) {
        guard let work = works[role] else { return }
        let former = tasks[role]
        running.add(role, 1)
        tasks[role] = Task { [running] in
            await former?.value
            if !Task.isCancelled { await work() }
            running.add(role, -1)
        }
    }

    func cancel(_ role: String) { tasks[role]?.cancel() }

    func isRunning(_ role: String) -> Bool { running.has(role) }

    func stopAll() async {
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
    }
}
