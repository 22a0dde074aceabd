import Access
import LakeModel
import Observability
import QueryEngine
import Synchronization

/// The queries of `POST /query` that are under way, to be looked at and ended.
final class RunningQueries: Sendable {
    /// Characters of a statement that a list shows.
    private static let sqlCharactersMax = 1_000

    struct Entry: Sendable, Identifiable {
        let id: String
        let reader: Principal
        let sql: String
        let startedMicroseconds: Int64
        var progress: QueryProgress?
        fileprivate var isCancelled = false
        fileprivate var cancel: (@Sendable () -> Void)?

        var json: JSONValue {
            .object([
                "id": .string(id), "sql": .string(sql), "client": .string(reader.name),
                "startedAt": .string(UTCText.text(microseconds: startedMicroseconds)),
                "percent": progress?.percent.map { .double($0) },
            ])
        }
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// - Returns: the query's id.
    func begin(_ question: SQLQuestion) -> String {
        let id = String(UInt64.random(in: .min ... .max), radix: 16)
        let entry = Entry(
            id: id, reader: question.reader, sql: String(question.sql.prefix(Self.sqlCharactersMax)),
            startedMicroseconds: UTCText.nowMicroseconds())
        entries.withLock { $0[id] = entry }
        return id
    }

    func end(_ id: String) { _ = entries.withLock { $0.removeValue(forKey: id) } }

    /// Runs the query of an entry, so that it can be ended from outside.
    /// - Throws: ``GatewayError`` `query-cancelled` when it was.
    func run<Value: Sendable>(
        _ id: String, _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await operation() }
        let isCancelled = entries.withLock { entries in
            entries[id]?.cancel = { task.cancel() }
            return entries[id]?.isCancelled ?? false
        }
        if isCancelled { task.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch is CancellationError {
            guard entries.withLock({ $0[id]?.isCancelled ?? false }) else { throw CancellationError() }
            throw GatewayError(
                code: "query-cancelled", message: "the query was cancelled",
                remedy: "run it again if it is still wanted")
        }
    }

    func progressed(_ id: String, _ progress: QueryProgress) {
        entries.withLock { $0[id]?.progress = progress }
    }

    /// A reader's own queries; all of them for one who may read everything. The oldest first.
    func seen(by reader: Principal) -> [Entry] {
        entries.withLock { entries in
            entries.values.filter { reader.mayEverywhere(.read) || $0.reader == reader }
        }.sorted { ($0.startedMicroseconds, $0.id) < ($1.startedMicroseconds, $1.id) }
    }

    /// Ends one's own query, or anybody's for one who may write everything.
    /// - Returns: whether there was such a query.
    func cancel(_ id: String, by reader: Principal) -> Bool {
        let cancel = entries.withLock { entries -> (@Sendable () -> Void)?? in
            guard let entry = entries[id], entry.reader == reader || reader.mayEverywhere(.write) else { return nil }
            entries[id]?.isCancelled = true
            return .some(entry.cancel)
        }
        guard let cancel else { return false }
        cancel?()
        return true
    }
}
