import LakeModel
import OperationalStore
import PostgreSQLSupport

/// One change, made ready: everything that can be refused is refused before the database is asked.
struct PreparedChange: Sendable {
    let change: OperationalChange
    let table: OperationalTable
    /// Each key's values in binary form.
    let deletes: [[PostgreSQLParameter]]

    init(_ change: OperationalChange, _ table: OperationalTable) throws {
        self.change = change
        self.table = table
        deletes = try change.deletes.map { try KeyMatching.parameters($0, table) }
        for batch in change.upserts { try Self.check(batch, table) }
    }

    private static func check(_ batch: ColumnBatch, _ table: OperationalTable) throws {
        guard batch.columns.count == table.columns.count else {
            throw OperationalError.rowShape(
                table.name, "\(batch.columns.count) columns where the table has \(table.columns.count)")
        }
        for (vector, field) in zip(batch.columns, table.columns) where field.type.primitive != vector.type {
            throw OperationalError.rowShape(table.name, "a column of \(vector.type) where '\(field.name)' is expected")
        }
        for index in table.keyColumns where batch.columns[index].nullCount > 0 {
            throw OperationalError.rowShape(table.name, "a key column has nulls")
        }
    }
}

/// The statements of one change, inside a transaction that the caller opened.
///
/// Rows go by COPY: straight into the table where no key can be there already, else into a temporary table of the
/// session, and from there by one `INSERT … ON CONFLICT`. A temporary table is not logged, so that costs little.
struct ChangeApplication {
    let session: PostgreSQLConnection
    let prepared: PreparedChange
    /// Off when a straight COPY has met a key that another writer put there meanwhile.
    var mayCopyStraight = true

    private var change: OperationalChange { prepared.change }
    private var table: OperationalTable { prepared.table }
    private var quoted: String { PostgreSQLText.quoted(table.name) }

    /// - Returns: `false` when the watermark would not move forward; nothing was done then.
    func apply() throws -> Bool {
        guard try advance() else { return false }
        if change.truncate { try session.run("DELETE FROM \(quoted)") }
        let condition = KeyMatching.condition(table)
        for key in prepared.deletes { _ = try session.execute("DELETE FROM \(quoted) WHERE \(condition)", key) }
        try upsert()
        return true
    }

    // MARK: Rows

    private func upsert() throws {
        let batches = change.upserts.filter { $0.rowCount > 0 }
        guard !batches.isEmpty else { return }
        let wire = try batches.map { try $0.columns.map { try WireVector($0) } }
        let choice = RowChoice(
            batches, wire, keyColumns: table.keyColumns, keepsFirst: change.conflict == .ignore)
        let names = table.columns.map { PostgreSQLText.quoted($0.name) }.joined(separator: ", ")
        if try canCopyStraight(choice) {
            return try copy(wire, choice, into: "\(quoted) (\(names))")
        }
        let staging = PostgreSQLText.quoted(stagingName)
        try session.run(
            "CREATE TEMPORARY TABLE IF NOT EXISTS \(staging) (\(columnDefinitions)) ON COMMIT DELETE ROWS")
        try copy(wire, choice, into: staging)
        try session.run("INSERT INTO \(quoted) AS t (\(names)) SELECT \(names) FROM \(staging) \(conflictClause)")
    }

    private func copy(_ wire: [[WireVector]], _ choice: RowChoice, into target: String) throws {
        _ = try session.copyIn("COPY \(target) FROM STDIN (FORMAT binary)") { sink in
            try sink.send(CopyEncoder.header)
            var encoder = CopyEncoder()
            for (columns, rows) in zip(wire, choice.rows) {
                var start = 0
                while start < rows.count {
                    let end = min(rows.count, start + CopyEncoder.runRows)
                    encoder.append(columns, rows: rows[start..<end])
                    try sink.send(encoder.bytes)
                    encoder.removeAll()
                    start = end
                }
            }
            try sink.send(CopyEncoder.trailer)
        }
    }

    /// Whether none of the keys is in the table: it has no key, no row, or only smaller integers.
    private func canCopyStraight(_ choice: RowChoice) throws -> Bool {
        if table.keyColumns.isEmpty { return true }
        guard mayCopyStraight else { return false }
        if let keyMin = choice.keyMin {
            let name = PostgreSQLText.quoted(table.columns[table.keyColumns[0]].name)
            let found = try session.execute("SELECT max(\(name))::bigint FROM \(quoted)")
            return found.isNull(0, 0) || found.int64(0, 0) < keyMin
        }
        return try !session.execute("SELECT EXISTS (SELECT 1 FROM \(quoted))").boolean(0, 0)
    }

