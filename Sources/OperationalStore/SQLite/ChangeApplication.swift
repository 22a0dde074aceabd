import GRDB
import LakeModel
import SQLiteSupport

/// The statements of one change, inside a transaction that the caller opened.
struct ChangeApplication {
    let db: Database
    let table: OperationalTable

    /// - Returns: `false` when the watermark would not move forward; nothing was done then.
    func apply(_ change: OperationalChange) throws -> Bool {
        guard try advance(change) else { return false }
        if change.truncate { try db.execute(sql: "DELETE FROM \(SQLiteFile.quoted(table.name))") }
        try delete(change.deletes)
        guard !change.upserts.isEmpty else { return true }
        let statement = try RawStatement(db, sql: upsertStatement(change.conflict))
        for batch in change.upserts {
            try check(batch)
            let keys = table.keyColumns.count == 1 ? batch.columns[table.keyColumns[0]].storage : nil
            try BatchBinder.run(batch, order: keys.flatMap(KeyOrder.order), through: statement)
        }
        return true
    }

    /// Within one incarnation of the log a watermark only moves forward; one of another incarnation replaces it and
    /// retires the former for good.
    private func advance(_ change: OperationalChange) throws -> Bool {
        let wanted = change.watermark
        let stored = try Self.watermark(db, topic: change.topic, partition: change.partition)
        if let stored, stored.incarnation == wanted.incarnation {
            let isForward = (stored.nextOffset, stored.rowsDone) < (wanted.nextOffset, wanted.rowsDone)
            if !isForward { return false }
        } else if let stored {
            let isRetired = try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM _dipper_retired_incarnations
                        WHERE topic = ? AND partition = ? AND incarnation = ?)
                    """, arguments: [change.topic, change.partition, wanted.incarnation])
            if isRetired == true { return false }
            try db.execute(
                sql: "INSERT INTO _dipper_retired_incarnations (topic, partition, incarnation) VALUES (?, ?, ?)",
                arguments: [change.topic, change.partition, stored.incarnation])
        }
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO _dipper_watermarks (topic, partition, incarnation, next_offset, rows_done)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [change.topic, change.partition, wanted.incarnation, wanted.nextOffset, wanted.rowsDone])
        return true
    }

    static func watermark(_ db: Database, topic: String, partition: Int) throws -> OperationalWatermark? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT incarnation, next_offset, rows_done FROM _dipper_watermarks WHERE topic = ? AND partition = ?
                """, arguments: [topic, partition]
        ).map { OperationalWatermark(incarnation: $0[0], nextOffset: $0[1], rowsDone: $0[2]) }
    }

    private func delete(_ keys: [[Datum]]) throws {
        guard !keys.isEmpty else { return }
        let statement = try db.cachedStatement(
            sql: "DELETE FROM \(SQLiteFile.quoted(table.name)) WHERE \(KeyMatching.condition(table))")
        for key in keys { try statement.execute(arguments: KeyMatching.arguments(key, table)) }
    }

    private func upsertStatement(_ conflict: OperationalChange.Conflict) -> String {
        let names = table.columns.map { SQLiteFile.quoted($0.name) }
        let marks = [String](repeating: "?", count: names.count).joined(separator: ", ")
        var sql =
            "INSERT INTO \(SQLiteFile.quoted(table.name)) (\(names.joined(separator: ", "))) VALUES (\(marks))"
        if table.keyColumns.isEmpty { return sql }
        sql += " ON CONFLICT (\(table.keyColumns.map { names[$0] }.joined(separator: ", "))) DO "
        let others = names.indices.filter { !table.keyColumns.contains($0) }.map {
            "\(names[$0]) = excluded.\(names[$0])"
        }
        return sql
            + (conflict == .ignore || others.isEmpty ? "NOTHING" : "UPDATE SET " + others.joined(separator: ", "))
    }

    private func check(_ batch: ColumnBatch) throws {
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

/// Conditions on a table's key.
enum KeyMatching {
    static func condition(_ table: OperationalTable) -> String {
        table.keyColumns.map { table.columns[$0] }
            .map { "\(SQLiteFile.quoted($0.name)) = \(ColumnCoding.parameter($0))" }.joined(separator: " AND ")
    }

    /// - Throws: `key-shape-mismatch`.
    static func arguments(_ key: [Datum], _ table: OperationalTable) throws -> StatementArguments {
        let values: [DatabaseValue] = try zip(key, table.keyColumns).map { datum, index in
            let field = table.columns[index]
            guard let type = field.type.primitive, let value = ColumnCoding.databaseValue(datum, type: type) else {
                throw OperationalError(
                    code: "key-shape-mismatch",
                    message: "the key's value is no \(field.type.primitive?.description ?? "")",
                    remedy: "give the key's values in the types of its columns",
                    place: Place(source: table.name, column: field.name))
            }
            return value
        }
        guard key.count == table.keyColumns.count, !key.isEmpty else {
            throw OperationalError(
                code: "key-shape-mismatch",
                message: "a key of \(key.count) values where the table has \(table.keyColumns.count) key columns",
                remedy: table.keyColumns.isEmpty ? "the table has no key: ask with SQL" : "give one value a key column",
                place: Place(source: table.name))
        }
        return StatementArguments(values)
    }
}
