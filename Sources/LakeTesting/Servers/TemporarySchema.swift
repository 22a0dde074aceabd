import Foundation
package import PostgreSQLSupport

/// A schema of the tests' PostgreSQL that goes when nobody holds this any more.
package final class TemporarySchema: Sendable {
    package let options: PostgreSQLOptions

    /// - Throws: ``ConformanceFailure`` when the environment names no server.
    package init() throws {
        let name = "dipper_test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        guard let text = ProcessInfo.processInfo.environment[PostgreSQLSchema.environmentName] else {
            throw ConformanceFailure(
                message: "\(PostgreSQLSchema.environmentName) names no server; bin/test starts one", line: #line)
        }
        options = PostgreSQLOptions(connectionString: text, schema: name)
    }

    deinit {
        // A schema that stays behind harms no other test, and a deinitialiser has nobody to tell.
        guard let connection = try? PostgreSQLConnection(options) else { return }
        _ = try? connection.run("DROP SCHEMA IF EXISTS \(options.schema) CASCADE")
    }
}
