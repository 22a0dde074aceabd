/// The whole model file.
package struct LakeDeclaration: Sendable, Hashable {
    package var tables: [TableDeclaration]
    package var gold: [GoldDeclaration]
    package var analytics: [AnalyticDeclaration]

    package init(tables: [TableDeclaration], gold: [GoldDeclaration] = [], analytics: [AnalyticDeclaration] = []) {
        self.tables = tables
        self.gold = gold
        self.analytics = analytics
    }

    package func table(named name: String) -> TableDeclaration? { tables.first { $0.name == name } }
}

/// A question with a name: SQL with typed parameters, served under `/api/v2/analytics/<name>/<parameter>…`.
package struct AnalyticDeclaration: Sendable, Hashable {
    package struct Parameter: Sendable, Hashable {
        package var name: String
        package var type: PrimitiveType
        package var minimum: Int64?
        package var maximum: Int64?

        package init(name: String, type: PrimitiveType, minimum: Int64? = nil, maximum: Int64? = nil) {
            self.name = name
            self.type = type
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    package var name: String
    package var doc: String
    package var parameters: [Parameter]
    /// One SELECT over silver tables whose result columns are the keys of the answer; parameters as `$name`.
    package var sql: String
    /// How gold tables answer the same while they reflect silver as it is; `nil`: not at all.
    package var gold: OverGold?
    /// The same question in Trino's SQL, over the silver tables that ``sql`` reads; `nil`: no cluster is asked.
    package var trino: String?

    /// The same question put to gold tables.
    package struct OverGold: Sendable, Hashable {
        /// Names in namespace `gold`.
        package var tables: [String]
        package var sql: String

        package init(tables: [String], sql: String) {
            self.tables = tables
            self.sql = sql
        }
    }

    package init(
        name: String, doc: String, parameters: [Parameter], sql: String, gold: OverGold? = nil,
        trino: String? = nil
    ) {
        self.name = name
        self.doc = doc
        self.parameters = parameters
        self.sql = sql
        self.gold = gold
        self.trino = trino
    }
}
