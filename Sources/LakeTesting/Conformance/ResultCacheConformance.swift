package import ResultCache

/// What every ``ResultCache`` promises.
package enum ResultCacheConformance {
    package static let checks: [ConformanceCheck<any ResultCache>] = [
        .init("a value comes back as it was stored, byte for byte") { cache in
            let bytes = [UInt8](0...255) + Array("\r\n$-1\r\n".utf8)
            try await cache.store(bytes, for: key("a"), lifetimeSeconds: 60)
            try checkEqual(try await cache.value(for: key("a")), bytes)
            try checkEqual(try await cache.value(for: key("a")), bytes)
        },
        .init("what was never stored is not there") { cache in
            try checkEqual(try await cache.value(for: key("b")), nil)
        },
        .init("an empty value is a value") { cache in
            try await cache.store([], for: key("c"), lifetimeSeconds: 60)
            try checkEqual(try await cache.value(for: key("c")), [])
        },
        .init("the value stored last counts") { cache in
            try await cache.store([1], for: key("d"), lifetimeSeconds: 60)
            try await cache.store([2, 3], for: key("d"), lifetimeSeconds: 60)
            try checkEqual(try await cache.value(for: key("d")), [2, 3])
        },
        .init("a removed value is gone, and removing one that is not there is no error") { cache in
            try await cache.store([1], for: key("e"), lifetimeSeconds: 60)
            try await cache.remove(key("e"))
            try checkEqual(try await cache.value(for: key("e")), nil)
            try await cache.remove(key("e"))
        },
        .init("keys that differ in where their parts end are different keys") { cache in
            try await cache.store([1], for: CacheKey(["ab", "c"]), lifetimeSeconds: 60)
            try checkEqual(try await cache.value(for: CacheKey(["a", "bc"])), nil)
            try checkEqual(try await cache.value(for: CacheKey(["abc"])), nil)
        },
        .init("a megabyte is kept") { cache in
            let bytes = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await cache.store(bytes, for: key("f"), lifetimeSeconds: 60)
            try checkEqual(try await cache.value(for: key("f")), bytes)
        },
        .init("many callers at once get each their own value") { cache in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<64 {
                    group.addTask {
                        let bytes = [UInt8](repeating: UInt8(index), count: 100 + index)
                        try await cache.store(bytes, for: key("g\(index)"), lifetimeSeconds: 60)
                        try checkEqual(try await cache.value(for: key("g\(index)")), bytes)
                    }
                }
                try await group.waitForAll()
            }
        },
    ]

    private static func key(_ name: String) -> CacheKey { CacheKey(["conformance", name]) }
}
