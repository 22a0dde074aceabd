import LakeModel
import OperationalStore
import LakeTesting

/// The operational store as one process reaches it.
struct SimulatedOperationalStore: OperationalStore {
    let world: SimulationWorld
    let process: SimulatedProcess

    func prepare(_ tables: [OperationalTable]) async throws {
        try await look { try await $0.prepare(tables) }
    }

    func watermark(topic: String, partition: Int) async throws -> OperationalWatermark? {
        try await look { try await $0.watermark(topic: topic, partition: partition) }
    }

    @discardableResult func apply(_ change: OperationalChange) async throws -> Bool {
        try await world.call(.apply, of: process, refusal: Self.failure, unknown: Self.failure) { [world] in
            try await world.operational.apply(change)
        }
    }

    func row(table: String, key: [Datum]) async throws -> [Datum?]? {
        try await look { try await $0.row(table: table, key: key) }
    }

    func rowCount(table: String) async throws -> Int { try await look { try await $0.rowCount(table: table) } }

    private func look<Value: Sendable>(
        _ body: @escaping @Sendable (any OperationalStore) async throws -> Value
    ) async throws -> Value {
        try await world.call(.readOperational, of: process, refusal: Self.failure, unknown: Self.failure) { [world] in
            try await body(world.operational)
        }
    }

    private static var failure: OperationalError {
        OperationalError(code: "operational-failed", message: "failed in the simulation")
    }
}
