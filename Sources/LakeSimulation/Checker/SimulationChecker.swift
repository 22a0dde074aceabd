import CatalogService
import EventLog
internal import Foundation
import Iceberg
import Ingestion
import LakeModel
import LakeTesting

/// Looks, when all is quiet, whether every promise was kept.
///
/// Steps, for each table: hold the log against what clients know; replay the log along the catalog's commits; compare the
/// result with the silver table, its quarantine, the receipts and the operational store; check the files.
struct SimulationChecker {
    let world: SimulationWorld
    let fleet: Fleet
    let last: EngineProcess

    func check() async {
        for table in fleet.tables {
            do {
                try await check(table)
            } catch {
                world.violate("\(table.name): cannot be checked: \(error)")
            }
        }
    }

    private func check(_ table: TableDeclaration) async throws {
        let logged = try await log(of: table)
        checkClients(table, logged)
        let silver = try await metadata(LakeTables.silver(table))
        let quarantine = try await metadata(LakeTables.quarantine(table))
        let replay = try await replay(table, logged)
        try await compare(table, replay.silver, silver)
        try await checkReceipts(table, logged, replay)
        try await checkQuarantine(table, replay)
        try await checkOperational(table, logged)
        for metadata in [silver, quarantine] { try await checkFiles(metadata) }
    }

    private func metadata(_ table: TableIdentifier) async throws -> TableMetadata {
        guard let metadata = try await last.tables.metadata(table) else {
            throw CatalogError(code: "table-missing", message: "\(table) is gone")
        }
        return metadata
    }

    // MARK: The log

    /// What of a file's record the check needs.
    private struct Landed: Decodable {
        var sha256: String
        var mode: UploadRequest.Mode
        var onError: UploadRequest.OnError
    }

    private func log(of table: TableDeclaration) async throws -> [LoggedWrite] {
        let records = try await world.log.read(
            topic: table.name, partition: 0, from: 0, recordsMax: .max, bytesMax: .max)
        let payloads = Dictionary(
            fleet.writes.map { ($0.payload.sha256, $0.payload) }, uniquingKeysWith: { first, _ in first })
        return try records.compactMap { stored in
            var landed = Landed(sha256: "", mode: .upsert, onError: .quarantine)
            let isFile = stored.record.headers["dipper-kind"]?.hasPrefix("file") == true
            if isFile {
                landed = try JSONDecoder().decode(Landed.self, from: Data(stored.record.payload))
            } else {
                landed.sha256 = stored.record.headers["dipper-sha256"] ?? ""
            }
            guard let payload = payloads[landed.sha256] else {
                world.violate("\(table.name): offset \(stored.offset) holds what no client sent")
                return nil
            }
            return LoggedWrite(
                id: stored.record.id, offset: stored.offset,
                signature: WriteSignature(
                    table: table.name, sha256: landed.sha256, mode: isFile ? landed.mode : nil,
                    onError: landed.onError), payload: payload)
        }
    }

