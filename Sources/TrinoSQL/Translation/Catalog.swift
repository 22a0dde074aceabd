/// A table's full name, each part in lower case.
package struct TableName: Sendable, Hashable, CustomStringConvertible {
    package var catalog: String
    package var schema: String
    package var table: String

    package init(catalog: String, schema: String, table: String) {
        self.catalog = catalog.lowercased()
        self.schema = schema.lowercased()
        self.table = table.lowercased()
    }

    package var description: String { "\(catalog).\(schema).\(table)" }
}

/// A table as the translator needs it.
package struct TableDefinition: Sendable {
    package enum Source: Sendable {
        /// A table of the engine, under its own names.
        case engine(namespace: String, name: String)
        /// A small table that goes into the statement itself.
        case rows([[Constant]])
    }

    package struct Column: Sendable {
        package var name: String
        package var type: TrinoType

        package init(_ name: String, _ type: TrinoType) {
            self.name = name
            self.type = type
        }
    }

    package enum Constant: Sendable, Hashable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case text(String)
    }

    package var source: Source
    /// `nil`: the engine alone knows them. Names then stand as they were written, and types are not known before the result.
    package var columns: [Column]?

    package init(source: Source, columns: [Column]?) {
        self.source = source
        self.columns = columns
    }
}

/// Thrown while a statement is translated that names a table whose definition is not at hand: the caller finds it and
/// translates again.
package struct MissingTable: Error {
    package var name: TableName
    package var location: SourceLocation
}

/// What a statement is translated for.
package struct TranslationContext: Sendable {
    /// The session's catalog and schema, which names without them mean.
    package var catalog: String?
    package var schema: String?
    package var user: String
    package var tables: [TableName: TableDefinition] = [:]

    package init(catalog: String?, schema: String?, user: String) {
        self.catalog = catalog
        self.schema = schema
        self.user = user
    }
}

/// A statement in the engine's SQL.
package struct Translation: Sendable {
    package struct Column: Sendable, Hashable {
        package var name: String
        package var type: TrinoType
    }

    package var sql: String
    /// `nil`: the result tells them.
    package var columns: [Column]?
    /// What of the names that the statement uses Trino's clients may want to know: the tables.
    package var tables: [TableName]
}
