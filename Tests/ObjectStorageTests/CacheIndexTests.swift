import LakeTesting
import Testing

@testable import ObjectStorage

@Suite struct CacheIndexTests {
    @Test func `the one used longest ago goes first, and what is in use stays`() {
        var index = CacheIndex(bytesMax: 100)
        for key in ["a", "b", "c"] { index.found(key, byteCount: 30) }
        let first = index.use("a")
        #expect(first)
        index.release("a")
        #expect(index.admit("d", byteCount: 30) == .made(evicting: ["b"]))
        #expect(index.admit("e", byteCount: 60) == .made(evicting: ["c", "a"]))
        #expect(index.admit("f", byteCount: 30) == .none)
        index.release("d")
        #expect(index.admit("f", byteCount: 30) == .made(evicting: ["d"]))
        #expect(index.byteCount == 90)
    }

    @Test func `a start with less room than before gives up the oldest`() {
        var index = CacheIndex(bytesMax: 50)
        for key in ["a", "b", "c"] { index.found(key, byteCount: 30) }
        #expect(index.shrink() == ["a", "b"])
        #expect(index.byteCount == 30)
    }

    @Test func `however it is used, it holds no more than it may and loses nothing in use`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            var index = CacheIndex(bytesMax: 1_000)
            var users: [String: Int] = [:]
            for _ in 0..<200 {
                let key = "k\(Int.random(in: 0..<30, using: &random))"
                if users[key, default: 0] > 0, Bool.random(using: &random) {
                    index.release(key)
                    users[key, default: 0] -= 1
                } else if index.use(key) {
                    users[key, default: 0] += 1
                } else if case .made(let evicted) = index.admit(
                    key, byteCount: Int.random(in: 0...400, using: &random))
                {
                    #expect(evicted.allSatisfy { users[$0, default: 0] == 0 }, "seed \(random.seed)")
                    users[key] = 1
                }
                #expect(index.byteCount <= 1_000, "seed \(random.seed)")
            }
        }
    }
}
