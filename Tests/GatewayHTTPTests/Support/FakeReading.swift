import Access
import GatewayHTTP
import LakeModel
import QueryEngine
import Synchronization

struct FakeAnalytics: AnalyticsAnswering {
    var analytics: [AnalyticDeclaration] {
        [
            AnalyticDeclaration(
                name: "quarterly-hires", doc: "Hires by quarter",
                parameters: [.init(name: "year", type: .int, minimum: 1900, maximum: 2100)], sql: "SELECT 1"),
            AnalyticDeclaration(name: "totals", doc: "All rows", parameters: [], sql: "SELECT 2"),
        ]
    }

    let rows: [[QueryValue]] = (0..<25).map { [.text("Sales \($0)"), .text("=1+1"), .integer($0), .null] }
    let answers = FakeCount()
    /// Raised by a commit.
    let commits = FakeCount()

    func version(of question: AnalyticQuestion) async throws -> AnswerVersion {
        AnswerVersion(
            tag: "v\(commits.value)-\(question.parameters)".filter { $0.isLetter || $0.isNumber },
            snapshotIDs: ["silver.jobs_cleaned": 77])
    }

    func answer(_ question: AnalyticQuestion, page: Int, size: Int) async throws -> AnalyticAnswer {
        answers.increment()
        let columns = ["department", "job", "q1", "q2"].map { QueryResult.Column(name: $0, type: "VARCHAR") }
        return AnalyticAnswer(
            version: try await version(of: question), columns: columns,
            rows: Array(rows.dropFirst(page * size).prefix(size)), total: rows.count, source: "gold")
    }
}

struct FakeGold: GoldBrowsing {
    let refreshes = FakeCount()

    func goldTables() async throws -> [GoldSummary] {
        var summary = GoldSummary(
            name: "totals", doc: "All rows", inputs: ["silver.jobs_cleaned"], isCurrent: refreshes.value > 0)
        summary.snapshotID = 4_611_686_018_427_387_905
        summary.rowCount = 3
        summary.refreshedMicroseconds = 1_706_702_400_000_000
        summary.failure = "sql-invalid: there is no column x"
        return [summary]
    }

    func refreshGold() async throws { refreshes.increment() }
}

final class FakeCount: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func increment() { count.withLock { $0 += 1 } }
}

final class FakeSQL: SQLAnswering {
    struct State: Sendable {
        var questions: [SQLQuestion] = []
        var error: (any Error)?
        /// `nil`: the answer is not one to be kept.
        var version: AnswerVersion?
        var result = QueryResult(
            columns: [
                .init(name: "id", type: "BIGINT"), .init(name: "name", type: "VARCHAR"),
                .init(name: "x", type: "DOUBLE"),
            ],
            rows: [
                [.integer(.max), .text("a \"b\"\n\u{1}é,"), .double(0.1)], [.integer(.min), .null, .double(.nan)],
                [.integer(0), .text("=cmd()"), .double(-.infinity)],
            ], isTruncated: false, elapsedMicroseconds: 42)
    }

    let state = Mutex(State())

    func answer(_ question: SQLQuestion) async throws -> SQLAnswer {
        try state.withLock { state in
            state.questions.append(question)
            if let error = state.error { throw error }
            return SQLAnswer(
                result: state.result, snapshotIDs: ["silver.departments_cleaned": 4_611_686_018_427_387_905],
                version: state.version)
        }
    }

    func version(of question: SQLQuestion) async throws -> AnswerVersion? { state.withLock { $0.version } }
}

struct FakeTables: TableBrowsing {
    let summary = TableSummary(
        name: "departments", namespace: "silver", icebergName: "departments_cleaned", rowCount: 12, fileCount: 1,
        byteCount: 4_096, snapshotID: 4_611_686_018_427_387_905, committedMicroseconds: 1_706_702_400_000_000)
    let snapshot = SnapshotSummary(
        id: 4_611_686_018_427_387_905, parentID: 11, sequenceNumber: 2, committedMicroseconds: 1_706_702_400_000_000,
        operation: "append", isCurrent: true, summary: ["added-records": "12"])

