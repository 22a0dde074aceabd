import CatalogService
import EventLog

/// Records that came twice: a log that others share may hold one record two times, after an append whose answer was lost.
/// The first counts.
struct Repeats: Sendable {
    let catalog: any CatalogStore

    /// Those of `records`, which stand in one partition in order, from the first on that came before by no other.
    func fresh(_ records: [StoredRecord]) async throws -> [StoredRecord] {
        let receipts = try await catalog.receipts(ids: records.map(\.record.id))
        return Self.fresh(records, receipts)
    }

    /// Whether the record at `head` came before.
    func isRepeat(_ head: RecordHead, topic: String) async throws -> Bool {
        guard let receipt = try await catalog.receipt(id: head.id) else { return false }
        return receipt.topic == topic && receipt.offset < head.offset
    }

    /// The records before the first that is a repeat of one among them, or of one that has a receipt already.
    static func fresh(_ records: [StoredRecord], _ receipts: [ReceiptRow]) -> [StoredRecord] {
        let known = Dictionary(receipts.map { ($0.id, $0) }) { first, _ in first }
        var seen: Set<String> = []
        return Array(
            records.prefix { record in
                guard seen.insert(record.record.id).inserted else { return false }
                guard let receipt = known[record.record.id] else { return true }
                return receipt.topic != record.topic || receipt.offset >= record.offset
            })
    }
}
