import QueryEngine

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads one statement's result page by page. It does nothing itself: each answer leads to what is to be done next.
///
/// 1. The statement is posted; every answer that has no error may name the address of the next one.
/// 2. Columns come with the first answer that knows them, rows with any.
/// 3. An answer without a next address is the last.
struct ClusterReading {
    enum Action {
        /// Ask this path of the cluster.
        case ask(path: String)
        case done(QueryResult)
        case failed(TrinoClusterError)
    }

    private let rowsMax: Int
    private var columns: [(name: String, type: ClusterType)]?
    private var rows: [[QueryValue]] = []
    /// Where the statement can be ended; `nil` before it has begun and after it has ended.
    private(set) var path: String?

    init(rowsMax: Int) { self.rowsMax = rowsMax }

    mutating func answered(status: Int, body: [UInt8]) -> Action {
        guard status == 200 else {
            // A query that is gone, or a coordinator that started anew: the statement only reads and may be sent again.
            path = nil
            return .failed(.failed("it answered with status \(status)", isRetryable: status >= 500 || status == 404))
        }
        let page: ClusterPage
        do {
            page = try JSONDecoder().decode(ClusterPage.self, from: Data(body))
        } catch {
            return .failed(.unreadable("its answer is not what the protocol says", cause: error))
        }
        if let failure = page.error {
            path = nil
            return .failed(Self.error(failure))
        }
        if let problem = take(page) { return .failed(problem) }
        guard let next = page.nextUri else {
            path = nil
            guard let columns else { return .failed(.unreadable("the result has no columns")) }
            return .done(
                QueryResult(
                    columns: columns.map { .init(name: $0.name, type: $0.type.engineName) }, rows: rows,
                    isTruncated: false, elapsedMicroseconds: 0))
        }
        // The address is followed on the configured cluster alone, wherever it says that it lies.
        guard let start = next.firstRange(of: "/v1/statement/")?.lowerBound else {
            return .failed(.unreadable("the next page's address is none of a statement"))
        }
        let path = String(next[start...])
        self.path = path
        return .ask(path: path)
    }

    private mutating func take(_ page: ClusterPage) -> TrinoClusterError? {
        if columns == nil, let found = page.columns {
            var typed: [(name: String, type: ClusterType)] = []
            for column in found {
                guard let type = ClusterType(column.type) else {
                    return .unreadable("the column \(column.name) is of type \(column.type)")
                }
                typed.append((column.name, type))
            }
            columns = typed
        }
        guard let data = page.data, !data.isEmpty else { return nil }
        guard let columns else { return .unreadable("rows came before their columns") }
        guard rows.count + data.count <= rowsMax else {
            return .unreadable("the result has more than \(rowsMax) rows")
        }
        for row in data {
            guard row.count == columns.count else { return .unreadable("a row has another number of values") }
            var values: [QueryValue] = []
            values.reserveCapacity(row.count)
            for (value, column) in zip(row, columns) {
                guard let read = column.type.value(value) else {
                    return .unreadable("a value of the column \(column.name) is none of its type")
                }
                values.append(read)
            }
            rows.append(values)
        }
        return nil
    }

    private static func error(_ failure: ClusterPage.Failure) -> TrinoClusterError {
        let name = failure.errorName ?? "no name"
        let message = "\(name): \(failure.message ?? "no message")"
        if failure.errorType == "USER_ERROR" {
            return TrinoClusterError(
                code: "cluster-refused", message: "the Trino cluster refused the statement: \(message)",
                remedy: "check the cluster's catalog of the lake and the rights of Dipper's user there",
                isRetryable: false)
        }
        return .failed(message, isRetryable: true)
    }
}
