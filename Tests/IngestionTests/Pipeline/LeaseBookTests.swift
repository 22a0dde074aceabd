import CatalogService
import LakeTesting
import Logging
import Synchronization
import Testing

@testable import Ingestion

@Suite struct LeaseBookTests {
    @Test func `a role is asked for again before it runs out, and lost when nobody answers`() {
        var book = LeaseBook(roles: ["a"], milliseconds: 1_200)
        #expect(book.due(0) == ["a"])
        #expect(book.answered("a", isGranted: true, asked: 0, now: 10) == .gained("a"))
        #expect(book.due(309) == [])
        #expect(book.due(310) == ["a"])
        #expect(book.answered("a", isGranted: true, asked: 310, now: 320) == nil)
        #expect(book.expired(1_509) == [])
        #expect(book.due(700) == ["a"])
        #expect(book.answered("a", isGranted: nil, asked: 700, now: 710) == nil)
        #expect(book.held == ["a"])
        #expect(book.expired(1_510) == [.lost("a")])
        #expect(book.held.isEmpty)
    }

    @Test func `a role that another has taken is lost at once`() {
        var book = LeaseBook(roles: ["a"], milliseconds: 1_200)
        _ = book.answered("a", isGranted: true, asked: 0, now: 0)
        #expect(book.answered("a", isGranted: false, asked: 300, now: 300) == .lost("a"))
    }

    /// Processes against one store of leases, with clocks that run together, dying and coming back.
    @Test func `nobody has what another has, and what a process leaves is taken up`() {
        var random = SeededRandom(purpose: "leases")
        let roles = ["a", "b", "c", "d"]
        var leases: [String: (holder: Int, until: Int64)] = [:]
        var books = (0..<3).map { _ in LeaseBook(roles: roles.shuffled(using: &random), milliseconds: 1_000) }
        var dead: [Int: Int64] = [:]
        for now in stride(from: Int64(0), to: 60_000, by: 10) {
            for index in books.indices {
                if let until = dead[index] {
                    if now < until { continue }
                    dead[index] = nil
                    books[index] = LeaseBook(roles: roles, milliseconds: 1_000)
                }
                if random.next() % 2_000 == 0 { dead[index] = now + 3_000 }
                _ = books[index].expired(now)
                for role in books[index].due(now) {
                    let isFree = leases[role].map { $0.until <= now || $0.holder == index } ?? true
                    if isFree { leases[role] = (index, now + 1_000) }
                    _ = books[index].answered(role, isGranted: isFree, asked: now, now: now)
                }
            }
            for role in roles {
                #expect(books.indices.count { dead[$0] == nil && books[$0].held.contains(role) } <= 1)
            }
            if now == 2_000 { #expect(books.allSatisfy { $0.held.count < 4 }) }
            if dead.isEmpty, now % 10_000 == 9_990 {
                // Whoever died before has been followed by now, unless it was a moment ago.
                #expect(books.reduce(0) { $0 + $1.held.count } >= 1)
            }
        }
    }

    private final class MemoryLeases: LeaseStore {
        let holders = Mutex<[String: String]>([:])

        func takeLease(role: String, holder: String, milliseconds: Int) async throws -> Bool {
            holders.withLock { holders in
                if holders[role] == nil { holders[role] = holder }
                return holders[role] == holder
            }
        }

        func releaseLease(role: String, holder: String) async throws {
            holders.withLock { if $0[role] == holder { $0[role] = nil } }
        }
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test func `work goes on where a process that ends has given its roles back`() async throws {
        let leases = MemoryLeases()
        let works = Lines()
        func keeper(_ name: String) -> RoleKeeper {
            let work: RoleKeeper.Work = {
                works.add("\(name) begins")
                try? await Task.sleep(for: .seconds(600))
                works.add("\(name) ends")
            }
            return RoleKeeper(
                store: leases, roles: [("r", work)], leaseMilliseconds: 120_000,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        func wait(for line: String) async throws {
            for _ in 0..<2_000 {
                if works.all.contains(line) { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            Issue.record("\(line) did not come")
        }
        let (one, other) = (keeper("first"), keeper("second"))
        let first = Task { await one.run() }
        try await wait(for: "first begins")
        let second = Task { await other.run() }
        first.cancel()
        await first.value
        try await wait(for: "second begins")
        second.cancel()
        await second.value
        #expect(works.all == ["first begins", "first ends", "second begins", "second ends"])
        #expect(leases.holders.withLock { $0 }.isEmpty)
    }
}
