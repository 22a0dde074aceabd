import Iceberg
import LakeModel
import QueryEngine

/// A table's scan plan without a filter: made once a snapshot, cut down for each query.
struct PlannedTable: Sendable {
    /// A data file as the engine finds it, with what lies on top of it.
    struct File: Sendable {
        var path: String
        var dataFile: DataFile
        var positionDeletes: [String]
        /// An index into ``PlannedTable/equalityDeletes``; `nil`: none apply.
        var equality: Int?
    }

    /// The table with none of its files.
    private let head: QueryTable
    private let files: [File]
    /// Sets of equality deletes that apply together.
    private let equalityDeletes: [[QueryTable.EqualityDeletes]]
    private let metadata: TableMetadata
    let schema: Schema
    /// All of it.
    let whole: QueryTable
    /// More rows of one file are not believed: the number is another engine's word.
    private static let fileRowsMax: Int64 = 1 << 40

    /// - Parameter location: where the engine finds the table's folder, with a trailing slash; empty when that is unknown.
    init(
        head: QueryTable, location: String, files: [File], equalityDeletes: [[QueryTable.EqualityDeletes]],
        metadata: TableMetadata, schema: Schema
    ) {
        self.head = head
        self.files = files
        self.equalityDeletes = equalityDeletes
        self.metadata = metadata
        self.schema = schema
        var whole = Self.table(head, files[...], equalityDeletes)
        whole.folders = Self.folders(whole, location: location)
        self.whole = whole
    }

    var fileCount: Int { files.count }

    /// The table with the files that may hold matching rows.
    /// - Complexity: O(files × tests of the filter); no file is opened.
    func table(matching filter: Expression) -> QueryTable {
        // A filter that cannot be tied to the schema, or is nested too deeply, leaves out nothing.
        guard !files.isEmpty, let predicate = try? filter.bound(to: schema), predicate != .always else { return whole }
        var projections: [Int: PartitionProjection] = [:]
        for spec in metadata.partitionSpecs {
            projections[spec.id] = PartitionProjection(predicate, spec: spec, metadata: metadata)
        }
        var kept: [File] = []
        var stretches: [Range<Int>] = []
        for (index, file) in files.enumerated() {
            let isPossible = projections[file.dataFile.specID]?.mayMatch(partition: file.dataFile.partition) ?? true
            guard isPossible, file.dataFile.mayMatch(predicate) else { continue }
            kept.append(file)
            if let last = stretches.last, last.upperBound == index {
                stretches[stretches.count - 1] = last.lowerBound..<(index + 1)
            } else {
                stretches.append(index..<(index + 1))
            }
        }
        guard kept.count < files.count else { return whole }
        var table = Self.table(head, kept[...], equalityDeletes)
        table.folders = whole.folders
        table.version += "/" + stretches.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
        return table
    }

    private static func table(
        _ head: QueryTable, _ files: ArraySlice<File>, _ equalityDeletes: [[QueryTable.EqualityDeletes]]
    ) -> QueryTable {
        struct Group: Hashable {
            var equality: Int
            var hasPositionDeletes: Bool
        }
        var table = head
        var deletes: Set<String> = []
        var groups: [Group: [String]] = [:]
        var rowCount: Int64 = 0
        for file in files {
            rowCount += min(max(0, file.dataFile.recordCount), fileRowsMax)
            deletes.formUnion(file.positionDeletes)
            if let equality = file.equality {
                let group = Group(equality: equality, hasPositionDeletes: !file.positionDeletes.isEmpty)
                groups[group, default: []].append(file.path)
            } else if file.positionDeletes.isEmpty {
                table.plainFiles.append(file.path)
            } else {
                table.deletedFromFiles.append(file.path)
            }
        }
        table.rowCount = rowCount
        table.deleteFiles = deletes.sorted()
        let ordered = groups.sorted {
            ($0.key.equality, $0.key.hasPositionDeletes ? 1 : 0) < ($1.key.equality, $1.key.hasPositionDeletes ? 1 : 0)
        }
        table.equalityGroups = ordered.map { group, files in
            QueryTable.EqualityGroup(
                files: files, hasPositionDeletes: group.hasPositionDeletes, deletes: equalityDeletes[group.equality])
        }
        return table
    }

    /// The folders that hold all files: the table's own data folder for those inside it, else each file's own.
    private static func folders(_ table: QueryTable, location: String) -> [String] {
        let data = location + "data/"
        var folders: Set<String> = []
        for file in table.files {
            if !location.isEmpty, file.hasPrefix(data) {
                folders.insert(data)
            } else if let slash = file.lastIndex(of: "/") {
                folders.insert(String(file[...slash]))
            }
        }
        return folders.sorted()
    }
}

extension QueryTable {
    /// All files that the engine opens to read the table.
    var files: [String] {
        plainFiles + deletedFromFiles + deleteFiles
            + equalityGroups.flatMap { group in group.files + group.deletes.flatMap(\.files) }
    }

    /// - Complexity: O(groups of equality deletes).
    var dataFileCount: Int {
        plainFiles.count + deletedFromFiles.count + equalityGroups.reduce(0) { $0 + $1.files.count }
    }
}
