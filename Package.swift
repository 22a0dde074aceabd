// swift-tools-version: 6.2

import PackageDescription

/// The language mode that every Swift target is built in (see CONTRIBUTING.md).
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Optimised C in debug builds too: the kernels are too slow to test otherwise.
let kernelFlags: [CSetting] = [.unsafeFlags(["-O3"])]

func lake(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name)] + dependencies, resources: resources,
        swiftSettings: strict)
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")

let package = Package(
    name: "dipper",
    products: [.executable(name: "dipper", targets: ["dipper"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // L0: bytes, types and columns. No NIO, no async, no logging.
        lake("LakeModel", [.product(name: "Yams", package: "Yams")]),
        .target(name: "CByteKernels", cSettings: kernelFlags),
        lake("ByteKernels", ["CByteKernels"]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        lake("BlockCompression", ["LakeModel", "CZstd", "CZlib", "CSnappy"]),

        // L1: file formats, bytes in, batches or bytes out.
        lake("CSVFormat", ["LakeModel", "ByteKernels"]),
        lake("ParquetFormat", ["LakeModel", "ByteKernels", "BlockCompression"]),
        lake("AvroFormat", ["LakeModel", "ByteKernels", "BlockCompression"]),
        lake("MultipartForm", ["LakeModel"]),
        lake("S3Protocol", ["LakeModel", "ByteKernels", crypto]),
        lake("ArrowFormat", ["LakeModel"]),
        lake("TrinoSQL", ["LakeModel"]),

        // L2: the table format.
        lake("Iceberg", ["LakeModel", "ByteKernels", "BlockCompression", "ParquetFormat", "AvroFormat"]),

        lake("RowBackup", ["LakeModel", "AvroFormat", "Iceberg"]),

        // L3: one protocol a role, with its embedded default.
        .systemLibrary(name: "CFileAttributes"),
        lake("ObjectStorage", ["LakeModel", "Iceberg", "CFileAttributes"]),
        lake(
            "ObjectStorageS3",
            [
                "LakeModel", "S3Protocol", "ObjectStorage", crypto, logging, metrics, nio,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        lake("SQLiteSupport", ["LakeModel", grdb, .product(name: "GRDBSQLite", package: "GRDB.swift")]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        lake("PostgreSQLSupport", ["LakeModel", "CLibPQ"]),
        lake("EventLog", ["LakeModel", "SQLiteSupport", grdb]),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        lake("EventLogKafka", ["LakeModel", "EventLog", "CRdKafka", logging]),
        lake("OperationalStore", ["LakeModel", "SQLiteSupport", grdb]),
        lake("OperationalStorePostgres", ["LakeModel", "OperationalStore", "PostgreSQLSupport"]),
        lake("QueryEngine", ["LakeModel", "ArrowFormat", "AvroFormat"]),
        .target(name: "CDuckDBLoader", linkerSettings: [.linkedLibrary("dl")]),
        lake("QueryEngineDuckDB", ["LakeModel", "QueryEngine", "CDuckDBLoader", logging, metrics]),
        lake(
            "QueryEngineTrino",
            [
                "LakeModel", "QueryEngine", nio, metrics,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        lake("Observability", ["LakeModel", logging, metrics]),
        lake("ResultCache", ["LakeModel", "ByteKernels", logging, metrics]),
        lake("ResultCacheRedis", ["ResultCache", nio, nioPosix, nioSSL]),

        // L4: what the platform does.
        lake("Access", ["LakeModel", crypto]),
        .systemLibrary(name: "CRoaring", providers: [.apt(["libroaring-dev"])]),
        .target(name: "CKeySlots", cSettings: kernelFlags),
        lake("CatalogService", ["LakeModel", "AvroFormat", "Iceberg", "SQLiteSupport", grdb]),
        lake("CatalogPostgreSQL", ["LakeModel", "CatalogService", "PostgreSQLSupport"]),
        lake(
            "Ingestion",
            [
                "LakeModel", "ByteKernels", "CSVFormat", "ParquetFormat", "Iceberg", "ObjectStorage", "EventLog",
                "OperationalStore", "CatalogService", "BlockCompression", "Observability", "CRoaring", "CKeySlots",
                "RowBackup", logging,
                metrics,
            ]),
        lake(
            "TableMaintenance",
            [
                "LakeModel", "AvroFormat", "BlockCompression", "ParquetFormat", "Iceberg", "RowBackup", "ObjectStorage",
                "CatalogService", logging, metrics,
            ]),

        lake(
            "Analytics",
            [
                "LakeModel", "ByteKernels", "ParquetFormat", "Iceberg", "ObjectStorage", "QueryEngine", "Observability",
                "CatalogService", logging, metrics,
            ]),

        // L5: HTTP.
        lake(
            "GatewayHTTP",
            [
                "LakeModel", "ByteKernels", "AvroFormat", "Iceberg", "Access", "CatalogService", "Ingestion",
                "TableMaintenance", "MultipartForm", "QueryEngine", "TrinoSQL", "ResultCache", "Observability", logging,
                metrics, httpTypes, hummingbird, nio,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"), lifecycle,
            ]),
        lake(
            "S3Door",
            [
                "LakeModel", "S3Protocol", "ObjectStorage", "Access", "GatewayHTTP", crypto, logging, metrics,
                httpTypes, hummingbird, nio, .product(name: "HummingbirdCore", package: "hummingbird"),
            ]),

        // L6: the one executable, and what tests share.
        .executableTarget(
            name: "dipper",
            dependencies: [
                "LakeModel", "AvroFormat", "ByteKernels", "CSVFormat", "Iceberg", "RowBackup", "ObjectStorage",
                "ObjectStorageS3", "EventLog", "EventLogKafka", "OperationalStore", "QueryEngine", "QueryEngineDuckDB",
                "QueryEngineTrino", "Observability", "Access", "CatalogService", "Ingestion", "TableMaintenance",
                "GatewayHTTP", "S3Door", "PostgreSQLSupport", "CatalogPostgreSQL", "OperationalStorePostgres", logging,
                httpTypes, metrics, nio, lifecycle, "Analytics", "ResultCache", "ResultCacheRedis", hummingbird,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        lake(
            "LakeTesting",
            [
                "LakeModel", "ObjectStorage", "EventLog", "OperationalStore", "CatalogService", "PostgreSQLSupport",
                "ResultCache",
            ]),
        lake(
            "LakeSimulation",
            [
                "LakeModel", "ByteKernels", "ParquetFormat", "Iceberg", "ObjectStorage", "EventLog", "OperationalStore",
                "CatalogService", "Ingestion", "LakeTesting", logging,
            ]),
        .executableTarget(name: "simulate", dependencies: ["LakeSimulation"], swiftSettings: strict),

        // What feeds the formats damaged input, and the plain readers that judge them.
        .target(
            name: "Fuzzing",
            dependencies: [
                "LakeModel", "ByteKernels", "BlockCompression", "CSVFormat", "ParquetFormat", "AvroFormat",
                "MultipartForm",
            ],
            path: "Fuzz/Fuzzing", swiftSettings: strict),
        .executableTarget(
            name: "dipper-fuzz", dependencies: ["LakeModel", "CSVFormat", "Fuzzing"], path: "Fuzz/dipper-fuzz",
            swiftSettings: strict),

        tests("LakeModel"),
        tests("ByteKernels", ["LakeTesting"]),
        tests("BlockCompression", ["LakeTesting"]),
        tests("CSVFormat", ["LakeModel", "ByteKernels", "Fuzzing"]),
        tests("ParquetFormat", ["LakeModel", "LakeTesting"]),
        tests("AvroFormat", ["LakeModel"]),
        tests("MultipartForm", ["LakeModel"]),
        tests("ArrowFormat", ["LakeModel"]),
        tests("QueryEngine", ["LakeModel", "ArrowFormat"]),
        tests("TrinoSQL", ["LakeModel"], resources: [.copy("Fixtures")]),
        tests("Iceberg", ["LakeModel", "ParquetFormat", "AvroFormat"]),
        tests("S3Protocol", ["LakeTesting"]),
        tests("RowBackup", ["LakeModel", "AvroFormat", "Iceberg", "LakeTesting"]),
        tests("ObjectStorage", ["LakeModel", "LakeTesting"]),
        tests(
            "ObjectStorageS3",
            [
                "LakeModel", "S3Protocol", "ObjectStorage", "LakeTesting", logging, nio,
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        tests("EventLog", ["LakeModel", "SQLiteSupport", "LakeTesting", grdb]),
        tests("EventLogKafka", ["LakeModel", "EventLog", "LakeTesting", logging]),
        tests("PostgreSQLSupport", ["LakeModel", "LakeTesting"]),
        tests("OperationalStore", ["LakeModel", "SQLiteSupport", "LakeTesting", grdb]),
        tests("OperationalStorePostgres", ["LakeModel", "OperationalStore", "PostgreSQLSupport", "LakeTesting"]),
        tests("Access", ["LakeModel", "LakeTesting"]),
        tests("CatalogService", ["LakeModel", "Iceberg", "ObjectStorage", "SQLiteSupport", "LakeTesting", grdb]),
        tests("CatalogPostgreSQL", ["LakeModel", "CatalogService", "PostgreSQLSupport", "LakeTesting"]),
        tests(
            "QueryEngineDuckDB", ["LakeModel", "QueryEngine", "dipper", logging],
            resources: [.copy("Fixtures")]),
        tests("QueryEngineTrino", ["LakeModel", "QueryEngine"]),
        tests("Observability", [logging, metrics]),
        tests("ResultCache", ["LakeModel", "LakeTesting", logging]),
        tests("ResultCacheRedis", ["LakeModel", "ResultCache", "LakeTesting"]),
        tests(
            "Analytics",
            [
                "LakeModel", "ParquetFormat", "Iceberg", "ObjectStorage", "QueryEngine", "CatalogService",
                "LakeTesting",
                logging,
            ]),
        tests(
            "Ingestion",
            [
                "LakeModel", "LakeTesting", "CatalogService", "EventLog", "Iceberg", "RowBackup", "ObjectStorage",
                "ParquetFormat", "OperationalStore", logging,
            ]),
        tests(
            "TableMaintenance",
            [
                "LakeModel", "AvroFormat", "ParquetFormat", "Iceberg", "RowBackup", "ObjectStorage", "CatalogService",
                "LakeTesting", logging,
            ]),
        tests(
            "GatewayHTTP",
            [
                "LakeModel", "AvroFormat", "Iceberg", "ObjectStorage", "Access", "CatalogService", "CatalogPostgreSQL",
                "PostgreSQLSupport", "TableMaintenance", "Ingestion", "QueryEngine", "ResultCache", "Observability",
                "LakeTesting", logging, metrics, hummingbird, httpTypes, nio,
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ]),
        tests(
            "S3Door",
            [
                "LakeModel", "S3Protocol", "ObjectStorage", "Access", "GatewayHTTP", "LakeTesting", crypto, logging,
                hummingbird,
                httpTypes, nio, .product(name: "HummingbirdTesting", package: "hummingbird"),
            ]),
        tests("dipper", ["LakeModel", "Iceberg", "QueryEngine", "LakeTesting"]),
        tests("LakeSimulation", ["LakeModel", "LakeTesting", "ObjectStorage"]),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
