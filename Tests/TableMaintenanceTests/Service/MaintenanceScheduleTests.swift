import CatalogService
import Testing

@testable import TableMaintenance

struct MaintenanceScheduleTests {
    private let table = TableIdentifier(namespace: "silver", name: "items")
    private let other = TableIdentifier(namespace: "silver", name: "others")

    /// A schedule behind calls that do not mutate it, as expectations want them.
    private final class Probe {
        private var schedule: MaintenanceSchedule
        init(_ schedule: MaintenanceSchedule) { self.schedule = schedule }
        func committed(_ table: TableIdentifier, _ facts: MaintenanceSchedule.Facts) -> Bool {
            schedule.committed(table, facts)
        }
        func next() -> (table: TableIdentifier, looksForOrphans: Bool)? { schedule.next() }
        func finished(failed: Bool) { schedule.finished(failed: failed) }
    }

    private func schedule() -> Probe {
        var policy = MaintenancePolicy()
        policy.filesStep = 4
        policy.commitsStep = 10
        policy.orphanCommitsStep = 12
        return Probe(MaintenanceSchedule(policy: policy))
    }

    private func facts(files: Int = 0, snapshots: Int = 1, rewrite: Bool = false, limit: Int? = nil)
        -> MaintenanceSchedule.Facts
    {
        MaintenanceSchedule.Facts(snapshots: snapshots, files: files, isRewrite: rewrite, snapshotsLimit: limit)
    }

    @Test func `the first commit of a table has it looked at, then further files do`() {
        let schedule = schedule()
        #expect(schedule.next() == nil)
        #expect(schedule.committed(table, facts(files: 3)))
        #expect(schedule.next()?.table == table)
        schedule.finished(failed: false)
        for files in 4..<7 { #expect(!schedule.committed(table, facts(files: files))) }
        #expect(schedule.committed(table, facts(files: 7)))
        #expect(!schedule.committed(table, facts(files: 8)))
        #expect(schedule.next()?.table == table)
        #expect(schedule.next() == nil)
    }

    @Test func `rewrites have nothing looked at`() {
        let schedule = schedule()
        #expect(!schedule.committed(table, facts(files: 100, rewrite: true)))
        #expect(schedule.next() == nil)
    }

    @Test func `many commits or snapshots have it looked at too`() {
        let schedule = schedule()
        _ = schedule.committed(table, facts(limit: 50))
        _ = schedule.next()
        schedule.finished(failed: false)
        for _ in 0..<9 { #expect(!schedule.committed(table, facts(limit: 50))) }
        #expect(schedule.committed(table, facts(limit: 50)))
        _ = schedule.next()
        schedule.finished(failed: false)
        #expect(schedule.committed(table, facts(snapshots: 50, limit: 50)))
        _ = schedule.next()
        schedule.finished(failed: false)
        // What could not be expired is not tried with each commit.
        #expect(!schedule.committed(table, facts(snapshots: 51, limit: 50)))
    }

    @Test func `a failure makes the next try wait for more`() {
        let schedule = schedule()
        _ = schedule.committed(table, facts())
        _ = schedule.next()
        schedule.finished(failed: true)
        #expect(!schedule.committed(table, facts(files: 7)))
        #expect(schedule.committed(table, facts(files: 8)))
        _ = schedule.next()
        schedule.finished(failed: false)
        #expect(schedule.committed(table, facts(files: 12)))
    }

    @Test func `tables take turns and commits during a look count`() {
        let schedule = schedule()
        _ = schedule.committed(table, facts())
        _ = schedule.committed(other, facts())
        #expect(schedule.next()?.table == table)
        #expect(!schedule.committed(table, facts(files: 9)))
        schedule.finished(failed: false)
        #expect(schedule.next()?.table == other)
        schedule.finished(failed: false)
    }

    @Test func `orphans are looked for after many commits`() {
        let schedule = schedule()
        var looks: [Bool] = []
        for commit in 0..<40 where schedule.committed(table, facts(files: commit * 4)) {
            looks.append(schedule.next()?.looksForOrphans ?? false)
            schedule.finished(failed: false)
        }
        #expect(looks.count { $0 } == 3)
    }
}
