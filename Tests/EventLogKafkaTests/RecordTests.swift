import EventLog
@testable import EventLogKafka
import LakeTesting
import Testing

@Suite struct RecordTests {
    @Test func `records come back from messages as they were`() throws {
        let records = [
            LogRecord(id: "a", key: [], headers: ["kind": "file", "é\"": "\n"], payload: [UInt8](0...255)),
            LogRecord(id: "b", payload: []),
        ]
        try RecordCoding.validate(records)
        for record in records {
            let message = RecordCoding.message(record, partition: 3, claim: "key")
            let stored = RecordCoding.stored(
                FetchedMessage(
                    offset: 9, timestampMilliseconds: 5, key: message.key, value: message.value,
                    headers: message.headers), topic: "t", partition: 3)
            #expect(stored.record == record)
            #expect(stored.appendedMicroseconds == 5_000)
        }
    }

    @Test func `headers that the log keeps for itself are refused`() {
        for name in ["dipper-record-id", "dipper-idempotency-key", "a\0b"] {
            #expect(throws: EventLogError.self) {
                try RecordCoding.validate([LogRecord(id: "a", headers: [name: "x"], payload: [])])
            }
        }
    }

    @Test func `a message of another program gets the id of its place`() {
        let stored = RecordCoding.stored(
            FetchedMessage(offset: 4, timestampMilliseconds: 0, key: nil, value: [1]), topic: "t", partition: 2)
        #expect(stored.record.id == "t-2-4")
    }

    /// Kafka's own test of its hash (`UtilsTest.testMurmur2`).
    @Test(
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)])
    func `keys go to the partitions that Kafka's own clients send them to`(text: String, hash: Int32) {
        #expect(KeyPartitioner.murmur2(Array(text.utf8)) == hash)
        #expect((0..<7).contains(KeyPartitioner.partition(of: Array(text.utf8), count: 7)))
    }

    @Test func `the newest records stay within their limits, whatever comes and goes`() {
        var random = SeededRandom(purpose: "recent records")
        var recent = RecentRecords(topic: "t", partition: 0, from: 5, recordsMax: 20, bytesMax: 300)
        var all: [StoredRecord] = []
        var start: Int64 = 5
        var next: Int64 = 5
        for step in 0..<5_000 {
            if random.next() % 10 == 0 {
                let target = min(next, start + Int64(random.next() % 8))
                start = max(start, target)
                recent.drop(before: start)
            } else {
                next += random.next() % 9 == 0 ? 3 : 0
                let record = StoredRecord(
                    topic: "t", partition: 0, offset: next, appendedMicroseconds: Int64(step),
                    record: LogRecord(
                        id: "\(step)", payload: [UInt8](repeating: 1, count: Int(random.next() % 60))))
                recent.append(record)
                recent.append(record)
                all.append(record)
                next += 1
            }
            let kept = all.filter { $0.offset >= start }.suffix(20)
            #expect(recent.endOffset == max(next, start))
            #expect(recent.heads(from: recent.startOffset, recordsMax: 99) == kept.map(RecordHead.init))
            #expect(recent.byteCount == kept.reduce(0) { $0 + Int64($1.record.byteCount) })
            let whole = recent.records(from: recent.wholeOffset, recordsMax: 99, bytesMax: .max) ?? []
            #expect(whole == kept.filter { $0.offset >= recent.wholeOffset })
            #expect(whole.count <= 1 || whole.reduce(0) { $0 + $1.record.byteCount } <= 300)
            if let last = kept.last {
                #expect(whole.last == last)
                #expect(recent.offset(ofID: last.record.id) == last.offset)
                #expect(recent.offset(appendedSince: last.appendedMicroseconds) == last.offset)
            }
        }
    }
}
