/// A table as the model file declares it (see `docs/model.md`).
package struct TableDeclaration: Sendable, Hashable {
    /// The name in the API, the command line and the log, for example `hired_employees`.
    package var name: String
    /// The name of the Iceberg table in namespace `silver`, for example `employees_cleaned`.
    package var silverName: String
    package var columns: [ColumnDeclaration]
    /// Names of the key columns, in order; empty for a table without a key.
    package var key: [String]
    package var derived: [DerivedColumn]
    /// Names of the columns (declared or derived) that the silver table is partitioned by, identity transform.
    package var partition: [String]
    /// Names of the columns (declared or derived) that rows are sorted by inside a data file, ascending, nulls first;
    /// empty: the table's own order, which another engine may have set.
    package var sortOrder: [String]
    package var references: [Reference]
    package var conflict: ConflictAction
    /// Whether accepted rows go to the operational store too.
    package var operational: Bool
    package var undeclaredColumns: UndeclaredColumns

    package init(
        name: String, silverName: String, columns: [ColumnDeclaration], key: [String] = [],
        derived: [DerivedColumn] = [], partition: [String] = [], sortOrder: [String] = [],
        references: [Reference] = [], conflict: ConflictAction = .replace, operational: Bool = true,
        undeclaredColumns: UndeclaredColumns = .reject
    ) {
        self.name = name
        self.silverName = silverName
        self.columns = columns
        self.key = key
        self.derived = derived
        self.partition = partition
        self.sortOrder = sortOrder
        self.references = references
        self.conflict = conflict
        self.operational = operational
        self.undeclaredColumns = undeclaredColumns
    }

    /// Indexes of the key columns in `columns`.
    package var keyColumns: [Int] { key.compactMap { name in columns.firstIndex { $0.name == name } } }

    /// The silver table's Iceberg schema: the declared columns with field ids from 1, then the derived ones.
    package var silverSchema: Schema {
        var fields: [SchemaField] = []
        for column in columns {
            fields.append(
                SchemaField(
                    id: fields.count + 1, name: column.name, type: column.type,
                    required: column.required || key.contains(column.name), doc: column.doc))
        }
        for column in derived {
            fields.append(SchemaField(id: fields.count + 1, name: column.name, type: .int, required: false))
        }
        return Schema(id: 0, fields: fields, identifierFieldIDs: keyColumns.map { $0 + 1 })
    }
}

/// A column that files and batches bring.
package struct ColumnDeclaration: Sendable, Hashable {
    package var name: String
    /// Other names that it goes by in CSV headers and JSON.
    package var aliases: [String]
    package var type: PrimitiveType
    /// Whether an empty field or null is refused. Key columns always refuse.
    package var required: Bool
    /// Inclusive bounds; numbers, dates and timestamps only.
    package var minimum: Datum?
    package var maximum: Datum?
    /// A regular expression that the whole text must match; strings only.
    package var pattern: String?
    package var doc: String?

    package init(
        name: String, aliases: [String] = [], type: PrimitiveType, required: Bool = false, minimum: Datum? = nil,
        maximum: Datum? = nil, pattern: String? = nil, doc: String? = nil
    ) {
        self.name = name
        self.aliases = aliases
        self.type = type
        self.required = required
        self.minimum = minimum
        self.maximum = maximum
        self.pattern = pattern
        self.doc = doc
    }
}

/// An `int` column computed from a date or timestamp column, in UTC.
package struct DerivedColumn: Sendable, Hashable {
    package enum Part: String, Sendable, Hashable, CaseIterable { case year, quarter, month, day }

    package var name: String
    package var part: Part
    /// The declared column that it is computed from.
    package var source: String

    package init(name: String, part: Part, source: String) {
        self.name = name
        self.part = part
        self.source = source
    }
}

/// A column whose values are keys of another table.
package struct Reference: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable, CaseIterable { case warn, reject }

    package var column: String
    package var table: String
    package var action: Action

    package init(column: String, table: String, action: Action) {
        self.column = column
        self.table = table
        self.action = action
    }
}

/// What becomes of a row whose key is stored already.
package enum ConflictAction: String, Sendable, Hashable, CaseIterable {
    /// The last valid write of a key wins.
    case replace
    /// The stored row stays, the new one is counted as ignored.
    case ignore
    /// The new row is rejected with `key-exists`.
    case reject
}

/// What becomes of columns that a file or batch has and the declaration has not.
package enum UndeclaredColumns: String, Sendable, Hashable, CaseIterable { case reject, ignore, evolve }
