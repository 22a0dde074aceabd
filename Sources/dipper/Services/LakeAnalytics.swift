import Access
import Analytics
import CatalogService
import GatewayHTTP
import Iceberg
import Ingestion
import LakeModel
import QueryEngine
import ResultCache
import Synchronization

/// Named analytics over the lake's tables: from gold while that reflects silver as it is, else from silver.
///
/// What an answer is known by is the state of silver in both cases, because the answers are the same. With a Trino cluster,
/// analytics that have SQL for it are put to that first, over silver in the very state that the answer is known by.
struct LakeAnalytics: AnalyticsAnswering {
    /// What the answers to one analytic come from, for readers with the same rights.
    private struct Basis: Sendable {
        var tag: String
        var snapshotIDs: [String: Int64]
    }

    private struct BasisKey: Hashable, Sendable {
        var analytic: String
        var grants: [Grant]
    }

    let analytics: [AnalyticDeclaration]
    private let plans: TablePlans
    private let tables: LakeTables
    private let engine: any QueryEngine
    private let book: GoldBook
    private let versions: AnswerVersions<BasisKey, Basis>
    private let tags = TagMemory()
    private let cluster: ClusterAnalytics?

    /// Rows of an analytic's whole answer.
    private static let rowsMax = 1_000_000
    /// Digits of a tag: 128 bits.
    private static let tagDigits = 32

    /// - Parameters:
    ///   - watch: counts the changes that this process makes to the catalog.
    ///   - isShared: whether other processes change it too.
    ///   - cluster: of Trino, if there is one.
    init(
        model: LakeDeclaration, plans: TablePlans, tables: LakeTables, engine: any QueryEngine, watch: CatalogWatch,
        isShared: Bool, cluster: ClusterAnalytics? = nil
    ) {
        analytics = model.analytics
        self.plans = plans
        self.tables = tables
        self.engine = engine
        self.cluster = cluster
        book = GoldBook(model: model)
        versions = AnswerVersions(catalog: tables.catalog, watch: watch, isShared: isShared)
    }

    // MARK: Versions

    func version(of question: AnalyticQuestion) async throws -> AnswerVersion {
        let analytic = try declaration(of: question)
        let reader = question.reader
        let basis = try await versions.entry(
            BasisKey(analytic: analytic.name, grants: reader.grants),
            // Whether a reader with some rights may read a table is not for its pointer alone to say.
            holdsByPointers: reader.mayEverywhere(.read)
        ) {
            let all = try await self.plans.all(of: reader, for: analytic.sql)
            let read = all.tables.map { TableIdentifier(namespace: $0.namespace, name: $0.name) }
            return (self.basis(analytic, reader, all), read)
        }
        return version(question, basis)
    }

    private func basis(_ analytic: AnalyticDeclaration, _ reader: Principal, _ all: TablePlans.All) -> Basis {
        // Quarantine changes no answer.
        let read = all.snapshotIDs.filter { !$0.key.hasPrefix("\(LakeTables.quarantine).") }
        let rights = reader.mayEverywhere(.read) ? ["*"] : reader.grants.map { "\($0)" }.sorted()
        let states = read.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let key = CacheKey(
            [analytic.name, analytic.sql, analytic.gold?.sql ?? "", analytic.trino ?? "", String(rights.count)] + rights
                + states)
        return Basis(tag: key.description, snapshotIDs: read)
    }

    private func version(_ question: AnalyticQuestion, _ basis: Basis) -> AnswerVersion {
        let tag = tags.tag(TagMemory.Key(basis: basis.tag, parameters: question.parameters)) {
            CacheKey([basis.tag] + question.parameters.map { "\($0)" }).description
        }
        return AnswerVersion(tag: String(tag.prefix(Self.tagDigits)), snapshotIDs: basis.snapshotIDs)
    }

    private func declaration(of question: AnalyticQuestion) throws -> AnalyticDeclaration {
        guard let declaration = analytics.first(where: { $0.name == question.name }) else {
            throw QueryError(
                code: "analytic-unknown", message: "there is no analytic `\(question.name)`",
                remedy: "use one of: \(analytics.map(\.name).joined(separator: ", "))")
        }
        return declaration
    }

