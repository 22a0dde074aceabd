import Testing

@Suite struct ImportTests {
    let tree: SourceTree

    init() throws { tree = try SourceTree.current.get() }

    private struct Import {
        let target: String
        let module: String
        let file: SourceTree.File
    }

    private func imports(in room: String) -> [Import] {
        tree.swiftFiles.filter { $0.room == room }.flatMap { file in
            let target = String(file.path.split(separator: "/")[1])
            return (file.code?.imports() ?? []).map {
                Import(target: target, module: $0, file: file)
            }
        }
    }

    /// Targets of this package without Swift files: C code and system libraries.
    private var cModules: Set<String> {
        let swift = Set(
            tree.swiftFiles.filter { $0.room == "Sources" }.map { String($0.path.split(separator: "/")[1]) })
        return tree.targets(in: "Sources").subtracting(swift)
    }

    @Test func `imports only go down, and only the executable composes adapters`() {
        let own = tree.targets(in: "Sources").subtracting(cModules).union(tree.targets(in: "Fuzz"))
        for item in imports(in: "Sources") + imports(in: "Fuzz") where own.contains(item.module) {
            let objection = Layers.objection(importer: item.target, imported: item.module)
            #expect(objection == nil, "\(item.file): \(objection ?? "")")
        }
    }

    @Test func `every target has its place in the table of layers`() {
        for target in tree.targets(in: "Sources").subtracting(cModules).union(tree.targets(in: "Fuzz")) {
            #expect(Layers.rank(of: target) != nil, "add \(target) to Tests/TidyTests/Layers.swift")
        }
    }

    @Test func `a C module is imported by one target, which wraps it`() {
        let users = Dictionary(grouping: imports(in: "Sources").filter { cModules.contains($0.module) }, by: \.module)
        for (module, items) in users {
            let targets = Set(items.map(\.target)).sorted()
            #expect(targets.count == 1, "\(module) is imported by \(targets.joined(separator: ", "))")
        }
        for module in cModules {
            #expect(users[module] != nil, "no target imports \(module)")
        }
    }

    @Test func `formats and the model know no network, no concurrency and no logging`() {
        for item in imports(in: "Sources") where (Layers.rank(of: item.target) ?? 100) < Layers.pureRankEnd {
            let isEffectful = Layers.effectfulModules.contains(item.module) || item.module.hasPrefix("NIO")
            #expect(!isEffectful, "\(item.file) imports \(item.module)")
        }
        for file in tree.swiftFiles where file.room == "Sources" {
            let target = String(file.path.split(separator: "/")[1])
            guard (Layers.rank(of: target) ?? 100) < Layers.pureRankEnd else { continue }
            let code = String(decoding: file.code?.code ?? [], as: UTF8.self)
            #expect(!code.contains(" async "), "\(file) is asynchronous")
        }
    }

    @Test func `the table refuses what it should`() {
        #expect(Layers.objection(importer: "LakeModel", imported: "Iceberg") != nil)
        #expect(Layers.objection(importer: "EventLogKafka", imported: "ObjectStorage") != nil)
        #expect(Layers.objection(importer: "EventLogKafka", imported: "ObjectStorageS3") != nil)
        #expect(Layers.objection(importer: "GatewayHTTP", imported: "QueryEngineDuckDB") != nil)
        #expect(Layers.objection(importer: "Ingestion", imported: "LakeTesting") != nil)
        #expect(Layers.objection(importer: "dipper", imported: "Fuzzing") != nil)
        #expect(Layers.objection(importer: "dipper-fuzz", imported: "Fuzzing") == nil)
        #expect(Layers.objection(importer: "CatalogPostgreSQL", imported: "ObjectStorage") != nil)
        #expect(Layers.objection(importer: "CatalogPostgreSQL", imported: "OperationalStorePostgres") != nil)
        #expect(Layers.objection(importer: "Ingestion", imported: "CatalogPostgreSQL") != nil)
        #expect(Layers.objection(importer: "CatalogPostgreSQL", imported: "CatalogService") == nil)
        #expect(Layers.objection(importer: "OperationalStorePostgres", imported: "PostgreSQLSupport") == nil)
        #expect(Layers.objection(importer: "EventLogKafka", imported: "EventLog") == nil)
        #expect(Layers.objection(importer: "dipper", imported: "QueryEngineDuckDB") == nil)
        #expect(Layers.objection(importer: "Ingestion", imported: "CatalogService") == nil)
    }
}
