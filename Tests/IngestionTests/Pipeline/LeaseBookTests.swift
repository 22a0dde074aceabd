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

    @Test func `a process that has more than its share gives back the last that it got, one at a time`() {
        var book = LeaseBook(roles: ["a", "b", "c", "d", "e"], milliseconds: 1_200)
        book.counted(1, now: 0)
        for (index, role) in ["a", "b", "c", "d", "e"].enumerated() {
            _ = book.answered(role, isGranted: true, asked: Int64(index), now: Int64(index))
        }
        #expect(book.surplus(5_000) == nil)
        book.counted(2, now: 5_000)
        #expect(book.surplus(5_000) == nil)
        #expect(book.surplus(5_300) == "e")
        #expect(book.surplus(5_400) == nil)
        // It is extended until its work has ended.
        #expect(book.due(5_400).contains("e"))
        #expect(book.held.contains("e"))
        book.left("e", now: 5_500)
        #expect(!book.held.contains("e"))
        #expect(book.surplus(5_700) == nil)
        #expect(book.surplus(5_800) == "d")
        book.left("d", now: 5_900)
        // It has its share of three, and leaves what is free to others for a while.
        #expect(book.surplus(60_000) == nil)
        #expect(book.due(8_000).filter { ["d", "e"].contains($0) }.isEmpty)
        // The other is gone: all is its own again.
        book.counted(1, now: 8_000)
        #expect(book.due(8_000).last == "e")
    }

    @Test func `a role that is lost while it is given back is given back no more`() {
        var book = LeaseBook(roles: ["a", "b"], milliseconds: 1_200)
        book.counted(1, now: 0)
        _ = book.answered("a", isGranted: true, asked: 0, now: 0)
        _ = book.answered("b", isGranted: true, asked: 0, now: 0)
        book.counted(2, now: 1_000)
        _ = book.answered("b", isGranted: true, asked: 1_100, now: 1_100)
        #expect(book.surplus(1_300) == "b")
        #expect(book.answered("b", isGranted: false, asked: 1_300, now: 1_300) == .lost("b"))
        #expect(book.leaving == nil)
        #expect(book.surplus(1_400) == nil)
    }

    @Test func `a free role that nobody takes is taken by one that has its share`() {
        var book = LeaseBook(roles: ["a", "b"], milliseconds: 1_200)
        book.counted(2, now: 0)
        _ = book.answered("a", isGranted: true, asked: 0, now: 0)
        #expect(!book.due(1_200).contains("b"))
        #expect(book.due(1_400).contains("b"))
    }

    /// Processes that come, go and die, with clocks that run together.
    @Test func `roles are spread evenly some time after the last process came or went`() {
        var random = SeededRandom(purpose: "spreading")
        let roles = (0..<11).map { "r\($0)" }
        var leases: [String: (holder: Int, until: Int64)] = [:]
        var books: [Int: LeaseBook] = [:]
        var seen: [Int: Int64] = [:]
        var next = 0
        var changed: Int64 = 0
        var leavers: [Int: (role: String, at: Int64)] = [:]
        var gains = 0
        for now in stride(from: Int64(0), to: 400_000, by: 20) {
            if now % 20_000 == 0 {
                changed = now
                if books.count > 1, random.next() % 2 == 0, let victim = books.keys.sorted().first {
                    // Its leases and its presence run out by themselves.
                    books[victim] = nil
                    leavers[victim] = nil
                } else {
                    books[next] = LeaseBook(roles: roles.shuffled(using: &random), milliseconds: 1_000)
                    next += 1
                }
            }
            for index in books.keys.sorted() {
                guard var book = books[index] else { continue }
                _ = book.expired(now)
                if book.isCountDue(now) {
                    seen[index] = now + 1_000
                    book.counted(seen.values.count { $0 > now }, now: now)
                }
                for role in book.due(now) {
                    let isFree = leases[role].map { $0.until <= now || $0.holder == index } ?? true
                    if isFree { leases[role] = (index, now + 1_000) }
                    if book.answered(role, isGranted: isFree, asked: now, now: now) != nil { gains += 1 }
                }
                if let role = book.surplus(now) { leavers[index] = (role, now + 100) }
                if let leaver = leavers[index], leaver.at <= now, book.leaving == leaver.role {
                    leases[leaver.role] = nil
                    book.left(leaver.role, now: now)
                    leavers[index] = nil
                }
                books[index] = book
            }
            for role in roles { #expect(books.values.count { $0.held.contains(role) } <= 1) }
            guard now - changed > 12_000 else { continue }
            let share = (roles.count + books.count - 1) / books.count
            #expect(books.values.reduce(0) { $0 + $1.held.count } == roles.count)
            #expect(books.values.allSatisfy { $0.held.count <= share })
        }
        // Roles move when processes come and go, and then they stay.
        #expect(gains < 20 * 2 * roles.count)
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

        func countLeases(prefix: String) async throws -> Int {
            holders.withLock { $0.keys.count { $0.hasPrefix(prefix) } }
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

    @Test func `the work of a role that is given back has ended before another begins it`() async throws {
        let leases = MemoryLeases()
        let works = Lines()
        func keeper(_ name: String) -> RoleKeeper {
            let roles = ["r", "s"].map { role -> (name: String, work: RoleKeeper.Work) in
                (
                    role,
                    {
                        works.add("\(role) begins at \(name)")
                        try? await Task.sleep(for: .seconds(600))
                        // What is under way ends on its own time.
                        await Task { try? await Task.sleep(for: .milliseconds(300)) }.value
                        works.add("\(role) ends at \(name)")
                    }
                )
            }
            return RoleKeeper(
                store: leases, roles: roles, leaseMilliseconds: 6_000,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        func wait(_ isThere: ([String]) -> Bool) async throws {
            for _ in 0..<2_000 {
                if isThere(works.all) { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            Issue.record("it did not come: \(works.all)")
        }
        let (one, other) = (keeper("first"), keeper("second"))
        let first = Task { await one.run() }
        try await wait { $0.count >= 2 }
        let second = Task { await other.run() }
        try await wait { $0.contains { $0.hasSuffix("begins at second") } }
        first.cancel()
        second.cancel()
        await first.value
        await second.value
        #expect(leases.holders.withLock { $0 }.isEmpty)
        for role in ["r", "s"] {
            let lines = works.all.filter { $0.hasPrefix(role) }
            #expect(lines.count.isMultiple(of: 2))
            for index in stride(from: 0, to: lines.count - 1, by: 2) {
                #expect(lines[index].contains("begins"))
                #expect(lines[index + 1] == lines[index].replacing("begins", with: "ends"))
            }
        }
    }
}
