import Access
import CatalogService
import Iceberg
import Ingestion
import LakeModel
import ObjectStorage
import QueryEngine
import Synchronization

/// Which state of a table a question is about.
enum TableState: Sendable, Hashable {
    /// What it is now, under the names that its columns have now.
    case current
    /// What it was at a snapshot, under the names of then; `nil`: before its first.
    case at(snapshotID: Int64?)
}

/// Scan plans of tables as the SQL engine takes them, each made once a snapshot.
final class TablePlans: Sendable {
    private struct Key: Hashable {
        let table: TableIdentifier
        let tableUUID: String
        let snapshotID: Int64?
        let schemaID: Int
    }

    let tables: LakeTables
    private let engine: any QueryEngine
    private let operational: OperationalTables
    private let files: QueryFiles
    private let pins: QueryPins
    private let known = Mutex<[Key: PlannedTable]>([:])

    /// Plans that are kept, and data files in all of them together.
    private static let plansMax = 256
    private static let plannedFilesMax = 200_000

    init(
        tables: LakeTables, engine: any QueryEngine, operational: OperationalTables, files: QueryFiles,
        pins: QueryPins
    ) {
        self.tables = tables
        self.engine = engine
        self.operational = operational
        self.files = files
        self.pins = pins
    }

    struct All: Sendable {
        /// The statement as it is to be run over `tables`.
        var sql = ""
        var tables: [QueryTable] = []
        /// Of each table that has a snapshot.
        var snapshotIDs: [String: Int64] = [:]
        /// Names of the tables that the reader may not read, in lower case.
        var hidden: Set<String> = []
        /// Data files in `tables`, and those of the same tables that were left out.
        var filesRead = 0
        var filesSkipped = 0
        /// What else than the text tells the answer: of each table its snapshot and schema. `nil` when that is not all.
        var states: [String]?
        /// Keeps the tables' files from being deleted; ends with the last copy, or when ``release()`` is called.
        fileprivate(set) var hold: QueryHold?

        /// The statement has run.
        func release() { hold?.end() }
    }

    /// The tables that a statement names and `reader` may read, as they are, in the state that `state` names, or in the one
    /// that the statement itself asks for; each with the files that may hold rows of its WHERE clause.
    ///
    /// Other tables are left alone: what is wrong with a table (of another engine, or damaged) fails only what speaks of it.
    /// A client may name any file in a table's metadata: for readers without every right a table counts as readable only
    /// while all its files lie in the folders of namespaces that they may read.
    func all(
        of reader: Principal, for sql: String, parameters: QueryParameters = .positional([]),
        state: (TableIdentifier, TableMetadata) throws -> TableState = { _, _ in .current }
    ) async throws -> All {
        let hold = pins.hold()
        let outline = try await engine.outline(of: sql)
        var all = All(sql: sql)
        var found: [ResolvedReference?] = []
        for reference in outline.references {
            found.append(try await resolve(reference, reader, &all, state))
        }
        let filters = ReferenceFilters(outline: outline, found: found, parameters: parameters)
        let folders = reader.namespaces(.read)?.map {
            "\(root)\(LakeTables.warehouseFolder)/\(LakehouseCatalog.folder(ofNamespace: $0))"
        }
        var edits: [TextEdit] = []
        var done: [String: Expression] = [:]
        for (index, resolved) in found.enumerated() {
            guard let resolved else {
                // The engine is to say that there is no such table, whatever the time.
                if let bytes = outline.references[index].momentBytes { edits.append(TextEdit(bytes: bytes, text: "")) }
                continue
            }
            edits += resolved.edits
            let filter = filters.filter(of: index)
            // One table may be named several times: what any of the places needs is read.
            done[resolved.key] = done[resolved.key].map { .or($0, filter) } ?? filter
        }
        for resolved in found.compactMap({ $0 }) {
            guard let filter = done.removeValue(forKey: resolved.key) else { continue }
            if let folders, !resolved.whole.isInside(folders) {
                all.hidden.insert(Self.key(resolved.identifier))
                continue
            }
            var table = resolved.table(matching: filter)
            table.namespace = resolved.namespace
            all.filesRead += table.dataFileCount
            all.filesSkipped += resolved.whole.dataFileCount - table.dataFileCount
            all.tables.append(table)
            if let snapshotID = resolved.snapshotID { all.snapshotIDs[resolved.shownName] = snapshotID }
        }
        all.sql = TextEdit.apply(edits, to: sql)
        all.states = Self.states(outline, found, all)
        hold.reads(all.tables)
        all.hold = hold
        return all
    }

