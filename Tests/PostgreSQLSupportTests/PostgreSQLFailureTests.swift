import LakeModel
import Testing

@testable import PostgreSQLSupport

@Suite struct PostgreSQLFailureTests {
    private func failure(_ state: String) -> PostgreSQLFailure {
        PostgreSQLFailure(sqlState: state, message: "m", place: nil)
    }

    @Test(arguments: [
        ("40001", "serialization-conflict", true), ("40P01", "serialization-conflict", true),
        ("55P03", "lock-timeout", true), ("57014", "statement-timeout", true), ("53100", "disk-full", true),
        ("53300", "database-busy", true), ("57P01", "connection-lost", true), ("57P03", "database-unreachable", true),
        ("08006", "connection-lost", true), ("25006", "database-read-only", true), ("28P01", "access-denied", false),
        ("42501", "access-denied", false), ("3D000", "database-missing", false),
        ("23505", "constraint-violated", false), ("22021", "value-refused", false), ("42P01", "database-failed", false),
        ("XX000", "database-failed", false),
    ])
    func `a state is told by what to do about it`(state: String, code: String, isRetryable: Bool) {
        let failure = failure(state)
        #expect(failure.code == code)
        #expect(failure.isRetryable == isRetryable)
        #expect(failure.message.contains(state))
        #expect(failure.remedy != nil)
    }

    @Test func `only an answer of a server that goes on proves that a commit was taken back`() {
        for state in ["23505", "40001", "40P01", "53100", "57014", "25P02"] { #expect(failure(state).provesRollback) }
        for state in ["57P01", "57P02", "08006", "XX000"] { #expect(!failure(state).provesRollback) }
        #expect(!PostgreSQLFailure.lost("x", place: nil).provesRollback)
        #expect(!PostgreSQLFailure.silent(milliseconds: 1, place: nil).provesRollback)
    }

    @Test func `a connection string that cannot be read is not repeated`() throws {
        for text in ["postgresql://user:secret@[host/db", "nonsense secret", "postgresql://h/d?secret=1"] {
            let error = #expect(throws: PostgreSQLFailure.self) {
                _ = try PostgreSQLConnection(PostgreSQLOptions(connectionString: text, schema: "s"))
            }
            #expect(error?.code == "connection-string-invalid")
            #expect(error.map { "\($0)".contains("secret") } == false)
        }
    }

    @Test func `a server that is not there is unreachable for now`() throws {
        // Port 1 of loopback: nothing listens there.
        let options = PostgreSQLOptions(connectionString: "postgresql://u:secret@127.0.0.1:1/d", schema: "s")
        let error = #expect(throws: PostgreSQLFailure.self) { _ = try PostgreSQLConnection(options) }
        #expect(error?.code == "database-unreachable")
        #expect(error?.isRetryable == true)
        #expect(error?.place?.source == "postgresql://127.0.0.1:1/d")
        #expect(error.map { "\($0)".contains("secret") } == false)
    }

    @Test func `a name is quoted whatever it holds`() {
        #expect(PostgreSQLText.quoted("a\"; DROP TABLE x; --") == "\"a\"\"; DROP TABLE x; --\"")
    }
}