    private func checkClients(_ table: TableDeclaration, _ logged: [LoggedWrite]) {
        let writes = fleet.writes.filter { $0.table == table.name }
        let byID = Dictionary(logged.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var claimed: Set<String> = []
        var spare: [WriteSignature: Int] = [:]
        for record in logged { spare[record.signature, default: 0] += 1 }
        var lastOffset: [Int: Int64] = [:]
        for write in writes.sorted(by: { ($0.client, $0.sequence) < ($1.client, $1.sequence) }) {
            let name = "\(table.name): write \(write.sequence) of client \(write.client)"
            if write.receipts.count > 1 { world.violate("\(name) has \(write.receipts.count) receipts") }
            let signature = Self.signature(write)
            guard write.fate == .ok, let id = write.receipts.first else {
                if write.fate == .unknown, let count = spare[signature], count > 0 { world.count("unknown-write") }
                continue
            }
            guard let record = byID[id], record.signature == signature else {
                world.violate("\(name) was acknowledged as \(id) and is lost")
                continue
            }
            if !claimed.insert(id).inserted { world.violate("\(name) has another write's receipt") }
            if let before = lastOffset[write.client], before >= record.offset {
                world.violate("\(name) stands before an earlier one of its client")
            }
            lastOffset[write.client] = record.offset
            spare[signature, default: 0] -= 1
        }
        for write in writes where write.fate == .unknown {
            let signature = Self.signature(write)
            if let count = spare[signature], count > 0 { spare[signature] = count - 1 }
        }
        for (signature, count) in spare where count > 0 {
            world.violate(
                "\(table.name): \(count) records too many with \(signature.sha256.prefix(8)): doubled, or failed writes"
            )
        }
    }

    private static func signature(_ write: ClientWrite) -> WriteSignature {
        WriteSignature(
            table: write.table, sha256: write.payload.sha256, mode: write.mode,
            onError: write.mode == nil ? .quarantine : write.onError)
    }

    // MARK: Replay

    struct Replay {
        var silver: ExpectedTable
        var counts: [String: JobReceipt.Rows] = [:]
        var failed: Set<String> = []
        var rejects: Set<RejectIdentity> = []
    }

    private func replay(_ table: TableDeclaration, _ logged: [LoggedWrite]) async throws -> Replay {
        var replay = Replay(silver: ExpectedTable(isKeyed: !table.key.isEmpty))
        let identifier = LakeTables.silver(table)
        let history = world.history.filter { applied in
            applied.commit.watermarks.contains { $0.topic == table.name }
                || applied.commit.swaps.contains { $0.table == identifier }
        }
        let hasRollback = history.contains { if case .rollback = $0.change { true } else { false } }
        var states: [Int64: ExpectedTable] = [:]
        var next: Int64 = 0
        var step: Int64 = 0
        for applied in history {
            if let watermark = applied.commit.watermarks.first(where: { $0.topic == table.name }) {
                let before = step
                step = watermark.partial?.step ?? 0
                if step > 0 { world.count("slice") }
                if (watermark.nextOffset, step) <= (next, before) {
                    world.violate("\(table.name): the watermark went from \(next) to \(watermark.nextOffset)")
                    continue
                }
                for record in logged where record.offset >= next && record.offset < watermark.nextOffset {
                    Self.apply(record, to: &replay)
                }
                next = watermark.nextOffset
            }
            switch applied.change {
            case nil, ForeignChange.none?: break
            case .append(let rows): replay.silver.append(rows)
            case .delete(let rows):
                if !replay.silver.remove(rows) {
                    world.violate("\(table.name): another engine read rows that are none")
                }
            case .rollback(let id):
                if let state = states[id] { replay.silver = state }
            }
            if hasRollback, let swap = applied.commit.swaps.first(where: { $0.table == identifier }),
                let id = try await MetadataFile.read(swap.newMetadataLocation, io: last.tables.io).currentSnapshotID
            {
                states[id] = replay.silver
            }
        }
        if next != Int64(logged.count) {
            world.violate("\(table.name): the lake stands at \(next), the log ends at \(logged.count)")
        }
        return replay
    }

    private static func apply(_ record: LoggedWrite, to replay: inout Replay) {
        if record.isRefusedWhole {
            replay.failed.insert(record.id)
            return
        }
        replay.counts[record.id] = replay.silver.apply(record.payload, replacesAll: record.replacesAll)
        for row in record.payload.rows where row.isRefused {
            replay.rejects.insert(RejectIdentity(sha256: record.signature.sha256, byteOffset: row.byteOffset))
        }
    }

    // MARK: What is stored

    private func compare(_ table: TableDeclaration, _ expected: ExpectedTable, _ silver: TableMetadata) async throws {
        var found: [SimulatedRow: Int] = [:]
        for row in try await SilverReader(lake: last.tables, silver).rows() { found[row, default: 0] += 1 }
        report("\(table.name) in silver", found, expected.counted)
    }

    private func report(_ place: String, _ found: [SimulatedRow: Int], _ expected: [SimulatedRow: Int]) {
        if found == expected { return }
        let rows = Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }
        let shown = rows.sorted { ($0.id, $0.name) < ($1.id, $1.name) }.prefix(4).map { row in
            let day = row.day.map { "\($0)" } ?? "-"
            return "\(row.id)|\(row.name)|\(day): \(found[row] ?? 0) times in place of \(expected[row] ?? 0)"
        }
        world.violate("\(place): \(rows.count) rows differ: \(shown.joined(separator: "; "))")
    }