    /// What a repeatable statement's answer follows from; `nil` for one that is not, that names rows from elsewhere than data
    /// files, or whose tables are not all there.
    private static func states(
        _ outline: StatementOutline, _ found: [ResolvedReference?], _ all: All
    ) -> [String]? {
        guard outline.isRepeatable, all.hidden.isEmpty else { return nil }
        var states: Set<String> = []
        for resolved in found {
            guard let resolved, case .planned(let plan)? = resolved.content else { return nil }
            states.insert("\(resolved.key)=\(plan.whole.version)")
        }
        return states.sorted()
    }

    static func key(_ table: TableIdentifier) -> String { "\(table.namespace).\(table.name)".lowercased() }

    /// What a reference stands for; `nil` when there is no such table, or not for this reader.
    private func resolve(
        _ reference: StatementOutline.Reference, _ reader: Principal, _ all: inout All,
        _ state: (TableIdentifier, TableMetadata) throws -> TableState
    ) async throws -> ResolvedReference? {
        if reference.namespace.lowercased() == OperationalTables.namespace,
            let resolved = try resolveOperational(reference, reader, &all)
        {
            return resolved
        }
        var kind: MetadataTable?
        var found = try await find(reference.namespace, reference.name, reader)
        if case .nothing = found, let (name, suffix) = MetadataTable.split(reference.name) {
            found = try await find(reference.namespace, name, reader)
            kind = suffix
        }
        guard case .table(let identifier, let metadata) = found else {
            if case .hidden = found { all.hidden.insert("\(reference.namespace).\(reference.name)".lowercased()) }
            return nil
        }
        let state =
            try reference.moment.map { try metadata.state(at: $0, of: identifier) } ?? state(identifier, metadata)
        var resolved = ResolvedReference(reference, identifier: identifier, snapshotID: metadata.snapshotID(in: state))
        if let kind {
            let table = try await kind.table(of: identifier, metadata, snapshotID: resolved.snapshotID, io: tables.io)
            resolved.content = .fixed(table)
            resolved.kind = kind
        } else {
            resolved.content = .planned(try await plan(identifier, metadata, state))
        }
        return resolved
    }

    private func resolveOperational(
        _ reference: StatementOutline.Reference, _ reader: Principal, _ all: inout All
    ) throws -> ResolvedReference? {
        guard let table = operational.table(named: reference.name) else { return nil }
        guard reader.may(.read, [LakeTables.silver]) else {
            all.hidden.insert("\(reference.namespace).\(reference.name)".lowercased())
            return nil
        }
        if reference.moment != nil {
            throw QueryError(
                code: "sql-invalid", message: "\(reference.namespace).\(table.name) has no history",
                remedy: "leave AT out, or ask the table in silver")
        }
        var resolved = ResolvedReference(
            reference, identifier: TableIdentifier(namespace: table.namespace, name: table.name), snapshotID: nil)
        resolved.content = .fixed(table)
        return resolved
    }

    private enum Found {
        case table(TableIdentifier, TableMetadata)
        /// There is one, for others.
        case hidden
        case nothing
    }

    /// The table of a name, whose case matters only where several differ by it.
    private func find(_ namespace: String, _ name: String, _ reader: Principal) async throws -> Found {
        let exact = TableIdentifier(namespace: namespace, name: name)
        if reader.may(.read, NamespaceName.levels(namespace)), let metadata = try await tables.metadata(exact) {
            return .table(exact, metadata)
        }
        let wanted = Self.key(exact)
        for other in try await tables.catalog.namespaces() where other.lowercased() == namespace.lowercased() {
            guard let table = try await tables.catalog.tables(in: other).first(where: { Self.key($0) == wanted }) else {
                continue
            }
            guard reader.may(.read, NamespaceName.levels(other)) else { return .hidden }
            if let metadata = try await tables.metadata(table) { return .table(table, metadata) }
        }
        return .nothing
    }

    private var root: String { files.root }

