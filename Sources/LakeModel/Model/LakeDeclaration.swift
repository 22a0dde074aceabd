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

/// A table of namespace `gold`, defined by SQL over silver.
package struct GoldDeclaration: Sendable, Hashable {
    package var name: String
    package var sql: String

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
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
    /// One SELECT whose result columns are the keys of the answer; parameters as `$name`.
    package var sql: String

    package init(name: String, doc: String, parameters: [Parameter], sql: String) {
        self.name = name
        self.doc = doc
        self.parameters = parameters
        self.sql = sql
    }
}
