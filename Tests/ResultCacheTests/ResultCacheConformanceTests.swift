import LakeTesting
import ResultCache
import Testing

@Suite struct ResultCacheConformanceTests {
    @Test(arguments: ResultCacheConformance.checks)
    func `in memory`(check: ConformanceCheck<any ResultCache>) async throws {
        try await check.run(MemoryResultCache())
    }

    @Test(arguments: ResultCacheConformance.checks)
    func `within a number of bytes`(check: ConformanceCheck<any ResultCache>) async throws {
        try await check.run(LRUResultCache(bytesMax: 64 << 20))
    }
}