    private func plan(
        _ table: TableIdentifier, _ metadata: TableMetadata, _ state: TableState
    ) async throws -> PlannedTable {
        let snapshotID = metadata.snapshotID(in: state)
        var schema = metadata.schema
        if case .at(let id?) = state {
            schema = metadata.snapshot(id: id)?.schemaID.flatMap { metadata.schema(id: $0) } ?? schema
        }
        let key = Key(
            table: table, tableUUID: metadata.tableUUID, snapshotID: snapshotID, schemaID: schema.id)
        if let plan = known.withLock({ $0[key] }) { return plan }
        let plan = try await makePlan(table, metadata, schema, snapshotID)
        known.withLock { known in
            let files = known.values.reduce(plan.fileCount) { $0 + $1.fileCount }
            if known.count >= Self.plansMax || files > Self.plannedFilesMax { known.removeAll() }
            known[key] = plan
        }
        return plan
    }

    private func makePlan(
        _ table: TableIdentifier, _ metadata: TableMetadata, _ schema: Schema, _ snapshotID: Int64?
    ) async throws -> PlannedTable {
        let head = QueryTable(
            namespace: table.namespace, name: table.name, fields: schema.fields, plainFiles: [],
            locationScheme: locationScheme, locationRoot: locationScheme == "file://" ? "" : root,
            version: "\(metadata.tableUUID)/\(snapshotID ?? 0)/\(schema.id)")
        if metadata.formatVersion > TableMetadata.scannedVersionMax {
            throw QueryError(
                code: "format-unsupported",
                message: "\(table) is of format version \(metadata.formatVersion), which is not read here",
                remedy: "read it with an engine that knows its version")
        }
        var files: [PlannedTable.File] = []
        var equality = EqualityDeleteSets(table: table, metadata: metadata)
        if let snapshotID {
            let plan = try await TableScan(
                metadata: metadata, io: tables.io, snapshotID: snapshotID, schema: schema
            ).plan()
            try TableObjections.check(plan, of: table, metadata, schema)
            for task in plan.tasks {
                let positions = try task.deleteFiles.filter { $0.content == .positionDeletes }.map {
                    try path($0.location)
                }
                files.append(
                    PlannedTable.File(
                        path: try path(task.dataFile.location), dataFile: task.dataFile, positionDeletes: positions,
                        equality: try equality.index(of: task.deleteFiles) { try path($0) }))
            }
        }
        return PlannedTable(
            head: head, location: (try? path(metadata.location + "/")) ?? "", files: files,
            equalityDeletes: equality.sets, metadata: metadata, schema: schema)
    }

    private var locationScheme: String {
        let prefix = tables.objects.locationPrefix
        return prefix.hasPrefix("file://") ? "file://" : prefix + "/"
    }

    /// Where the engine finds the file of a location.
    func path(_ location: String) throws -> String {
        guard let path = files.path(forLocation: location) ?? FileLocation.path(location) else {
            throw QueryError(
                code: "location-unsupported", message: "\(location) is not on this machine",
                remedy: "the embedded engine reads local files only")
        }
        return path
    }
}

extension QueryTable {
    /// Whether all files lie in one of the folders.
    fileprivate func isInside(_ folders: [String]) -> Bool {
        files.allSatisfy { file in
            folders.contains { LocationPolicy.isInside(file, folder: $0) }
        }
    }
}

extension TableMetadata {
    fileprivate func snapshotID(in state: TableState) -> Int64? {
        switch state {
        case .current: currentSnapshotID
        case .at(let id): id
        }
    }

    /// - Throws: ``QueryError`` `snapshot-unknown`.
    fileprivate func state(at moment: StatementOutline.Moment, of table: TableIdentifier) throws -> TableState {
        switch moment {
        case .snapshot(let id):
            guard snapshot(id: id) != nil else { throw QueryError.unknownSnapshot("\(id)", of: table) }
            return .at(snapshotID: id)
        case .reference(let name):
            guard let reference = refs[name] else { throw QueryError.unknownSnapshot(name, of: table) }
            return .at(snapshotID: reference.snapshotID)
        case .instant(let microseconds):
            // Before its first snapshot a table is empty.
            let milliseconds = microseconds >= 0 ? microseconds / 1_000 : (microseconds - 999) / 1_000
            return .at(snapshotID: snapshot(asOfMilliseconds: milliseconds)?.id)
        }
    }
}

extension QueryError {
    static func unknownSnapshot(_ name: String, of table: TableIdentifier) -> QueryError {
        QueryError(
            code: "snapshot-unknown", message: "\(table) has no snapshot \(name)",
            remedy: "GET /api/v2/tables/{table}/snapshots lists the ones there are")
    }
}
