import CatalogService
import EventLog
import Iceberg
import LakeModel
import ObjectStorage
import OperationalStore
import Testing

@testable import Ingestion

extension TestLake {
    /// What must hold after every scenario: sound tables, one row a key, receipts that add up, nothing lost or left over
    /// in the warehouse, and an operational store that holds the same rows.
    /// - Parameter allowsLeftOvers: after a fault a file may stay that nothing names.
    func check(allowsLeftOvers: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for table in model.tables {
            for identifier in [LakeTables.silver(table), LakeTables.quarantine(table)] {
                let metadata = try #require(try await tables.metadata(identifier))
                let violations = try await TableInvariants.check(metadata, io: tables.io)
                #expect(violations.isEmpty, sourceLocation: sourceLocation)
                if !allowsLeftOvers { try await checkLeftOvers(metadata, sourceLocation) }
            }
            try await checkOperational(table, sourceLocation)
            try await checkQuarantine(table, sourceLocation)
            try await checkReceipts(table, sourceLocation)
        }
    }

    /// Every object of the table is named by its metadata, and the other way round.
    private func checkLeftOvers(_ metadata: TableMetadata, _ sourceLocation: SourceLocation) async throws {
        var named: Set<String> = [try #require(metadata.metadataLocation)]
        for entry in metadata.metadataLog { named.insert(entry.location) }
        for snapshot in metadata.snapshots {
            named.insert(try #require(snapshot.manifestList))
            for manifest in try await snapshot.manifestFiles(io: tables.io) {
                named.insert(manifest.location)
                for entry in try await ManifestReader.read(manifest, metadata: metadata, io: tables.io) {
                    named.insert(entry.dataFile.location)
                }
            }
        }
        let keys = Set(try named.map(tables.io.key))
        let folder = try tables.io.key(metadata.location)
        let found = Set(try await tables.objects.list(prefix: folder + "/", after: nil, limit: .max).map(\.key))
        #expect(found.subtracting(keys) == [], "nothing names these files", sourceLocation: sourceLocation)
        #expect(keys.subtracting(found) == [], "these files are gone", sourceLocation: sourceLocation)
    }

    /// The operational store holds the rows of the lake.
    func checkOperational(_ table: TableDeclaration, _ sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let rows = try await SilverRows(tables).read(table).map { Array($0.prefix(table.columns.count)) }
        guard table.operational else { return }
        #expect(try await stores.operational.rowCount(table: table.name) == rows.count, sourceLocation: sourceLocation)
        guard !table.key.isEmpty else { return }
        let keys = rows.map { row in table.keyColumns.compactMap { row[$0] } }
        #expect(Set(keys).count == keys.count, "a key is stored twice", sourceLocation: sourceLocation)
        for (row, key) in zip(rows, keys) {
            let stored = try await stores.operational.row(table: table.name, key: key)
            #expect(stored == row, sourceLocation: sourceLocation)
        }
    }

    private func checkQuarantine(_ table: TableDeclaration, _ sourceLocation: SourceLocation) async throws {
        let identities = try await rejects(table.name).map { "\($0.sha256)/\($0.byteOffset)/\($0.code)" }
        #expect(Set(identities).count == identities.count, "a reject is doubled", sourceLocation: sourceLocation)
    }

    private func checkReceipts(_ table: TableDeclaration, _ sourceLocation: SourceLocation) async throws {
        let end = try await stores.log.endOffset(topic: table.name, partition: 0)
        let jobs = try await ingestion.jobs(table: table.name, page: 0, size: 10_000)
        #expect(jobs.total == Int(end), sourceLocation: sourceLocation)
        #expect(jobs.jobs.map(\.offset) == (0..<end).reversed(), sourceLocation: sourceLocation)
        for job in jobs.jobs {
            #expect(job.state == .committed || job.state == .failed, sourceLocation: sourceLocation)
            #expect(job.rows.isBalanced, "\(job.rows)", sourceLocation: sourceLocation)
            #expect((job.state == .failed) == (job.error != nil), sourceLocation: sourceLocation)
        }
        #expect(try await ingestion.backlog() == 0, sourceLocation: sourceLocation)
        let mark = try await stores.operational.watermark(topic: table.name, partition: 0)
        if table.operational, end > 0 { #expect(mark?.nextOffset == end, sourceLocation: sourceLocation) }
    }
}
