import EventLog

/// The end of one partition in memory: heads of the newest records, and payloads of as many as fit.
///
/// So that those who follow the log at its end read it once from the broker, whoever of them asks; and so that a record is
/// found by its id. Offsets grow; where a broker left some out there are gaps.
struct RecentRecords {
    private struct Entry {
        var head: RecordHead
        /// `nil` when only the head is kept.
        var record: StoredRecord?
    }

    let topic: String
    let partition: Int
    private let recordsMax: Int
    private let bytesMax: Int
    private var entries: [Entry] = []
    /// Entries before this index are gone.
    private var first = 0
    /// Entries before this index have no payload.
    private var firstWhole = 0
    private var wholeBytes = 0
    /// Of all entries' heads.
    private var keptBytes: Int64 = 0
    private var ids: [String: Int64] = [:]
    /// Offsets before this one are not here.
    private(set) var startOffset: Int64
    /// The offset behind the last record.
    private(set) var endOffset: Int64

    init(topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int) {
        self.topic = topic
        self.partition = partition
        self.recordsMax = recordsMax
        self.bytesMax = bytesMax
        startOffset = offset
        endOffset = offset
    }

    var count: Int { entries.count - first }
    /// Payload, key and headers of all records here, in bytes.
    var byteCount: Int64 { keptBytes }

    /// Takes the next record; one that is here already is left.
    mutating func append(_ record: StoredRecord) {
        guard record.offset >= endOffset else { return }
        let head = RecordHead(record)
        entries.append(Entry(head: head, record: record))
        endOffset = record.offset + 1
        keptBytes += Int64(head.byteCount)
        wholeBytes += head.byteCount
        if ids[head.id] == nil { ids[head.id] = head.offset }
        // The newest is kept whole whatever its size: it is what is read next.
        while wholeBytes > bytesMax, firstWhole < entries.count - 1 {
            wholeBytes -= entries[firstWhole].head.byteCount
            entries[firstWhole].record = nil
            firstWhole += 1
        }
        if count > recordsMax { drop(before: entries[first + count - recordsMax].head.offset) }
    }

    /// What lies between the last record and `offset` has no records.
    mutating func reachedEnd(_ offset: Int64) { endOffset = max(endOffset, offset) }

    mutating func drop(before offset: Int64) {
        guard offset > startOffset else { return }
        startOffset = offset
        while first < entries.count, entries[first].head.offset < offset {
            let head = entries[first].head
            keptBytes -= Int64(head.byteCount)
            if entries[first].record != nil { wholeBytes -= head.byteCount }
            if ids[head.id] == head.offset { ids[head.id] = nil }
            entries[first].record = nil
            first += 1
        }
        firstWhole = max(firstWhole, first)
        if first > 1_000, first > entries.count / 2 {
            entries.removeFirst(first)
            firstWhole -= first
            first = 0
        }
        endOffset = max(endOffset, offset)
    }

    // MARK: Looking

    func offset(ofID id: String) -> Int64? { ids[id] }

    /// The first offset from which on records are here with their payloads.
    var wholeOffset: Int64 { firstWhole < entries.count ? entries[firstWhole].head.offset : endOffset }

    /// Records from `offset` on; `nil` when the first of them is not here whole.
    func records(from offset: Int64, recordsMax: Int, bytesMax: Int) -> [StoredRecord]? {
        guard offset >= startOffset else { return nil }
        var result: [StoredRecord] = []
        var bytes = 0
        for index in index(of: offset)..<entries.count where result.count < recordsMax {
            guard let record = entries[index].record else { return nil }
            bytes += entries[index].head.byteCount
            if !result.isEmpty, bytes > bytesMax { break }
            result.append(record)
        }
        return result
    }

    /// Heads from `offset` on; `nil` when the first of them is not here.
    func heads(from offset: Int64, recordsMax: Int) -> [RecordHead]? {
        guard offset >= startOffset else { return nil }
        return entries[index(of: offset)...].prefix(recordsMax).map(\.head)
    }

    /// The first record of those here that was appended at a time or later; the end when none was.
    func offset(appendedSince microseconds: Int64) -> Int64 {
        var low = first
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].head.appendedMicroseconds < microseconds { low = middle + 1 } else { high = middle }
        }
        return low < entries.count ? entries[low].head.offset : endOffset
    }

    /// The time of the oldest record here.
    var firstMicroseconds: Int64? { first < entries.count ? entries[first].head.appendedMicroseconds : nil }

    /// The index of the first entry at `offset` or behind.
    private func index(of offset: Int64) -> Int {
        var low = first
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].head.offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