    func tables(of reader: Principal, page: Int, size: Int) async throws -> ListPage<TableSummary> {
        guard reader.may(.read, ["silver"]) else { return ListPage(items: [], total: 0) }
        return ListPage(items: page == 0 ? [summary] : [], total: 1)
    }

    func table(_ table: String) async throws -> TableDetail? {
        guard table == "departments" || table == "silver.departments_cleaned" else { return nil }
        return TableDetail(
            summary: summary, formatVersion: 2, tableUUID: "9c12d441-03fe-4693-9a96-a0705ddf69c1",
            fields: [
                SchemaField(id: 1, name: "id", type: .int, required: true),
                SchemaField(id: 2, name: "department", type: .string, required: false, doc: "Its name"),
                SchemaField(
                    id: 3, name: "tags", type: .list(elementID: 4, element: .primitive(.string), elementRequired: true),
                    required: false),
            ], key: ["id"], partition: [], sortOrder: ["id"], properties: ["format-version": "2"],
            currentSnapshot: snapshot)
    }

    func snapshots(of table: String, page: Int, size: Int) async throws -> ListPage<SnapshotSummary>? {
        table == "departments" ? ListPage(items: [snapshot], total: 1) : nil
    }

    func files(of table: String, snapshotID: Int64?, page: Int, size: Int) async throws -> ListPage<DataFileSummary>? {
        guard table == "departments", snapshotID == nil || snapshotID == snapshot.id else { return nil }
        return ListPage(
            items: [
                DataFileSummary(
                    path: "data/hire_year=2021/1.parquet", rowCount: 12, byteCount: 4_096,
                    partition: ["hire_year": .integer(2021)], sequenceNumber: 2)
            ], total: 1)
    }
}

struct FakeRows: RowReading {
    func row(of table: String, key: [String]) async throws -> RowDocument? {
        guard table == "departments" else { throw GatewayError(code: "unknown-table", message: "no table \(table)") }
        guard key == ["7"] || key == ["a,b", "c/d"] else { return nil }
        return RowDocument(columns: ["id", "department"], values: [.integer(7), .text("Sales")])
    }
}

struct FakeRejects: RejectBrowsing {
    static let sha = String(repeating: "ab", count: 32)
    let records: [RejectRecord] = [
        RejectRecord(
            fileSHA256: sha, line: 3, byteOffset: 20, column: "id", code: "value-invalid", message: "`x` is no int",
            raw: Array("x,Sales".utf8), jobID: "job-1", rejectedMicroseconds: 1_706_702_400_000_000),
        RejectRecord(
            fileSHA256: sha, line: 4, byteOffset: 28, column: nil, code: "utf8-invalid", message: "byte 0xFF",
            raw: [0x39, 0x2C, 0xFF], jobID: "job-1"),
        RejectRecord(
            fileSHA256: sha, line: 5, byteOffset: 32, column: "department", code: "quote-unterminated",
            message: "the quote has no end", raw: Array("8,\"=cmd".utf8), jobID: "job-2"),
        RejectRecord(
            fileSHA256: sha, line: 6, byteOffset: 40, column: "id", code: "value-missing", message: "no id",
            raw: Array(";\"=HYPERLINK(1;2)\";-5".utf8), delimiter: UInt8(ascii: ";"), jobID: "job-2"),
    ]

    private func filtered(_ filter: RejectFilter) -> [RejectRecord] {
        records.filter {
            (filter.jobID == nil || $0.jobID == filter.jobID) && (filter.code == nil || $0.code == filter.code)
        }
    }

    func rejects(of table: String, filter: RejectFilter, page: Int, size: Int) async throws -> ListPage<RejectRecord>? {
        guard table == "departments" else { return nil }
        let all = filtered(filter)
        return ListPage(items: Array(all.dropFirst(page * size).prefix(size)), total: all.count)
    }

    func rejectStream(of table: String, filter: RejectFilter) async throws -> RejectStream? {
        guard table == "departments" else { return nil }
        let rest = Mutex(filtered(filter)[...])
        return RejectStream(header: ["id", "department"]) { rest.withLock { $0.popFirst().map { [$0] } } }
    }
}
