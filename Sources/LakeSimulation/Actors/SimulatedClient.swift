import Ingestion
import LakeModel
import LakeTesting

/// A write as a client knows it.
///
/// `@unchecked Sendable`: used on the simulation's thread alone.
final class ClientWrite: @unchecked Sendable {
    enum Fate: Sendable, Hashable { case ok, failed, unknown }

    let client: Int
    let sequence: Int
    let table: String
    let payload: SimulatedPayload
    /// `nil`: a batch.
    let mode: UploadRequest.Mode?
    let onError: UploadRequest.OnError
    let idempotencyKey: String?
    var fate = Fate.unknown
    /// The ids of the receipts that it was given; one, or the promise of replays is broken.
    var receipts: Set<String> = []

    init(
        client: Int, sequence: Int, table: String, payload: SimulatedPayload, mode: UploadRequest.Mode?,
        onError: UploadRequest.OnError, idempotencyKey: String?
    ) {
        self.client = client
        self.sequence = sequence
        self.table = table
        self.payload = payload
        self.mode = mode
        self.onError = onError
        self.idempotencyKey = idempotencyKey
    }
}

/// Sends one write after the other, again with the same key when it got no answer, and notes what it knows of each.
struct SimulatedClient {
    let number: Int
    let world: SimulationWorld
    let fleet: Fleet

    private static let attemptsMax = 4
    private static let codesOfCertainFailure: Set<String> = ["log-overloaded", "disk-full", "overloaded"]

    func work(writes count: Int) async {
        for sequence in 0..<count {
            let write = draw(sequence)
            fleet.writes.append(write)
            await send(write)
            for _ in 0..<world.below(4) { await world.turn() }
        }
    }

    private func draw(_ sequence: Int) -> ClientWrite {
        let table = fleet.tables[world.below(fleet.tables.count)]
        let isFile = world.chance(2)
        let isKeyed = !table.key.isEmpty
        let rowCount = 1 + world.below(world.chance(8) ? 12 : 4)
        var rows: [(row: SimulatedRow, isRefused: Bool)] = []
        for index in 0..<rowCount {
            // Few keys and few names, so that rows meet: updates, moves between partitions, unchanged and doubled ones.
            let name = world.chance(3) ? "same" : "c\(number)-\(sequence)-\(index)"
            let day: Int32? = world.chance(6) ? nil : [18_700, 18_800, 19_000, 19_300][world.below(4)]
            let row = SimulatedRow(id: Int64(world.below(isKeyed ? 12 : 1_000_000)), name: name, day: day)
            rows.append((row, isRefused: world.chance(9)))
        }
        let mode: UploadRequest.Mode = !isFile || !isKeyed ? .upsert : world.chance(10) ? .overwrite : .upsert
        return ClientWrite(
            client: number, sequence: sequence, table: table.name,
            payload: isFile ? SimulatedPayload(csv: rows) : SimulatedPayload(json: rows), mode: isFile ? mode : nil,
            onError: isFile && world.chance(5) ? .fail : .quarantine,
            idempotencyKey: world.chance(4) ? nil : "client-\(number)-\(sequence)")
    }

    private func send(_ write: ClientWrite) async {
        for _ in 0..<Self.attemptsMax {
            guard let process = await fleet.anyProcess() else { return }
            do {
                let receipt = try await attempt(write, process)
                write.receipts.insert(receipt.id)
                write.fate = .ok
                return
            } catch let error as any LakeError where Self.codesOfCertainFailure.contains(error.code) {
                world.count("client-refused")
                // Nothing of this attempt was done; of an earlier one it may have been.
                if write.fate == .unknown, !fleet.hasDoubt(write) { write.fate = .failed }
                if world.chance(2) { return }
                write.fate = .unknown
            } catch {
                world.count("client-unknown")
                fleet.doubt(write)
                write.fate = .unknown
                if write.idempotencyKey == nil { return }
                world.count("client-retry")
            }
        }
        if !fleet.hasDoubt(write) { write.fate = .failed }
    }

    private func attempt(_ write: ClientWrite, _ process: EngineProcess) async throws -> JobReceipt {
        guard let mode = write.mode else {
            var request = BatchRequest(table: write.table)
            request.idempotencyKey = write.idempotencyKey
            return try await process.engine.ingestion.submitBatch(request, body: write.payload.bytes)
        }
        var request = UploadRequest(table: write.table)
        request.mode = mode
        request.onError = write.onError
        request.delimiter = UInt8(ascii: ",")
        request.header = true
        request.idempotencyKey = write.idempotencyKey
        let session = try await process.engine.ingestion.beginUpload(request)
        do {
            try await session.write(write.payload.bytes)
            return try await session.finish()
        } catch {
            await session.abort()
            throw error
        }
    }
}
