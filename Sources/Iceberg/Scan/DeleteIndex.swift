import LakeModel

/// Finds the delete files that apply to a data file.
///
/// - Position deletes: the same spec and partition, a sequence number not below the data file's, and a path range that
///   holds its location.
/// - Equality deletes: a sequence number above the data file's, and the same spec and partition, or no partitioning.
///
/// Source: Iceberg specification, "Scan Planning".
struct DeleteIndex: Sendable {
    private struct Delete: Sendable {
        let file: DataFile
        let sequenceNumber: Int64
        /// UTF-8 of the lowest and highest path; `nil` when unknown.
        let lowestPath: [UInt8]?
        let highestPath: [UInt8]?
    }

    /// Deletes of one data file, found by its location alone.
    private var byLocation: [String: [Delete]] = [:]
    /// In the order of their sequence numbers.
    private var positionByPartition: [PartitionKey: [Delete]] = [:]
    private var equalityByPartition: [PartitionKey: [Delete]] = [:]
    private var equalityEverywhere: [Delete] = []

    mutating func add(_ entry: ManifestEntry) {
        let file = entry.dataFile
        let path = PositionDeletes.filePathFieldID
        let delete = Delete(
            file: file, sequenceNumber: entry.sequenceNumber ?? 0, lowestPath: file.lowerBounds?[path],
            highestPath: file.upperBounds?[path])
        if file.content == .equalityDeletes {
            equalityByPartition[file.partitionKey, default: []].append(delete)
        } else if let location = file.referencedDataFile {
            byLocation[location, default: []].append(delete)
        } else if let lowest = delete.lowestPath, lowest == delete.highestPath,
            let location = String(validating: lowest, as: UTF8.self)
        {
            byLocation[location, default: []].append(delete)
        } else {
            positionByPartition[file.partitionKey, default: []].append(delete)
        }
    }

    /// Sorts what was added, and finds the equality deletes without partitioning.
    mutating func finish(_ metadata: TableMetadata) {
        for key in equalityByPartition.keys where metadata.partitionSpec(id: key.specID)?.isUnpartitioned ?? false {
            equalityEverywhere += equalityByPartition.removeValue(forKey: key) ?? []
        }
        for key in positionByPartition.keys {
            positionByPartition[key]?.sort { $0.sequenceNumber < $1.sequenceNumber }
        }
    }

    /// The files to apply, the oldest first.
    func deletes(for entry: ManifestEntry) -> [DataFile] {
        let number = entry.sequenceNumber ?? 0
        let key = entry.dataFile.partitionKey
        var found: [Delete] = []
        for delete in byLocation[entry.dataFile.location] ?? []
        where delete.sequenceNumber >= number && delete.file.partitionKey == key {
            found.append(delete)
        }
        if let deletes = positionByPartition[key] {
            let path = Array(entry.dataFile.location.utf8)
            for delete in deletes.reversed() {
                if delete.sequenceNumber < number { break }
                if let lowest = delete.lowestPath, path.lexicographicallyPrecedes(lowest) { continue }
                if let highest = delete.highestPath, highest.lexicographicallyPrecedes(path) { continue }
                found.append(delete)
            }
        }
        for delete in equalityByPartition[key] ?? [] where delete.sequenceNumber > number { found.append(delete) }
        for delete in equalityEverywhere where delete.sequenceNumber > number { found.append(delete) }
        return found.sorted { ($0.sequenceNumber, $0.file.location) < ($1.sequenceNumber, $1.file.location) }
            .map(\.file)
    }
}
