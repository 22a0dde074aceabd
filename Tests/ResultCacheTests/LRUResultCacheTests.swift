import LakeTesting
import Synchronization
import Testing

@testable import ResultCache

@Suite struct LRUResultCacheTests {
    private final class Clock: Sendable {
        private let now = Mutex<Int64>(0)
        var milliseconds: Int64 { now.withLock { $0 } }
        func advance(_ by: Int64) { now.withLock { $0 += by } }
    }

    private func key(_ number: Int) -> CacheKey { CacheKey([String(number)]) }

    @Test func `what was not used for longest goes first`() throws {
        let cache = LRUResultCache(bytesMax: 10 * (LRUResultCache.entryBytes + 10))
        for number in 0..<10 { cache.keep([UInt8](repeating: 1, count: 10), for: key(number), lifetimeSeconds: 60) }
        #expect(cache.usage.count == 10 && cache.usage.evictions == 0)
        _ = cache.found(key(0))
        cache.keep([UInt8](repeating: 2, count: 10), for: key(10), lifetimeSeconds: 60)
        #expect(cache.found(key(1)) == nil)
        #expect(cache.found(key(0)) != nil && cache.found(key(10)) != nil)
        #expect(cache.usage.evictions == 1)
    }

    @Test func `a value ends with its lifetime`() {
        let clock = Clock()
        let cache = LRUResultCache(bytesMax: 1 << 20, nowMilliseconds: { clock.milliseconds })
        cache.keep([1], for: key(1), lifetimeSeconds: 2)
        clock.advance(1_999)
        #expect(cache.found(key(1)) == [1])
        clock.advance(1)
        #expect(cache.found(key(1)) == nil)
        #expect(cache.usage.byteCount == 0)
    }

    @Test func `a value that would take most of the room is not kept, and neither is what it would replace`() {
        let cache = LRUResultCache(bytesMax: 8_000)
        cache.keep([1], for: key(1), lifetimeSeconds: 60)
        cache.keep([UInt8](repeating: 0, count: 1_001), for: key(1), lifetimeSeconds: 60)
        #expect(cache.found(key(1)) == nil)
        #expect(cache.usage.count == 0)
    }

    @Test func `it does what a plain list does`() {
        var random = SeededRandom(purpose: "LRU")
        let seed = random.seed
        let cost = LRUResultCache.entryBytes
        let cache = LRUResultCache(bytesMax: 8 * (cost + 20))
        // The newest last.
        var model: [(key: Int, value: [UInt8])] = []
        for step in 0..<5_000 {
            let number = Int.random(in: 0..<16, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let value = [UInt8](repeating: UInt8(step & 255), count: Int.random(in: 0...40, using: &random))
                cache.keep(value, for: key(number), lifetimeSeconds: 60)
                model.removeAll { $0.key == number }
                model.append((number, value))
                while model.reduce(0, { $0 + $1.value.count + cost }) > 8 * (cost + 20) { model.removeFirst() }
            case 2:
                let found = model.firstIndex { $0.key == number }
                #expect(cache.found(key(number)) == found.map { model[$0].value }, "seed \(seed), step \(step)")
                if let found { model.append(model.remove(at: found)) }
            default:
                cache.keep([1], for: key(100), lifetimeSeconds: 60)
                cache.drop(key(100))
                while model.reduce(cost + 1, { $0 + $1.value.count + cost }) > 8 * (cost + 20) { model.removeFirst() }
            }
            #expect(cache.usage.count == model.count, "seed \(seed), step \(step)")
            #expect(cache.usage.byteCount == model.reduce(0) { $0 + $1.value.count + cost })
        }
    }
}