    private func checkReceipts(_ table: TableDeclaration, _ logged: [LoggedWrite], _ replay: Replay) async throws {
        for record in logged {
            guard let receipt = try await last.engine.ingestion.job(id: record.id) else {
                world.violate("\(table.name): offset \(record.offset) has no receipt")
                continue
            }
            let isFailed = replay.failed.contains(record.id)
            if receipt.state != (isFailed ? .failed : .committed) {
                world.violate("\(table.name): the receipt of offset \(record.offset) says \(receipt.state)")
            }
            if !isFailed, let expected = replay.counts[record.id], !isRight(receipt.rows, expected) {
                world.violate(
                    "\(table.name): the receipt of offset \(record.offset) counts \(receipt.rows), right is \(expected)"
                )
            }
        }
        let total = try await last.engine.ingestion.jobs(table: table.name, page: 0, size: 1).total
        if total != logged.count { world.violate("\(table.name): \(total) jobs for \(logged.count) records") }
    }

    /// Of a file in slices, what batches in between have done to its keys cannot be told from the log alone.
    private func isRight(_ found: JobReceipt.Rows, _ expected: JobReceipt.Rows) -> Bool {
        guard fleet.isSliced else { return found == expected }
        let parts = found.inserted + found.updated + found.unchanged + found.superseded + found.ignored
        return found.read == expected.read && found.accepted == expected.accepted && parts == found.accepted
            && found.rejected == expected.rejected && found.blank == expected.blank
    }

    private func checkQuarantine(_ table: TableDeclaration, _ replay: Replay) async throws {
        var found: [RejectIdentity: Int] = [:]
        let rejects = try await QuarantineReader(table, tables: last.tables).rejects(QuarantineQuery())
        for try await reject in rejects {
            found[RejectIdentity(sha256: reject.sha256, byteOffset: Int(reject.byteOffset)), default: 0] += 1
        }
        let expected = Dictionary(uniqueKeysWithValues: replay.rejects.map { ($0, 1) })
        if found != expected {
            world.violate(
                "\(table.name): quarantine holds \(found.values.reduce(0, +)) rejects, \(found.count) different; "
                    + "right is \(expected.count)")
        }
    }

    private func checkOperational(_ table: TableDeclaration, _ logged: [LoggedWrite]) async throws {
        var expected = ExpectedTable(isKeyed: !table.key.isEmpty)
        for record in logged where !record.isRefusedWhole {
            _ = expected.apply(record.payload, replacesAll: record.replacesAll)
        }
        var found: [SimulatedRow: Int] = [:]
        for row in world.operational.rows(table: table.name).compactMap(SimulatedRow.init) {
            found[row, default: 0] += 1
        }
        report("\(table.name) in the operational store", found, expected.counted)
    }

    private func checkFiles(_ metadata: TableMetadata) async throws {
        let older = metadata.snapshots.isEmpty ? nil : metadata.snapshots[world.below(metadata.snapshots.count)].id
        for snapshotID in Set([nil, older]) {
            let violations = try await TableInvariants.check(metadata, io: last.tables.io, snapshotID: snapshotID)
            for violation in violations { world.violate("\(metadata.location): \(violation)") }
        }
    }
}
