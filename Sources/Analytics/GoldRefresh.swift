import CatalogService
import Iceberg
package import LakeModel
package import ObjectStorage
import QueryEngine

/// What a refresh of one gold table has done.
package enum GoldOutcome: Sendable, Hashable {
    /// The table reflects its inputs already.
    case current
    /// The rows are what they were; the inputs were noted.
    case unchanged(rows: Int)
    case written(rows: Int)
}

/// Brings one gold table up to date: reads its inputs, asks the engine, and commits the result in one snapshot that names
/// the snapshots it was computed from.
///
/// The commit goes through only if the table still is what it was when the refresh began, so any number of processes may
/// refresh one table. Whatever breaks off before it leaves files that nothing names.
package struct GoldRefresh: Sendable {
    private let room: GoldRoom
    private let gold: GoldDeclaration
    private let table: TableIdentifier
    private let pool: BlockingPool

    package init(_ gold: GoldDeclaration, room: GoldRoom, pool: BlockingPool) {
        self.gold = gold
        self.room = room
        self.pool = pool
        table = GoldBook.identifier(gold.name)
    }

    /// - Throws: ``GoldError``, the engine's, storage and catalog errors; the table is what it was then, unless the error
    ///   is `commit-state-unknown`.
    package func run() async throws -> GoldOutcome {
        for _ in 0..<GoldLimits.attemptsMax {
            let before = try await room.source.metadata(table)
            if before != nil, try await room.isCurrent(gold.name) { return .current }
            let (rows, summary) = try await compute()
            let base: TableMetadata
            if let before {
                base = before
            } else if let created = try await create(rows) {
                base = created
            } else {
                continue
            }
            if let outcome = try await commit(rows, summary, base) { return outcome }
        }
        throw GoldError(
            code: "gold-overtaken",
            message: "other commits of \(table) came first \(GoldLimits.attemptsMax) times in a row",
            remedy: "it is tried again", isRetryable: true)
    }

    // MARK: Rows

    /// The rows, and what the snapshot is to say of where they come from.
    private func compute() async throws -> (GoldRows, [String: String]) {
        let inputs = room.book.inputs(of: gold)
        let sql = room.book.fillingSQL(gold)
        let plan = try await room.source.plan(inputs, for: sql)
        defer { withExtendedLifetime(plan.hold) {} }
        let result = try await room.engine.execute(
            QueryRequest(
                sql: sql, tables: plan.tables,
                limits: QueryLimits(
                    timeoutMilliseconds: room.limits.goldQueryMilliseconds, rowsMax: room.limits.goldRowsMax,
                    resultBytesMax: room.limits.goldBytesMax)))
        let rows = try GoldRows(result, of: gold, limits: room.limits)
        var summary = [
            GoldBook.Key.definition: room.book.digest(gold), GoldBook.Key.rows: rows.digest,
        ]
        for input in inputs {
            summary[GoldBook.Key.inputPrefix + input.description] =
                plan.snapshotIDs[input].map { String($0) } ?? GoldBook.Key.none
        }
        return (rows, summary)
    }

    // MARK: Table

    /// - Returns: `nil` when another process was first.
    private func create(_ rows: GoldRows) async throws -> TableMetadata? {
        try await room.catalog.store.createNamespace(GoldDeclaration.namespace, properties: [:])
        var properties = ["write.format.default": "parquet"]
        if !gold.doc.isEmpty { properties["comment"] = gold.doc }
        do {
            _ = try await room.catalog.createTable(
                table,
                TableRequest(
                    schema: Schema(id: 0, fields: rows.fields), partitionSpec: nil, sortOrder: nil, location: nil,
                    properties: properties), ticket: nil)
        } catch let error as CatalogError where error.code == "table-exists" || error.code == "commit-conflict" {
            return nil
        }
        return try await room.source.metadata(table)
    }

    /// What makes the table's columns those of the rows: a column of the same name and type stays the same column.
    private func schemaUpdates(_ rows: GoldRows, _ base: TableMetadata) -> [TableUpdate] {
        var updates: [TableUpdate] = []
        var nextID = base.lastColumnID
        let fields = rows.fields.map { wanted in
            var field = wanted
            if let stored = base.schema.field(named: wanted.name), stored.type == wanted.type {
                field.id = stored.id
            } else {
                nextID += 1
                field.id = nextID
            }
            return field
        }
        if fields != base.schema.fields || !base.schema.identifierFieldIDs.isEmpty {
            updates += [.addSchema(Schema(id: -1, fields: fields)), .setCurrentSchema(-1)]
        }
        // Other engines may have set these; the rows are not divided, and sorted by all columns.
        if !base.partitionSpec.fields.isEmpty {
            updates += [.addPartitionSpec(.unpartitioned), .setDefaultSpec(-1)]
        }
        if !base.sortOrder.fields.isEmpty { updates += [.addSortOrder(.unsorted), .setDefaultSortOrder(-1)] }
        if base.properties["comment"] ?? "" != gold.doc { updates.append(.setProperties(["comment": gold.doc])) }
        return updates
    }

    // MARK: Commit

    /// - Returns: `nil` when another commit came first.
    private func commit(
        _ rows: GoldRows, _ summary: [String: String], _ stored: TableMetadata
    ) async throws -> GoldOutcome? {
        let updates = schemaUpdates(rows, stored)
        let base = try stored.applying(updates, nowMilliseconds: room.nowMilliseconds())
        let isUnchanged =
            updates.isEmpty
            && GoldBook.evidence(stored).map { $0.summary[GoldBook.Key.rows] == rows.digest } ?? false
        var producer = SnapshotProducer(
            base: base, io: room.catalog.io, snapshotID: SnapshotID.random(avoiding: base),
            nowMilliseconds: room.nowMilliseconds(), operation: .append)
        producer.summary = summary
        var written: [String] = []
        do {
            if isUnchanged {
                producer.summary[GoldBook.Key.unchanged] = "true"
            } else {
                if base.currentSnapshot != nil {
                    producer.operation = .overwrite
                    producer.replacesAll = true
                }
                if !rows.rows.isEmpty {
                    let location = "\(base.location)/data/\(RandomUUID.text()).parquet"
                    let file = GoldFile(location: location, objects: room.objects, metadata: base)
                    producer.addedDataFiles = [try await file.write(rows, pool: pool)]
                    written.append(location)
                }
            }
            let produced = try await producer.produce()
            written += produced.writtenLocations
            _ = try await room.catalog.commit(updates + produced.updates, on: stored, of: table)
        } catch let error as CatalogError where error.code == "commit-state-unknown" {
            // Files stay: the commit may still arrive.
            guard try await room.source.metadata(table)?.snapshot(id: producer.snapshotID) != nil else { throw error }
        } catch {
            await discard(written + producer.writtenLocations)
            if let error = error as? IcebergError, error.kind == .requirementFailed { return nil }
            if let error = error as? CatalogError, error.code == "table-missing" { return nil }
            throw error
        }
        return isUnchanged ? .unchanged(rows: rows.rows.count) : .written(rows: rows.rows.count)
    }

    /// Deletes files that nothing refers to; one that stays is an orphan.
    private func discard(_ locations: [String]) async {
        for location in Set(locations) { try? await room.catalog.io.delete(location) }
    }
}
