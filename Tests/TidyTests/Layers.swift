/// Which target stands on which level (see docs/architecture.md). Imports go from a higher rank to a lower one.
enum Layers {
    /// Ranks leave room between the levels: an adapter stands just above the roles, `CatalogService` just below the
    /// services that commit through it.
    static let ranks: [String: Int] = [
        "LakeModel": 0, "ByteKernels": 0, "BlockCompression": 5,
        "CSVFormat": 10, "ParquetFormat": 10, "AvroFormat": 10, "MultipartForm": 10, "ArrowFormat": 10,
        "S3Protocol": 10, "TrinoSQL": 10,
        "Iceberg": 20, "RowBackup": 22, "SQLiteSupport": 25, "PostgreSQLSupport": 25,
        "ObjectStorage": 30, "EventLog": 30, "OperationalStore": 30, "ResultCache": 30, "QueryEngine": 30,
        "Observability": 30,
        "Access": 40, "CatalogService": 40, "Ingestion": 45, "TableMaintenance": 45, "Analytics": 45,
        "GatewayHTTP": 50, "S3Door": 52,
        "dipper": 60, "LakeTesting": 60, "LakeSimulation": 61, "simulate": 62,
        "Fuzzing": 55, "dipper-fuzz": 60,
    ]

    /// Above the roles, below the services.
    static let adapterRank = 35
    static let rolesWithAdapters = ["ObjectStorage", "EventLog", "OperationalStore", "ResultCache", "QueryEngine"]

    /// Just above the catalog, which is a role and a service in one: adapters of `CatalogService` are named `Catalog…`.
    static let catalogAdapterRank = 42

    /// Targets that put adapters to work.
    static let composers: Set<String> = ["dipper", "LakeTesting"]

    /// Targets that exist for tests alone.
    static let testSupport: Set<String> = ["LakeTesting", "LakeSimulation", "simulate"]

    /// Ranks below this one are bytes in, bytes out: no network, no concurrency, no logging.
    static let pureRankEnd = 20
    static let effectfulModules: Set<String> = [
        "AsyncHTTPClient", "GRDB", "Hummingbird", "Logging", "Metrics", "ServiceLifecycle", "Tracing",
    ]

    /// The role that `target` is an adapter of: `EventLogKafka` of `EventLog`.
    static func role(ofAdapter target: String) -> String? {
        guard ranks[target] == nil else { return nil }
        if target.hasPrefix("Catalog") { return "CatalogService" }
        return rolesWithAdapters.first { target.hasPrefix($0) && target != $0 }
    }

    static func rank(of target: String) -> Int? {
        if let rank = ranks[target] { return rank }
        return role(ofAdapter: target).map { $0 == "CatalogService" ? catalogAdapterRank : adapterRank }
    }

    /// Why `importer` may not import `imported`, both targets of this package; `nil` when it may.
    static func objection(importer: String, imported: String) -> String? {
        guard let from = rank(of: importer) else { return "\(importer) is not in the table of Layers.swift" }
        guard let to = rank(of: imported) else { return "\(imported) is not in the table of Layers.swift" }
        if testSupport.contains(imported), !testSupport.contains(importer) { return "only tests import \(imported)" }
        if imported == "Fuzzing", importer != "dipper-fuzz" { return "only tests and dipper-fuzz import Fuzzing" }
        if from <= to { return "imports go down: \(importer) does not stand above \(imported)" }
        if role(ofAdapter: imported) != nil, !composers.contains(importer) {
            return "only the executable composes adapters"
        }
        if let role = role(ofAdapter: importer), to == 30, imported != role, imported != "Observability" {
            return "an adapter imports its own role alone"
        }
        return nil
    }
}
