internal import Foundation
import LakeModel
package import Logging
package import OperationalStore

/// The parts of the work that processes share out among them: each table's lake, each table's operational rows and
/// published rows, and the keeping of the log.
package struct TableRoles: Sendable {
    package enum Role: String, Sendable, CaseIterable {
        /// `gold` is the executable's to compose, for it needs the SQL engine.
        case lake, operational, publish, maintenance, gold
    }

    private let ingestion: DipperIngestion
    private let tables: LakeTables
    private let operational: (any OperationalStore)?
    private let threads: Int
    private let logger: Logger

    /// Between two attempts to begin a role's work.
    private static let retryMilliseconds = 1_000

    package init(
        ingestion: DipperIngestion, tables: LakeTables, operational: (any OperationalStore)?, threads: Int,
        logger: Logger
    ) {
        self.ingestion = ingestion
        self.tables = tables
        self.operational = operational
        self.threads = threads
        self.logger = logger
    }

    /// The work of `kinds`, the tables in another order in each process, so that processes reach for different ones.
    package func all(_ kinds: Set<Role>) -> [(name: String, work: RoleKeeper.Work)] {
        var roles: [(name: String, work: RoleKeeper.Work)] = []
        for table in ingestion.model.tables.shuffled() {
            if kinds.contains(.lake) {
                roles.append((LakeEngine.fenceRole(of: table.name), work(.lake, [table.name])))
            }
        }
        for table in ingestion.model.tables.shuffled() where table.operational && operational != nil {
            if kinds.contains(.operational) {
                roles.append(("operational/\(table.name)", work(.operational, [table.name])))
            }
        }
        for table in ingestion.model.tables.shuffled() where kinds.contains(.publish) {
            roles.append(("accepted/\(table.name)", work(.publishing, [table.name])))
        }
        if kinds.contains(.maintenance) { roles.append(("log", work(.keeping, nil))) }
        return roles
    }

    private func work(_ parts: LakeEngine.Parts, _ names: Set<String>?) -> RoleKeeper.Work {
        { [self] in
            while !Task.isCancelled {
                do {
                    let engine = try await LakeEngine(
                        ingestion: ingestion, tables: tables, operational: operational, parts: parts, only: names,
                        threads: threads, logger: logger)
                    await engine.run()
                } catch {
                    if Task.isCancelled { return }
                    logger.error("a role's work can't begin, it will be tried again", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: .milliseconds(Self.retryMilliseconds))
                }
            }
        }
    }
}
