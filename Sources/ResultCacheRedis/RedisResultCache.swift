internal import NIOCore
package import ResultCache

/// How long a Redis server is waited for, and what is taken from it.
package struct RedisOptions: Sendable, Hashable {
    package var connectTimeoutMilliseconds = 1_000
    /// Of one command.
    package var timeoutMilliseconds = 500
    /// Bytes of one value: 64 MiB.
    package var valueBytesMax = 64 << 20
    /// After a failure the server is left alone for so long, twice as long after each further one up to the maximum.
    package var pauseMilliseconds = 100
    package var pauseMillisecondsMax = 5_000
    /// What keys in the server begin with.
    package var prefix = "dipper:answer:"

    package init() {}
}

/// A cache in a Redis server, over one connection that is opened when it is needed.
///
/// While the server is away, calls fail at once and every so often one of them tries it again, so that nobody waits for
/// a cache that is not there.
package actor RedisResultCache: ResultCache {
    private let address: RedisAddress
    private let options: RedisOptions
    private var connection: RedisConnection?
    private var opening: Task<RedisConnection, any Error>?
    private var failures = 0
    private var closedUntil: ContinuousClock.Instant?

    package init(_ address: RedisAddress, options: RedisOptions = RedisOptions()) {
        self.address = address
        self.options = options
    }

    package func value(for key: CacheKey) async throws -> [UInt8]? {
        switch try await call([Array("GET".utf8), name(key)]) {
        case .bytes(let bytes): return bytes
        default: throw CacheError.unavailable("the cache answers something else than a value")
        }
    }

    package func store(_ value: [UInt8], for key: CacheKey, lifetimeSeconds: Int) async throws {
        guard value.count <= options.valueBytesMax else { return try await remove(key) }
        _ = try await call([Array("SET".utf8), name(key), value, Array("EX".utf8), Array(String(lifetimeSeconds).utf8)])
    }

    package func remove(_ key: CacheKey) async throws { _ = try await call([Array("DEL".utf8), name(key)]) }

    /// Ends the connection; a later call opens another one.
    package func close() {
        connection?.close()
        connection = nil
    }

    private func name(_ key: CacheKey) -> [UInt8] { Array((options.prefix + key.description).utf8) }

    private func call(_ command: [[UInt8]]) async throws -> RESPValue {
        let connection = try await open()
        do {
            return try await connection.send(command)
        } catch let refusal as RedisRefusal {
            throw CacheError.unavailable("the cache refuses a command", cause: refusal)
        } catch {
            connection.close()
            if self.connection?.channel === connection.channel {
                self.connection = nil
                pause()
            }
            throw CacheError.unavailable("the cache does not answer", cause: error)
        }
    }

    private func open() async throws -> RedisConnection {
        if let connection {
            if connection.isOpen { return connection }
            self.connection = nil
        }
        if let opening { return try await opened(opening) }
        if let closedUntil, ContinuousClock.now < closedUntil {
            throw CacheError.unavailable("the cache was away a moment ago and is not asked again yet")
        }
        let task = Task { [address, options] in try await RedisConnection.open(address, options: options) }
        opening = task
        do {
            let opened = try await task.value
            opening = nil
            connection = opened
            failures = 0
            closedUntil = nil
            return opened
        } catch {
            opening = nil
            pause()
            throw CacheError.unavailable("the cache can't be reached", cause: error)
        }
    }

    private func opened(_ task: Task<RedisConnection, any Error>) async throws -> RedisConnection {
        do { return try await task.value } catch {
            throw CacheError.unavailable("the cache can't be reached", cause: error)
        }
    }

    private func pause() {
        let pause = min(options.pauseMilliseconds << min(failures, 16), options.pauseMillisecondsMax)
        failures += 1
        closedUntil = .now + .milliseconds(pause)
    }
}
