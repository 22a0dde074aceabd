import LakeModel

/// One promise of a protocol, checked on a fresh subject. Suites are lists of these, so that a fake, an embedded store
/// and a real server run the same ones as arguments of a parameterised test.
package struct ConformanceCheck<Subject: Sendable>: Sendable, CustomStringConvertible {
    /// The behaviour in words.
    package let name: String
    /// Runs it on a subject that holds nothing yet.
    package let run: @Sendable (Subject) async throws -> Void

    package init(_ name: String, _ run: @escaping @Sendable (Subject) async throws -> Void) {
        self.name = name
        self.run = run
    }

    package var description: String { name }
}

/// A promise that was not kept.
package struct ConformanceFailure: Error, CustomStringConvertible {
    package let message: String
    package let line: Int

    package var description: String { "\(message) (line \(line) of the suite)" }
}

/// Fails unless `condition` holds.
func check(_ condition: Bool, _ message: @autoclosure () -> String, line: Int = #line) throws {
    if !condition { throw ConformanceFailure(message: message(), line: line) }
}

/// Fails unless both are equal, and shows them.
func checkEqual<Value: Equatable>(_ found: Value, _ expected: Value, line: Int = #line) throws {
    if found != expected {
        throw ConformanceFailure(message: "found \(found) where \(expected) was expected", line: line)
    }
}

/// Fails unless `body` throws a ``LakeError`` with this code, which it returns.
@discardableResult func checkThrows(
    _ code: String, line: Int = #line, _ body: () async throws -> Void
) async throws -> any LakeError {
    do {
        try await body()
    } catch let error as any LakeError {
        if error.code != code {
            throw ConformanceFailure(message: "threw \(error) where '\(code)' was expected", line: line)
        }
        return error
    }
    throw ConformanceFailure(message: "did not throw, '\(code)' was expected", line: line)
}
