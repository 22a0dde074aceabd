import LakeModel
import ResultCache
import Testing

@testable import ResultCacheRedis

@Suite struct RedisAddressTests {
    @Test func `an address tells host, port, database and who asks`() throws {
        let plain = try RedisAddress("redis://cache")
        #expect(plain.host == "cache" && plain.port == 6_379 && plain.database == 0 && !plain.usesTLS)
        #expect(plain.user == nil && plain.password == nil)
        let full = try RedisAddress("rediss://dipper:p%40ss@10.0.0.1:7000/3?ca=/etc/ca.pem")
        #expect(full.host == "10.0.0.1" && full.port == 7_000 && full.database == 3 && full.usesTLS)
        #expect(full.user == "dipper" && full.password == "p@ss" && full.trustFile == "/etc/ca.pem")
        let password = try RedisAddress("redis://:secret@[::1]:7001")
        #expect(password.host == "::1" && password.user == nil && password.password == "secret")
    }

    @Test(arguments: [
        "", "cache:6379", "http://cache", "redis://", "redis://cache/x", "redis://cache/-1", "redis://user@cache",
        "redis://cache?ca=/x", "rediss://cache?timeout=1", "redis://cache:0",
    ])
    func `what is no address is refused without being repeated`(text: String) throws {
        let error = try #require(throws: CacheError.self) { try RedisAddress(text) }
        #expect(error.code == "cache-address-invalid")
        #expect(error.remedy != nil)
    }
}
