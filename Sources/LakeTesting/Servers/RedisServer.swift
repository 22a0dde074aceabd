import Foundation

/// The Redis server that `bin/test` starts for tests.
package enum RedisServer {
    /// Its address, and that of its door with TLS.
    package static let environmentName = "DIPPER_REDIS"
    package static let tlsEnvironmentName = "DIPPER_REDIS_TLS"

    /// Whether there is a server. Under `CI` there must be one, so that no test is left out in silence.
    package static var isThere: Bool {
        ProcessInfo.processInfo.environment[environmentName] != nil || ProcessInfo.processInfo.environment["CI"] != nil
    }

    /// - Throws: ``ConformanceFailure`` when the variable is not set.
    package static func address(_ name: String = environmentName) throws -> String {
        guard let text = ProcessInfo.processInfo.environment[name] else {
            throw ConformanceFailure(message: "\(name) names no server; bin/test starts one", line: #line)
        }
        return text
    }
}
