import EventLog
import LakeTesting

/// The log as one process reaches it: durable when it answers, and all that can happen before that.
struct SimulatedLog: EventLog {
    let world: SimulationWorld
    let process: SimulatedProcess

    var incarnation: String { world.log.incarnation }

    func append(
        _ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?
    ) async throws -> AppendOutcome {
        let claim = world.plant == .doubleApply ? nil : idempotency
        return try await world.call(
            .append, of: process,
            refusal: EventLogError(code: "log-overloaded", message: "refused in the simulation", isRetryable: true),
            unknown: EventLogError(code: "log-answer-lost", message: "no answer in the simulation", isRetryable: true)
        ) { [world] in try await world.log.append(records, to: topic, idempotency: claim) }
    }

    func read(
        topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int
    ) async throws -> [StoredRecord] {
        try await look { log in
            try await log.read(
                topic: topic, partition: partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax)
        }
    }

    func endOffset(topic: String, partition: Int) async throws -> Int64 {
        try await look { try await $0.endOffset(topic: topic, partition: partition) }
    }

    func record(id: String) async throws -> StoredRecord? { try await look { try await $0.record(id: id) } }

    func appends() -> AsyncStream<Void> { world.log.appends() }

    private func look<Value: Sendable>(
        _ body: @escaping @Sendable (any EventLog) async throws -> Value
    ) async throws -> Value {
        let error = EventLogError(code: "log-failed", message: "a read failed in the simulation", isRetryable: true)
        return try await world.call(.readLog, of: process, refusal: error, unknown: error) { [world] in
            try await body(world.log)
        }
    }
}
