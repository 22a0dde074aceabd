import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

struct KeySetTests {
    private func batch(_ keys: [Int64]) -> ColumnBatch {
        ColumnBatch(columns: [ColumnVector(type: .long, storage: .int64(keys))], rowCount: keys.count)
    }

    private func texts(_ keys: [String]) -> ColumnBatch {
        var bytes = ByteVector()
        for key in keys { bytes.append(key.utf8) }
        return ColumnBatch(columns: [ColumnVector(type: .string, storage: .bytes(bytes))], rowCount: keys.count)
    }

    private func stored(_ operations: [KeyOperation]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for operation in operations {
            operation.optimize()
            let start = bytes.count
            try operation.store { unsafe $0.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
            #expect(bytes.count - start == operation.storedByteCount)
        }
        return bytes
    }

    @Test func `stored fingerprints follow from these hashes`() {
        // A change here is a change of what is stored: raise KeyShape.hashVersion.
        #expect(KeyShape.hashVersion == 1)
        #expect(KeyShape.hash(integer: 1) == KeySetTests.goldenInteger)
        #expect(KeyShape.hashed(columns: [0]).codes(texts(["a key"])) == [KeySetTests.goldenText])
    }

    private static let goldenInteger: UInt64 = 1_430_524_871_323_674_810
    private static let goldenText: UInt64 = 11_287_928_871_676_447_788

    /// Where keys lie.
    enum Spread: CaseIterable { case rows, shuffled, wide, random, negative }

    private func keys(_ spread: Spread, _ count: Int, _ generator: inout SeededRandom) -> [Int64] {
        switch spread {
        case .rows: (0..<Int64(count)).map { $0 }
        case .shuffled: (0..<Int64(count)).shuffled(using: &generator)
        case .wide: (0..<count).map { _ in Int64.random(in: 0..<1 << 34, using: &generator) }
        case .random: (0..<count).map { _ in Int64.random(in: .min ... .max, using: &generator) }
        case .negative: (0..<Int64(count)).map { $0 - Int64(count / 2) }
        }
    }

    @Test(arguments: Spread.allCases) func `a set finds what a dictionary finds`(_ spread: Spread) throws {
        var generator = SeededRandom(purpose: "keys \(spread)")
        let set = KeySet(shape: .integer(column: 0))
        let all = keys(spread, 60_000, &generator)
        var known: Set<Int64> = []
        for start in stride(from: 0, to: all.count, by: 5_000) {
            var some = Array(all[start..<start + 5_000])
            if start > 0 { some[17] = all[3] }
            let contested = set.insert(batch(some))
            var expected: [Int32] = []
            for (row, key) in some.enumerated() where !known.insert(key).inserted { expected.append(Int32(row)) }
            #expect(contested.rows == expected)
            switch start % 3 {
            case 0: set.commit()
            case 1: break
            default:
                set.rollback()
                // What was not committed is new again.
                for key in some where !known.contains(key) || !contested.rows.isEmpty { known.remove(key) }
                let again = set.insert(batch(some))
                for key in some { known.insert(key) }
                #expect(again.rows.count >= 0)
            }
        }
        set.commit()
        #expect(set.kept.isInteger == (spread != .random))
        let bytes = try stored([.add(set.kept)])
        let loaded = KeySet(shape: .integer(column: 0))
        loaded.apply(try KeyOperation.delta(bytes, isInteger: true))
        #expect(loaded.count == set.count)
        #expect(loaded.insert(batch(Array(all.prefix(5_000)))).rows.count == 5_000)
        #expect(loaded.insert(batch([Int64.max - 5])).rows.isEmpty)
    }

    @Test func `many looks in any order find what few do`() {
        var generator = SeededRandom(purpose: "many looks")
        let bases: [Int64] = [0, -30_000, 1 << 33, (1 << 32) - 40_000, .min, .max - 100_000]
        for base in bases {
            let set = KeySet(shape: .integer(column: 0))
            let all: [Int64] = (0..<100_000).map { base + Int64($0) }
            let stored: [Int64] = all.filter { _ in Bool.random(using: &generator) }
            _ = set.insert(batch(stored.shuffled(using: &generator)))
            set.commit()
            let known = Set(stored)
            // Nothing of the load itself is known yet; its second look at a key finds it.
            let asked: [Int64] = all.shuffled(using: &generator)
            for start in stride(from: 0, to: asked.count, by: 10_000) {
                let some = Array(asked[start..<start + 10_000])
                let contested = set.insert(batch(some))
                #expect(contested.rows == some.indices.filter { known.contains(some[$0]) }.map { Int32($0) } as [Int32])
                #expect(!contested.hasRepeats)
                #expect(set.insert(batch(Array(some.reversed()))).rows.count == some.count)
            }
            for edge in Set([Int64.min, .max, base &- 1]) where !known.contains(edge) && !asked.contains(edge) {
                #expect(set.insert(batch([edge])).rows.isEmpty)
            }
            set.rollback()
            #expect(set.insert(batch(asked)).rows.count == stored.count)
            set.commit()
            #expect(set.insert(batch(asked)).rows.count == asked.count)
        }
    }

    @Test func `consecutive keys are found together only when all are there`() {
        let set = KeySet(shape: .integer(column: 0))
        _ = set.insert(batch((0..<1_000).filter { $0 != 500 }))
        set.commit()
        #expect(set.insert(batch(Array(100..<400))).rows == [Int32](0..<300))
        #expect(set.insert(batch(Array(450..<550))).rows == [Int32](0..<100).filter { $0 != 50 })
    }

    @Test func `deltas are merged as they were applied`() throws {
        func integers(_ keys: [Int64]) -> IntegerKeySet {
            let set = IntegerKeySet()
            for key in keys { set.insert(key) }
            return set
        }
        let first = try stored([.add(.integers(integers([1, 2, 3])))])
        let second = try stored([.remove(integers([2, 9])), .add(.integers(integers([4])))])
        let third = try stored([.remove(integers([4])), .add(.integers(integers([2])))])
        let set = KeySet(shape: .integer(column: 0))
        for bytes in [first, second, third] { set.apply(try KeyOperation.delta(bytes, isInteger: true)) }
        let merged = KeySet(shape: .integer(column: 0))
        merged.apply(try KeyOperation.delta(first + second + third, isInteger: true))
        for set in [set, merged] {
            #expect(set.insert(batch([1, 2, 3])).rows == [0, 1, 2])
            #expect(set.insert(batch([4, 9])).rows == [])
        }
    }

    @Test func `removed keys go with the commit, unless they came again`() {
        let set = KeySet(shape: .integer(column: 0))
        _ = set.insert(batch([1, 2, 3]))
        set.commit()
        set.remove(.integer(2))
        set.rollback()
        #expect(set.insert(batch([2])).rows == [0])
        set.remove(.integer(3))
        set.commit()
        #expect(set.insert(batch([3])).rows == [])
    }

    @Test func `texts are found by hash`() throws {
        let set = KeySet(shape: .hashed(columns: [0]))
        let all = (0..<50_000).map { "key \($0)" }
        #expect(set.insert(texts(all)).rows.isEmpty)
        #expect(set.insert(texts(["x", "key 7", "x"])).rows == [1, 2])
        set.commit()
        #expect(set.count == 50_001)
        guard case .fingerprints(let prints) = set.kept else { preconditionFailure("texts are hashed") }
        #expect(prints.byteCount < 6 * set.count + 200_000)
        let bytes = try stored([.add(set.kept)])
        let loaded = KeySet(shape: .hashed(columns: [0]))
        loaded.apply(try KeyOperation.delta(bytes, isInteger: false))
        let contested = loaded.insert(texts(all))
        #expect(contested.rows.count == 50_000)
        #expect(!contested.hasRepeats)
        #expect(throws: KeyIndexFault.self) { try KeyOperation.delta(Array(bytes.dropLast()), isInteger: false) }
        #expect(throws: KeyIndexFault.self) { try KeyOperation.delta([1, 2, 3], isInteger: false) }
    }

    @Test func `columns of a key do not run into each other`() {
        let shape = KeyShape.hashed(columns: [0, 1])
        func pair(_ left: String, _ right: String) -> ColumnBatch {
            ColumnBatch(columns: texts([left]).columns + texts([right]).columns, rowCount: 1)
        }
        #expect(shape.codes(pair("ab", "c")) != shape.codes(pair("a", "bc")))
        #expect(shape.codes(pair("", "a")) != shape.codes(pair("a", "")))
    }
}
