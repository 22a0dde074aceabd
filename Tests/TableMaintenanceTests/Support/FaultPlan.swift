import LakeModel
import ObjectStorage
import Synchronization

/// What an injected fault throws.
struct InjectedFault: Error { let call: String }

/// Counts calls and makes one fail: each has a point before it does anything and one after it has done its work.
final class FaultPlan: Sendable {
    private struct State {
        var points = 0
        var failing: Range<Int> = 0..<0
        var fired: [String] = []
    }

    private let state = Mutex(State())
    private let action = Mutex<(call: String, body: @Sendable () async throws -> Void)?>(nil)

    /// Makes `count` points fail, the first of them after `first` others from now on.
    func arm(first: Int, count: Int = 1) {
        state.withLock { $0 = State(points: 0, failing: first..<first + count, fired: []) }
    }

    func disarm() { state.withLock { $0.failing = 0..<0 } }

    var fired: [String] { state.withLock { $0.fired } }

    /// Runs `body` once, before the next call whose name contains `call`.
    func interpose(_ call: String, _ body: @escaping @Sendable () async throws -> Void) {
        action.withLock { $0 = (call, body) }
    }

    /// Takes back what ``interpose(_:_:)`` was given.
    /// - Returns: whether it has run.
    func withdraw() -> Bool {
        action.withLock { action in
            defer { action = nil }
            return action == nil
        }
    }

    func point(_ call: String) throws {
        try state.withLock { state in
            defer { state.points += 1 }
            guard state.failing.contains(state.points) else { return }
            state.fired.append(call)
            throw InjectedFault(call: call)
        }
    }

    func around<Answer>(_ call: String, _ body: () async throws -> Answer) async throws -> Answer {
        let interposed = action.withLock { action -> (@Sendable () async throws -> Void)? in
            guard let found = action, call.contains(found.call) else { return nil }
            action = nil
            return found.body
        }
        try await interposed?()
        try point("before \(call)")
        let answer = try await body()
        try point("after \(call)")
        return answer
    }
}

/// An object store whose calls fail as a plan says.
struct FaultyObjects: ObjectStore {
    let store: any ObjectStore
    let plan: FaultPlan

    var locationPrefix: String { store.locationPrefix }

    func put(_ key: String, bytes: [UInt8], ifAbsent: Bool) async throws {
        try await plan.around("put \(key)") { try await store.put(key, bytes: bytes, ifAbsent: ifAbsent) }
    }

    func makeWriter(_ key: String) async throws -> any ObjectWriter {
        try await plan.around("makeWriter \(key)") {
            FaultyWriter(writer: try await store.makeWriter(key), key: key, plan: plan)
        }
    }

    func get(_ key: String, bytesMax: Int) async throws -> [UInt8] {
        try await plan.around("get \(key)") { try await store.get(key, bytesMax: bytesMax) }
    }

    func open(_ key: String) async throws -> any RandomAccessSource {
        try await plan.around("open \(key)") { try await store.open(key) }
    }

    func info(_ key: String) async throws -> ObjectInfo? {
        try await plan.around("info \(key)") { try await store.info(key) }
    }

    func delete(_ key: String) async throws {
        try await plan.around("delete \(key)") { try await store.delete(key) }
    }

    func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        try await plan.around("list") { try await store.list(prefix: prefix, after: after, limit: limit) }
    }
}

private final class FaultyWriter: ObjectWriter {
    let writer: any ObjectWriter
    let key: String
    let plan: FaultPlan

    init(writer: any ObjectWriter, key: String, plan: FaultPlan) {
        self.writer = writer
        self.key = key
        self.plan = plan
    }

    func write(_ bytes: RawSpan) throws { try writer.write(bytes) }

    func finish(as name: String?, ifAbsent: Bool) async throws -> Bool {
        try await plan.around("finish \(name ?? key)") { try await writer.finish(as: name, ifAbsent: ifAbsent) }
    }

    func abort() async { await writer.abort() }
}
