import EventLog
import Foundation
import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

/// Topics of accepted and refused rows with several partitions, whose appends break off in the middle.
@Suite struct DerivedPartitionsTests {
    private static let partitions = 3

    private func lake() async throws -> (TestLake, PartitionedLog) {
        var stores = TestStores.memory()
        let log = PartitionedLog(partitions: Self.partitions)
        stores.log = log
        return (try await TestLake(TestTables.items(), stores: stores), log)
    }

    /// Publishes what there is, as a process that begins anew after each fault.
    private func publish(_ lake: TestLake) async throws {
        try await lake.drain()
        var faults = 0
        while true {
            do {
                var isBusy = true
                while isBusy {
                    let accepted = try await lake.engine.publishers[0].workOnce()
                    isBusy = try await lake.engine.rejectPublishers[0].workOnce() || accepted
                }
                return
            } catch let error as EventLogError where error.code == "append-state-unknown" && faults < 100 {
                faults += 1
                if faults.isMultiple(of: 2) { try await lake.restart() }
            }
        }
    }

    private func field(_ name: String, _ bytes: [UInt8]?) throws -> String? {
        let value = try JSONSerialization.jsonObject(with: Data(bytes ?? [])) as? [String: Any]
        return (value?["payload"] as? [String: Any])?[name].map { "\($0)" }
    }

    /// The names of each key, in the order of its partition.
    private func names(_ log: PartitionedLog) throws -> [String: [String]] {
        var names: [String: [String]] = [:]
        for message in log.messages("items.accepted") {
            let key = try #require(try field("id", message.key))
            names[key, default: []].append(try field("name", message.payload) ?? "gone")
        }
        return names
    }

    private func csv(_ ids: Range<Int>, _ word: String) -> String {
        "id,name,day\n" + ids.map { "\($0),\(word) \($0)," }.joined(separator: "\n") + "\n"
    }

    @Test func `a key's rows stay in one partition and in order`() async throws {
        let (lake, log) = try await lake()
        try await lake.upload("items", csv(0..<100, "first"))
        try await lake.batch("items", #"[{"id": 7, "name": "second"}, {"id": 8, "name": "second"}]"#)
        _ = try await lake.ingestion.deleteRow(DeleteRequest(table: "items", key: ["7"]))
        try await publish(lake)
        #expect((0..<Self.partitions).allSatisfy { log.messages("items.accepted", $0).count > 10 })
        let found = try names(log)
        #expect(found.count == 100)
        #expect(found["7"] == ["first 7", "second", "gone"])
        #expect(found["8"] == ["first 8", "second"])
        // A key is looked for in one partition only.
        for partition in 0..<Self.partitions {
            for message in log.messages("items.accepted", partition) {
                #expect(log.partition(of: message.key) == partition)
            }
        }
    }

    @Test(arguments: 0..<3)
    func `a portion that one partition got and another did not is completed, and no row comes twice`(
        silent: Int
    ) async throws {
        let (lake, log) = try await lake()
        try await lake.upload("items", csv(0..<2_500, "name"))
        try await lake.drain()
        // One partition gets nothing of the first portion, one a part of it, one all.
        log.breakNext { partition, index in
            partition == silent ? false : partition == (silent + 1) % 3 ? index < 100 : true
        }
        try await publish(lake)
        let messages = log.messages("items.accepted")
        #expect(messages.count == 2_500)
        #expect(Set(messages.map(\.id)).count == 2_500)
        try await lake.restart()
        try await publish(lake)
        #expect(log.messages("items.accepted").count == 2_500)
    }

    @Test func `where a row is missing, the later rows of its key come once more`() async throws {
        let (lake, log) = try await lake()
        for word in ["a", "b", "c"] { try await lake.batch("items", #"[{"id": 1, "name": "\#(word)"}]"#) }
        try await lake.batch("items", #"[{"id": 2, "name": "d"}]"#)
        try await lake.drain()
        log.breakNext { _, index in index > 0 }
        try await publish(lake)
        let found = try names(log)
        #expect(found["1"]?.suffix(3) == ["a", "b", "c"])
        #expect(found["2"]?.last == "d")
    }

    /// Every accepted row is there, none twice while partitions lose only the ends of their parts, and each key ends with its
    /// last row.
    @Test(arguments: [true, false])
    func `random breakages lose nothing`(losesEndsOnly: Bool) async throws {
        var random = SeededRandom(purpose: "derived partitions, ends only: \(losesEndsOnly)")
        for _ in 0..<6 {
            let (lake, log) = try await lake()
            var rows = 0
            var last: [Int: String] = [:]
            for round in 0..<6 {
                let isFile = Bool.random(using: &random)
                let first = Int.random(in: 0..<300, using: &random)
                let ids = first..<(first + Int.random(in: 1...(isFile ? 1_800 : 40), using: &random))
                rows += ids.count
                for id in ids { last[id] = "r\(round) \(id)" }
                if isFile {
                    try await lake.upload("items", csv(ids, "r\(round)"))
                } else {
                    let objects = ids.map { #"{"id": \#($0), "name": "r\#(round) \#($0)"}"# }
                    try await lake.batch("items", "[\(objects.joined(separator: ","))]")
                }
                if Bool.random(using: &random) { continue }
                let kept = (0..<Self.partitions).map { _ in Int.random(in: 0...500, using: &random) }
                let seed = random.next()
                log.breakNext { partition, index in
                    if losesEndsOnly { return index < kept[partition] }
                    return (seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15) >> 61 > 1
                }
                try await publish(lake)
            }
            try await publish(lake)
            let messages = log.messages("items.accepted")
            #expect(Set(messages.map(\.id)).count == rows)
            if losesEndsOnly { #expect(messages.count == rows) }
            let found = try names(log)
            #expect(found.count == last.count)
            for (id, name) in last { #expect(found["\(id)"]?.last == name) }
        }
    }

    // MARK: Refused rows

    private func bad(_ count: Int, _ word: String) -> String {
        "id,name,day\n" + (0..<count).map { "\(word)\($0),name," }.joined(separator: "\n") + "\n"
    }

    @Test(arguments: [3, 900, 1_000, 1_001, 2_500])
    func `refused rows come once, wherever publishing them broke off`(count: Int) async throws {
        let (lake, log) = try await lake()
        try await lake.upload("items", bad(5, "x"))
        try await lake.upload("items", bad(count, "y"))
        try await lake.upload("items", bad(5, "z"))
        try await lake.drain()
        for number in 0..<4 {
            log.breakNext { partition, index in partition == number % 3 ? index < 1 : index < 200 }
            try await publish(lake)
            let messages = log.messages("items.rejected")
            #expect(messages.count == count + 10)
            #expect(Set(messages.map(\.id)).count == count + 10)
            try await lake.restart()
        }
        try await lake.upload("items", bad(1, "w"))
        try await publish(lake)
        #expect(log.messages("items.rejected").count == count + 11)
    }

    @Test func `a long record that was published is not looked at again`() async throws {
        let (lake, log) = try await lake()
        try await lake.upload("items", bad(2_500, "x"))
        try await publish(lake)
        let done = "\(log.incarnation)/1/0"
        let ends = log.messages("items.rejected").filter { $0.headers[AcceptedPosition.header] == done }
        #expect(ends.count == 1)
        #expect(log.messages("items.rejected").count == 2_500)
    }
}
