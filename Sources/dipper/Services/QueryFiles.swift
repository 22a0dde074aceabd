import Ingestion
import ObjectStorage
import QueryEngine

/// Where the files of the lake's tables are found by the SQL engine, which knows this machine's files only.
enum QueryFiles: Sendable {
    case local(LocalObjectStore)
    case cached(ObjectCache)

    /// The folder that stands in the place of the object store, with a trailing slash.
    var root: String {
        switch self {
        case .local(let store): store.root + "/"
        case .cached(let cache): cache.root + "/"
        }
    }

    /// Where the file of a location lies or will lie; `nil` for one that is not the lake's.
    func path(forLocation location: String) -> String? {
        switch self {
        case .local(let store): store.localPath(forLocation: location)
        case .cached(let cache): cache.key(forLocation: location).map { root + $0 }
        }
    }

    /// Makes sure of the files of tables for the time of a query.
    /// - Returns: what keeps them there until it is released; `nil` where they lie anyway.
    func lease(_ tables: [QueryTable]) async throws -> ObjectCache.Lease? {
        guard case .cached(let cache) = self else { return nil }
        let paths = tables.flatMap(\.files)
        return try await cache.lease(
            Set(paths.filter { $0.hasPrefix(root) }.map { String($0.dropFirst(root.count)) }))
    }
}
