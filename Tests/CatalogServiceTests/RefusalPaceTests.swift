import LakeModel
import Testing

@testable import CatalogService

struct RefusalPaceTests {
    let table = TableIdentifier(namespace: "a", name: "t")

    @Test func `who loses alone is told at once`() {
        let pace = RefusalPace()
        let now = ContinuousClock.now
        #expect(pace.wait(table, now: now) == .zero)
        pace.committed(table, took: .milliseconds(2), now: now)
        #expect(pace.wait(table, now: now) == .zero)
        #expect(pace.wait(table, now: now + .milliseconds(2)) == .zero)
    }

    @Test func `those who lose together are told a commit apart, for so long`() {
        let pace = RefusalPace()
        let now = ContinuousClock.now
        pace.committed(table, took: .milliseconds(20), now: now)
        let waits = (0..<5).map { _ in pace.wait(table, now: now) }
        #expect(waits == [0, 20, 40, 50, 50].map { .milliseconds($0) })
        #expect(pace.wait(TableIdentifier(namespace: "a", name: "other"), now: now) == .zero)
    }
}