    // MARK: Answers

    func answer(_ question: AnalyticQuestion, page: Int, size: Int) async throws -> AnalyticAnswer {
        let analytic = try declaration(of: question)
        let names = analytic.parameters.map(\.name)
        let parameters = QueryParameters.named(Dictionary(zip(names, question.parameters)) { first, _ in first })
        let all = try await plans.all(of: question.reader, for: analytic.sql, parameters: parameters)
        defer { all.release() }
        let version = version(question, basis(analytic, question.reader, all))
        func answer(_ result: QueryResult, source: String, engine: String) -> AnalyticAnswer {
            AnalyticAnswer(
                version: version, columns: result.columns,
                rows: Array(result.rows.dropFirst(page * size).prefix(size)), total: result.rows.count,
                source: source, engine: engine)
        }
        if let cluster, all.hidden.isEmpty,
            let result = try await cluster.result(
                analytic, question.parameters, snapshotIDs: all.snapshotIDs, rowsMax: Self.rowsMax)
        {
            return answer(result, source: LakeTables.silver, engine: "trino")
        }
        var (sql, used, source) = (analytic.sql, all, LakeTables.silver)
        if let gold = analytic.gold, let current = try await currentGold(gold, question.reader, parameters, all) {
            (sql, used, source) = (gold.sql, current, GoldDeclaration.namespace)
        }
        defer { used.release() }
        let result = try await execute(
            QueryRequest(
                sql: sql, parameters: parameters, tables: used.tables, limits: QueryLimits(rowsMax: Self.rowsMax)), used
        )
        return answer(result, source: source, engine: "embedded")
    }

    /// The gold tables of a question, if their rows are what silver in the state of `all` gives; `nil` otherwise, and for
    /// readers who may not read them.
    private func currentGold(
        _ gold: AnalyticDeclaration.OverGold, _ reader: Principal, _ parameters: QueryParameters,
        _ all: TablePlans.All
    ) async throws -> TablePlans.All? {
        guard reader.may(.read, [GoldDeclaration.namespace]) else { return nil }
        var metadata: [TableIdentifier: TableMetadata] = [:]
        for table in book.tables(bearingOn: gold.tables) {
            metadata[table] = try await tables.metadata(table)
            // What the SQL over silver does not read may have moved on since.
            let isRead = all.tables.contains { $0.namespace == table.namespace && $0.name == table.name }
            if isRead, metadata[table]?.currentSnapshotID != all.snapshotIDs[table.description] { return nil }
        }
        guard gold.tables.allSatisfy({ book.isCurrent($0, metadata) }) else { return nil }
        let found = try await plans.all(of: reader, for: gold.sql, parameters: parameters)
        let holds = gold.tables.allSatisfy { name in
            let table = GoldBook.identifier(name)
            return found.snapshotIDs[table.description] == metadata[table]?.currentSnapshotID
                && found.tables.contains { $0.namespace == table.namespace && $0.name == table.name }
        }
        return holds ? found : nil
    }

    /// The engine knows the tables alone that the reader may read: a name that it does not know may be one of those withheld.
    private func execute(_ request: QueryRequest, _ all: TablePlans.All) async throws -> QueryResult {
        do {
            return try await engine.execute(request)
        } catch let error as QueryError where error.code == "sql-invalid" {
            let message = error.message.lowercased()
            guard let name = all.hidden.first(where: { message.contains($0) }) else { throw error }
            throw GatewayError(
                code: "forbidden", message: "the access token may not read \(name)",
                remedy: "ask whoever runs the server for the right to read its namespace")
        }
    }
}

/// Tags of questions that were asked lately: looking one up is faster than hashing it.
private final class TagMemory: Sendable {
    struct Key: Hashable {
        var basis: String
        var parameters: [QueryValue]
    }

    private static let tagsMax = 1_024

    private let tags = Mutex<[Key: String]>([:])

    func tag(_ key: Key, _ make: () -> String) -> String {
        if let tag = tags.withLock({ $0[key] }) { return tag }
        let tag = make()
        tags.withLock { tags in
            if tags.count >= Self.tagsMax { tags.removeAll() }
            tags[key] = tag
        }
        return tag
    }
}
