import Iceberg
import QueryEngine
import Synchronization
import Testing

@testable import dipper

@Suite struct QueryPinsTests {
    /// Remembers what was deleted.
    private final class Deletions: FileIO {
        let deleted = Mutex<[String]>([])

        func read(_ location: String) async throws -> [UInt8] { [] }
        func write(_ location: String, _ bytes: [UInt8]) async throws {}
        func exists(_ location: String) async throws -> Bool { false }
        func delete(_ location: String) async throws { deleted.withLock { $0.append(location) } }

        var all: [String] { deleted.withLock { $0.sorted() } }

        /// Deletions that were put off go through a task of their own.
        func becomes(_ wanted: [String]) async throws -> Bool {
            for _ in 0..<500 {
                if all == wanted { return true }
                try await Task.sleep(for: .milliseconds(10))
            }
            return false
        }
    }

    private let base = Deletions()
    private let pins: QueryPins
    private let io: PinnedFileIO

    init() {
        pins = QueryPins(io: base) { location in
            location.hasPrefix("file://") ? String(location.dropFirst(7)) : nil
        }
        io = PinnedFileIO(base: base, pins: pins)
    }

    private func table(_ files: String...) -> QueryTable {
        QueryTable(namespace: "silver", name: "t", fields: [], plainFiles: files, version: "1")
    }

    @Test func `a file is deleted at once while nobody reads it`() async throws {
        let hold = pins.hold()
        hold.reads([table("/a")])
        try await io.delete("file:///b")
        #expect(base.all == ["file:///b"])
        hold.end()
        try await io.delete("file:///a")
        #expect(base.all == ["file:///a", "file:///b"])
        #expect(pins.postponedCount == 0)
    }

    @Test func `a file that queries read goes with the last of them`() async throws {
        let first = pins.hold()
        first.reads([table("/a", "/b")])
        let second = pins.hold()
        second.reads([table("/a")])
        try await io.delete("file:///a")
        let late = pins.hold()
        late.reads([table("/c")])
        #expect(base.all == [])
        first.end()
        #expect(base.all == [] && pins.postponedCount == 1)
        second.end()
        #expect(try await base.becomes(["file:///a"]))
        late.end()
    }

    @Test func `a query that is being planned holds up what it may turn out to read`() async throws {
        let hold = pins.hold()
        try await io.delete("file:///a")
        try await io.delete("file:///b")
        #expect(base.all == [])
        hold.reads([table("/a")])
        #expect(try await base.becomes(["file:///b"]))
        hold.end()
        #expect(try await base.becomes(["file:///a", "file:///b"]))
        hold.end()
        #expect(pins.postponedCount == 0)
    }

    @Test func `a hold that is let go of ends`() async throws {
        try await hold("/a") { try await io.delete("file:///a") }
        #expect(try await base.becomes(["file:///a"]))
        #expect(pins.postponedCount == 0)
    }

    private func hold(_ file: String, _ body: () async throws -> Void) async throws {
        let hold = pins.hold()
        hold.reads([table(file)])
        try await body()
        #expect(base.all == [])
        withExtendedLifetime(hold) {}
    }
}
