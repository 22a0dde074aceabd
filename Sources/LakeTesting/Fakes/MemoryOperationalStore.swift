package import LakeModel
package import OperationalStore
import Synchronization

/// Operational tables in dictionaries, by the same rules as a real store.
package final class MemoryOperationalStore: OperationalStore {
    private struct Table {
        var declaration: OperationalTable
        var rows: [[Datum?]: [Datum?]] = [:]
        /// Rows of a table without a key.
        var heap: [[Datum?]] = []
    }

    private struct State {
        var tables: [String: Table] = [:]
        var watermarks: [String: OperationalWatermark] = [:]
        var retired: Set<String> = []
    }

    package let hooks = FaultHooks()
    private let state = Mutex(State())

    package init() {}

    package func prepare(_ tables: [OperationalTable]) async throws {
        try await hooks.before("prepare")
        try state.withLock { state in
            for table in tables {
                var stored = state.tables[table.name] ?? Table(declaration: table)
                try Self.checkWidening(stored.declaration, table)
                // Rows follow their columns by name; a new column is null in them.
                let former = stored.declaration.columns.map(\.name)
                let places = table.columns.map { column in former.firstIndex(of: column.name) }
                let moved = { (row: [Datum?]) -> [Datum?] in
                    zip(table.columns, places).map { column, place in
                        place.flatMap { row[$0] }.map { Self.widened($0, to: column.type.primitive) }
                    }
                }
                let rows = stored.rows.values.map(moved)
                stored.rows = Dictionary(
                    uniqueKeysWithValues: rows.map { row in (table.keyColumns.map { row[$0] }, row) })
                stored.heap = stored.heap.map(moved)
                stored.declaration = table
                state.tables[table.name] = stored
            }
        }
    }

    package func watermark(topic: String, partition: Int) async throws -> OperationalWatermark? {
        state.withLock { $0.watermarks["\(topic)/\(partition)"] }
    }

    @discardableResult package func apply(_ change: OperationalChange) async throws -> Bool {
        try await hooks.before("apply")
        let applied = try state.withLock { state in try Self.apply(change, &state) }
        try await hooks.after("apply")
        return applied
    }

    package func row(table name: String, key: [Datum]) async throws -> [Datum?]? {
        let table = try found(name)
        guard key.count == table.declaration.keyColumns.count, !key.isEmpty else {
            throw OperationalError(code: "key-shape-mismatch", message: "the key has not the table's columns")
        }
        return table.rows[key]
    }

    package func rowCount(table name: String) async throws -> Int {
        let table = try found(name)
        return table.rows.count + table.heap.count
    }

    /// All rows of a table, in no order; none for a table that is not there.
    package func rows(table name: String) -> [[Datum?]] {
        state.withLock { $0.tables[name].map { Array($0.rows.values) + $0.heap } ?? [] }
    }

    private func found(_ name: String) throws -> Table {
        guard let table = state.withLock({ $0.tables[name] }) else {
            throw OperationalError(code: "table-missing", message: "no table '\(name)'")
        }
        return table
    }

    private static func apply(_ change: OperationalChange, _ state: inout State) throws -> Bool {
        guard var table = state.tables[change.table] else {
            throw OperationalError(code: "table-missing", message: "no table '\(change.table)'")
        }
        let place = "\(change.topic)/\(change.partition)"
        let wanted = change.watermark
        if let stored = state.watermarks[place] {
            if stored.incarnation == wanted.incarnation {
                guard (stored.nextOffset, stored.rowsDone) < (wanted.nextOffset, wanted.rowsDone) else { return false }
            } else if state.retired.contains("\(place)/\(wanted.incarnation)") {
                return false
            }
        }
        if change.truncate { (table.rows, table.heap) = ([:], []) }
        for key in change.deletes { table.rows.removeValue(forKey: key) }
        for batch in change.upserts {
            guard batch.columns.map(\.type) == table.declaration.columns.map(\.type.primitive) else {
                throw OperationalError(code: "row-shape-mismatch", message: "the batch has not the table's columns")
            }
            for index in 0..<batch.rowCount { insert(batch.columns.map { $0.datum(index) }, change.conflict, &table) }
        }
        if let stored = state.watermarks[place], stored.incarnation != wanted.incarnation {
            state.retired.insert("\(place)/\(stored.incarnation)")
        }
        state.tables[change.table] = table
        state.watermarks[place] = wanted
        return true
    }

    private static func insert(_ row: [Datum?], _ conflict: OperationalChange.Conflict, _ table: inout Table) {
        guard !table.declaration.keyColumns.isEmpty else { return table.heap.append(row) }
        let key = table.declaration.keyColumns.map { row[$0] }
        if conflict == .ignore, table.rows[key] != nil { return }
        table.rows[key] = row
    }

    private static func widened(_ value: Datum, to type: PrimitiveType?) -> Datum {
        switch (value, type) {
        case (.int(let value), .long): .long(Int64(value))
        case (.float(let value), .double): .double(Double(value))
        default: value
        }
    }

    /// New columns come behind the stored ones; everything else but a wider type is refused.
    private static func checkWidening(_ stored: OperationalTable, _ wanted: OperationalTable) throws {
        let names = Set(wanted.columns.map(\.name))
        let types = Dictionary(uniqueKeysWithValues: wanted.columns.map { ($0.name, $0.type) })
        let isLossy = stored.columns.contains { column in
            switch (column.type.primitive, types[column.name]?.primitive) {
            case (.int, .long), (.float, .double): false
            case (let from, let to): !names.contains(column.name) || from != to
            }
        }
        if isLossy
            || stored.keyColumns.map({ stored.columns[$0].name }) != wanted.keyColumns.map({ wanted.columns[$0].name })
        {
            throw OperationalError(code: "schema-change-refused", message: "the change would lose data")
        }
    }
}
