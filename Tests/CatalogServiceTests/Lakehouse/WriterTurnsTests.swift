import CatalogService
import Synchronization
import Testing

struct WriterTurnsTests {
    private let a = TableIdentifier(namespace: "n", name: "a")
    private let b = TableIdentifier(namespace: "n", name: "b")

    private final class Notes: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    @Test func `maintenance waits for writers and holds up those that come later`() async throws {
        let turns = WriterTurns()
        let notes = Notes()
        await turns.enter([a, b], nowMicroseconds: 5)
        #expect(turns.busySince(a) == 5)
        let maintenance = Task {
            try await turns.maintaining(b) {
                notes.add("maintenance")
                try await Task.sleep(for: .milliseconds(50))
                notes.add("maintained")
            }
        }
        try await Task.sleep(for: .milliseconds(50))
        notes.add("writer ends")
        turns.leave([a, b])
        await turns.enter([b, a], nowMicroseconds: 9)
        notes.add("writer begins")
        turns.leave([b, a])
        try await maintenance.value
        #expect(notes.all == ["writer ends", "maintenance", "maintained", "writer begins"])
        #expect(turns.busySince(a) == nil && turns.busySince(b) == nil)
    }

    @Test func `maintenance of another table goes on`() async throws {
        let turns = WriterTurns()
        await turns.enter([a], nowMicroseconds: 0)
        let answer = try await turns.maintaining(b) { 7 }
        #expect(answer == 7)
        turns.leave([a])
    }

    @Test func `one that waits can be cancelled`() async throws {
        let turns = WriterTurns()
        await turns.enter([a], nowMicroseconds: 0)
        let maintenance = Task { try await turns.maintaining(a) { true } }
        try await Task.sleep(for: .milliseconds(20))
        maintenance.cancel()
        await #expect(throws: CancellationError.self) { try await maintenance.value }
        turns.leave([a])
        #expect(try await turns.maintaining(a) { true })
    }
}
