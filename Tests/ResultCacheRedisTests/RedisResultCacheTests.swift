import LakeModel
import LakeTesting
import ResultCache
import Testing

@testable import ResultCacheRedis

@Suite(.enabled(if: RedisServer.isThere, "needs Redis: bin/test starts one"))
struct RedisResultCacheTests {
    private func options() -> RedisOptions {
        var options = RedisOptions()
        options.prefix = "dipper:test:\(UInt64.random(in: 0...UInt64.max)):"
        options.timeoutMilliseconds = 10_000
        options.connectTimeoutMilliseconds = 10_000
        return options
    }

    @Test(arguments: ResultCacheConformance.checks)
    func `in Redis`(check: ConformanceCheck<any ResultCache>) async throws {
        let cache = RedisResultCache(try RedisAddress(try RedisServer.address()), options: options())
        try await check.run(cache)
        await cache.close()
    }

    @Test(arguments: ResultCacheConformance.checks)
    func `in Redis behind TLS`(check: ConformanceCheck<any ResultCache>) async throws {
        let address = try RedisAddress(try RedisServer.address(RedisServer.tlsEnvironmentName))
        #expect(address.usesTLS)
        let cache = RedisResultCache(address, options: options())
        try await check.run(cache)
        await cache.close()
    }

    @Test func `a certificate that nobody vouches for is refused`() async throws {
        var address = try RedisAddress(try RedisServer.address(RedisServer.tlsEnvironmentName))
        address.trustFile = nil
        let cache = RedisResultCache(address, options: options())
        let error = await #expect(throws: CacheError.self) { _ = try await cache.value(for: CacheKey(["x"])) }
        #expect(error?.code == "cache-unavailable")
    }

    @Test func `a lifetime ends a value in the server`() async throws {
        let cache = RedisResultCache(try RedisAddress(try RedisServer.address()), options: options())
        let key = CacheKey(["short"])
        try await cache.store([1], for: key, lifetimeSeconds: 10)
        #expect(try await cache.value(for: key) == [1])
        while try await cache.value(for: key) != nil { try await Task.sleep(for: .milliseconds(50)) }
        await cache.close()
    }

    @Test func `after the connection has ended another one is opened`() async throws {
        let cache = RedisResultCache(try RedisAddress(try RedisServer.address()), options: options())
        let key = CacheKey(["again"])
        try await cache.store([1], for: key, lifetimeSeconds: 60)
        await cache.close()
        #expect(try await cache.value(for: key) == [1])
        await cache.close()
    }

    @Test func `a wrong password is an unavailable cache`() async throws {
        var address = try RedisAddress(try RedisServer.address())
        address.user = nil
        address.password = "not the password"
        let cache = RedisResultCache(address, options: options())
        let error = await #expect(throws: CacheError.self) { _ = try await cache.value(for: CacheKey(["x"])) }
        #expect(error?.code == "cache-unavailable" && error?.isRetryable == true)
    }
}

@Suite struct RedisAbsenceTests {
    @Test func `a server that is not there fails at once, and is left alone for a while`() async throws {
        // Port 1 of loopback has no listener.
        let cache = RedisResultCache(try RedisAddress("redis://127.0.0.1:1"))
        for _ in 0..<3 {
            let error = await #expect(throws: CacheError.self) { _ = try await cache.value(for: CacheKey(["x"])) }
            #expect(error?.code == "cache-unavailable")
        }
    }
}
