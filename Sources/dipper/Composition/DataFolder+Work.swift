import CatalogService
import EventLog
import Ingestion
import LakeModel
import Logging

extension DataFolder {
    /// What goes on beside the gateway until it is cancelled: the workers, or the look at what workers elsewhere do.
    /// - Parameter here: whether this process brings the log into the lake.
    /// - Throws: `cluster-incomplete` when nobody else could.
    func work(
        here: Bool, operational feedsOperational: Bool, threads: Int, logger: Logger
    ) async throws -> @Sendable () async -> Void {
        let engine =
            here ? try await engine(operational: feedsOperational, threads: threads, logger: logger) : nil
        if !here {
            try checkShared(operational: feedsOperational)
            for table in model.tables { try await tables.prepare(table) }
        }
        let watch = backlogWatch(operational: feedsOperational, logger: logger)
        return {
            await withTaskGroup(of: Void.self) { group in
                if let engine { group.addTask { await engine.run() } }
                if let watch { group.addTask { await watch.run() } }
            }
        }
    }

    /// Follows what other processes do, where there are others.
    func backlogWatch(operational: Bool, logger: Logger) -> BacklogWatch? {
        log.isShared
            ? BacklogWatch(ingestion: ingestion, operational: operational ? self.operational : nil, logger: logger)
            : nil
    }

    /// - Throws: `cluster-incomplete` unless log, catalog and operational rows lie where other processes reach them.
    func checkShared(operational feedsOperational: Bool) throws {
        var missing: [String] = []
        if !log.isShared { missing.append("--log kafka://…") }
        if leases == nil { missing.append("--catalog postgresql://…") }
        if feedsOperational, !sharesOperational { missing.append("--operational postgresql://…") }
        guard missing.isEmpty else {
            throw ClientError(
                code: "cluster-incomplete",
                message: "processes that share the work need \(missing.joined(separator: ", "))",
                remedy: "give them, or let `dipper serve` do all the work by itself")
        }
    }
}