    /// Rows whose values are the stored ones already are left alone.
    private var conflictClause: String {
        let names = table.columns.map { PostgreSQLText.quoted($0.name) }
        let key = table.keyColumns.map { names[$0] }.joined(separator: ", ")
        let others = names.indices.filter { !table.keyColumns.contains($0) }.map { names[$0] }
        if change.conflict == .ignore || others.isEmpty { return "ON CONFLICT (\(key)) DO NOTHING" }
        return "ON CONFLICT (\(key)) DO UPDATE SET "
            + others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            + " WHERE (\(others.map { "t.\($0)" }.joined(separator: ", "))) IS DISTINCT FROM "
            + "(\(others.map { "excluded.\($0)" }.joined(separator: ", ")))"
    }

    private var columnDefinitions: String {
        table.columns.map { field in
            "\(PostgreSQLText.quoted(field.name)) \(field.type.primitive.map { ColumnTypes.sqlType(of: $0) } ?? "bytea")"
        }.joined(separator: ", ")
    }

    /// Names the staging table by what it looks like, so that a table that was widened gets another one.
    private var stagingName: String {
        // FNV-1a: stable and short.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let shape = ([table.name] + table.columns.flatMap { [$0.name, $0.type.primitive?.description ?? ""] })
        for byte in shape.joined(separator: "\0").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\(StoreSchema.prefix)stage_\(String(hash, radix: 16))"
    }

    // MARK: Watermark

    /// Within one incarnation of the log a watermark only moves forward; one of another incarnation replaces it and
    /// retires the former for good. The watermark's row is held until the end, so that changes of one topic take turns.
    private func advance() throws -> Bool {
        if try store(where: "w.incarnation = excluded.incarnation AND \(Self.isPast)") { return true }
        let place: [PostgreSQLParameter] = [.text(change.topic), .bigint(change.partition)]
        let stored = try session.execute(
            "SELECT incarnation FROM _dipper_watermarks WHERE topic = $1 AND partition = $2 FOR UPDATE", place)
        guard stored.rowCount > 0, stored.text(0, 0) != change.watermark.incarnation else { return false }
        let isRetired = try session.execute(
            """
            SELECT EXISTS (SELECT 1 FROM _dipper_retired_incarnations
                WHERE topic = $1 AND partition = $2 AND incarnation = $3)
            """, place + [.text(change.watermark.incarnation)]
        ).boolean(0, 0)
        if isRetired { return false }
        _ = try session.execute(
            "INSERT INTO _dipper_retired_incarnations (topic, partition, incarnation) VALUES ($1, $2, $3)",
            place + [.text(stored.text(0, 0))])
        return try store(where: "true")
    }

    private static let isPast = "(excluded.next_offset, excluded.rows_done) > (w.next_offset, w.rows_done)"

    /// - Returns: whether there was no watermark, or one that `condition` lets go.
    private func store(where condition: String) throws -> Bool {
        try session.execute(
            """
            INSERT INTO _dipper_watermarks AS w (topic, partition, incarnation, next_offset, rows_done)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (topic, partition) DO UPDATE SET incarnation = excluded.incarnation,
                next_offset = excluded.next_offset, rows_done = excluded.rows_done
                WHERE \(condition)
            """,
            [
                .text(change.topic), .bigint(change.partition), .text(change.watermark.incarnation),
                .bigint(change.watermark.nextOffset), .bigint(change.watermark.rowsDone),
            ]
        ).affectedRows == 1
    }
}

/// Conditions on a table's key.
enum KeyMatching {
    static func condition(_ table: OperationalTable) -> String {
        table.keyColumns.enumerated().map { "\(PostgreSQLText.quoted(table.columns[$1].name)) = $\($0 + 1)" }
            .joined(separator: " AND ")
    }

    /// - Throws: `key-shape-mismatch`.
    static func parameters(_ key: [Datum], _ table: OperationalTable) throws -> [PostgreSQLParameter] {
        guard key.count == table.keyColumns.count, !key.isEmpty else {
            throw OperationalError(
                code: "key-shape-mismatch",
                message: "a key of \(key.count) values where the table has \(table.keyColumns.count) key columns",
                remedy: table.keyColumns.isEmpty ? "the table has no key: ask with SQL" : "give one value a key column",
                place: Place(source: table.name))
        }
        return try zip(key, table.keyColumns).map { datum, index in
            let field = table.columns[index]
            guard let type = field.type.primitive, let value = try ColumnTypes.encoded(datum, type: type) else {
                throw OperationalError(
                    code: "key-shape-mismatch",
                    message: "the key's value is no \(field.type.primitive?.description ?? "")",
                    remedy: "give the key's values in the types of its columns",
                    place: Place(source: table.name, column: field.name))
            }
            return PostgreSQLParameter(type: ColumnTypes.typeID(of: type), value: value)
        }
    }
}
