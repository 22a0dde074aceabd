import Foundation
package import PostgreSQLSupport

/// A schema of its own for one test, in the database that `bin/test` starts, dropped with everything in it afterwards.
package enum PostgreSQLSchema {
    /// The connection string of a server that tests may fill: `bin/test` sets it.
    package static let environmentName = "DIPPER_POSTGRESQL"

    /// Whether there is a server. Under `CI` there must be one, so that no test is left out in silence.
    package static var hasServer: Bool {
        ProcessInfo.processInfo.environment[environmentName] != nil || ProcessInfo.processInfo.environment["CI"] != nil
    }

    package static func with<Value>(_ body: (PostgreSQLOptions) async throws -> Value) async throws -> Value {
        let name = "dipper_test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        guard let text = ProcessInfo.processInfo.environment[environmentName] else {
            throw ConformanceFailure(message: "\(environmentName) names no server; bin/test starts one", line: #line)
        }
        let options = PostgreSQLOptions(connectionString: text, schema: name)
        let pool = PostgreSQLPool(options)
        defer { pool.close() }
        let drop = "DROP SCHEMA IF EXISTS \(name) CASCADE"
        do {
            let value = try await body(options)
            try await pool.run { _ = try $0.run(drop) }
            return value
        } catch {
            try await pool.run { _ = try $0.run(drop) }
            throw error
        }
    }
}
